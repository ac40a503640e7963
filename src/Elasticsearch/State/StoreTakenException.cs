namespace Cinegrain.Elasticsearch;

/// <summary>Another process works on the same indices; the message says which and what to do.</summary>
public sealed class StoreTakenException(string message) : Exception(message);
