namespace Cinegrain.Model.Events;

/// <summary>Puts every kind of interaction on one scale.</summary>
public static class Normalisation
{
    /// <summary>
    /// Preference of −1 to 1: a rating is centred at 3 stars, (value − 3) / 2, held to the range; a watch is 2·fraction − 0.6 held to
    /// −0.4 … 1 (who leaves in the first third did not like it much); like 1, dislike −1, skip −0.3, click 0.2, watchlist 0.4.
    /// </summary>
    /// <param name="kind">What was done.</param>
    /// <param name="value">Stars of a rating or fraction of a watch; ignored for the other kinds.</param>
    public static double Preference(InteractionKind kind, double? value) => kind switch
    {
        InteractionKind.Rate => Math.Clamp(((value ?? 3) - 3) / 2, -1, 1),
        InteractionKind.Watch => Math.Clamp((2 * (value ?? 0)) - 0.6, -0.4, 1),
        InteractionKind.Like => 1,
        InteractionKind.Dislike => -1,
        InteractionKind.Skip => -0.3,
        InteractionKind.Click => 0.2,
        InteractionKind.Watchlist => 0.4,
        _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, "unknown kind of interaction"),
    };
}
