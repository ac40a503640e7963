namespace Cinegrain.Cli.Evaluation;

/// <summary>Scored events that are measured apart, because little was known of the user or of the movie.</summary>
/// <param name="Name">Name in the table.</param>
/// <param name="Holds">Whether an event belongs to it: by the events learned of its user, and of its movie, before it.</param>
internal sealed record Segment(string Name, Func<int, int, bool> Holds)
{
    private const int ColdMovie = 5;

    /// <summary>All segments; an event may belong to several. Movies are judged by users of whom something is known.</summary>
    public static IReadOnlyList<Segment> All { get; } =
    [
        new("users with 0 events", (user, _) => user == 0),
        new("1 event", (user, _) => user == 1),
        new("2 to 4", (user, _) => user is >= 2 and <= 4),
        new("5 or more", (user, _) => user >= 5),
        new($"movies with fewer than {ColdMovie}", (user, movie) => user > 0 && movie < ColdMovie),
    ];
}
