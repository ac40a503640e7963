namespace Cinegrain.Elasticsearch;

/// <summary>Pauses between attempts: they double from 0.1 to 5 seconds, each shortened at random by up to half, so that processes do not come at once.</summary>
internal static class Backoff
{
    public static TimeSpan Pause(int attempt) =>
        TimeSpan.FromMilliseconds(Math.Min(5_000, 100 * Math.Pow(2, attempt)) * (0.5 + (Random.Shared.NextDouble() / 2)));
}
