using System.Text.Json.Serialization;
using Cinegrain.Model.Events;

namespace Cinegrain.Cli.Client;

/// <summary>A line of a request that the server refused.</summary>
/// <param name="Line">Its number in the request, from 1.</param>
/// <param name="Reason">Short code.</param>
/// <param name="Detail">What would be right.</param>
internal sealed record RefusedLine(int Line, string Reason, string Detail);

/// <summary>What became of a request of many lines.</summary>
/// <param name="Accepted">Lines taken.</param>
/// <param name="Position">Position of the last one in the log, where the server tells it.</param>
internal sealed record Receipt(int Accepted, IReadOnlyList<RefusedLine>? Rejected, string? Position = null)
{
    /// <summary>Lines refused.</summary>
    [JsonIgnore]
    public IReadOnlyList<RefusedLine> Refused => Rejected ?? [];
}

/// <summary>A problem (RFC 9457) with the extension <c>rejected</c>.</summary>
internal sealed record ProblemDetails(string? Title, string? Detail, IReadOnlyList<RefusedLine>? Rejected, IReadOnlyDictionary<string, string[]>? Errors);

/// <summary>A movie of a list.</summary>
internal sealed record ListedMovie(string Movie, string Title);

/// <summary>A list of movies, best first.</summary>
internal sealed record MovieList(IReadOnlyList<ListedMovie> Items);

/// <summary>A page of the catalogue.</summary>
internal sealed record MoviePage(IReadOnlyList<MovieMetadata> Items, string? Next);

/// <summary>What an erasure removed, and what stays.</summary>
internal sealed record ErasureReport(
    string User, string Position, DateTimeOffset At, IReadOnlyDictionary<string, long> Removed, IReadOnlyList<RemainingData> Remaining);

/// <summary>Something that an erasure left, why, and until when.</summary>
internal sealed record RemainingData(string What, string Why, DateTimeOffset? Until);

/// <summary>JSON of the REST API as this client reads and writes it.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    WriteIndented = true)]
[JsonSerializable(typeof(Receipt))]
[JsonSerializable(typeof(ProblemDetails))]
[JsonSerializable(typeof(MovieList))]
[JsonSerializable(typeof(MoviePage))]
[JsonSerializable(typeof(ErasureReport))]
internal sealed partial class ClientJson : JsonSerializerContext;
