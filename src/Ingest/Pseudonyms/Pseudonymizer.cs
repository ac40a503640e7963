namespace Cinegrain.Ingest;

/// <summary>placeholder until the real one lands.</summary>
public sealed class Pseudonymizer;
