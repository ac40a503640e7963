namespace Cinegrain.Ingest.Readers;

/// <summary>A rating of a data set.</summary>
/// <param name="User">User id of the data set.</param>
/// <param name="Movie">Movie id of the data set.</param>
/// <param name="Value">Stars, 0.5 to 5.</param>
/// <param name="AtSeconds">Event time, Unix seconds.</param>
/// <param name="Line">Data line in the ratings file, from 1, header not counted.</param>
public readonly record struct RatingEvent(string User, string Movie, double Value, long AtSeconds, int Line)
{
    /// <summary>The rating as a line for the intake.</summary>
    public IntakeLine ToIntakeLine(int number) => new(
        number, InteractionJson.Write(User, Movie, "rate", Value, AtSeconds));
}
