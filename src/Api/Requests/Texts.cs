using System.Buffers;

namespace Cinegrain.Api.Requests;

internal static class Texts
{
    /// <summary>C0 controls, delete and C1 controls (Unicode category Cc).</summary>
    private static readonly SearchValues<char> Controls = SearchValues.Create(
        [.. Enumerable.Range(0, 32).Concat(Enumerable.Range(127, 33)).Select(c => (char)c)]);

    public static bool HasControl(ReadOnlySpan<char> text) => text.ContainsAny(Controls);
}
