namespace Cinegrain.Cli.DataSets;

/// <summary>One rating of a data set, its ids numbered by <see cref="RatingData"/>.</summary>
/// <param name="Line">Data line in the ratings file, from 1, a header not counted.</param>
/// <param name="Value">Stars.</param>
/// <param name="Seconds">Event time, Unix seconds.</param>
internal readonly record struct Rating(int User, int Movie, float Value, int Line, long Seconds);
