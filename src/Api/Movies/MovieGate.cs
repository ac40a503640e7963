using System.Text.Json;
using Cinegrain.Api.Requests;
using Cinegrain.Ingest;
using Cinegrain.Model.Events;

namespace Cinegrain.Api.Movies;

/// <summary>Judges movies that are sent many at once.</summary>
public static class MovieGate
{
    /// <summary>The movies as they are kept, and the lines refused, each in the order of the lines.</summary>
    /// <param name="lines">One JSON object each, which names its id.</param>
    public static (IReadOnlyList<MovieMetadata> Movies, IReadOnlyList<RejectedLine> Rejected) Judge(IReadOnlyList<IntakeLine> lines)
    {
        ArgumentNullException.ThrowIfNull(lines);
        var movies = new List<MovieMetadata>(lines.Count);
        var rejected = new List<RejectedLine>();
        foreach (var line in lines)
        {
            try
            {
                var input = JsonSerializer.Deserialize(line.Utf8Json.Span, ApiJson.Web.MovieInput) ?? throw new JsonException();
                if (MovieChecks.Check(input, input.Id, out var errors) is { } metadata)
                {
                    movies.Add(metadata);
                }
                else
                {
                    rejected.Add(new RejectedLine(line.Number, "invalid-movie", string.Join(' ', errors.Select(e => $"{e.Key}: {e.Value[0]}"))));
                }
            }
            catch (JsonException exception)
            {
                rejected.Add(new RejectedLine(line.Number, "malformed", Bodies.Explain(exception)));
            }
        }

        return (movies, rejected);
    }
}
