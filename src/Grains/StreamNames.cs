namespace Cinegrain.Grains;

/// <summary>Namespaces and providers of the streams.</summary>
internal static class StreamNames
{
    /// <summary>Streams of users, a namespace and the name of its provider.</summary>
    public const string Interactions = "interactions";

    /// <summary>Streams of movies, a namespace and the name of its provider.</summary>
    public const string Signals = "signals";
}
