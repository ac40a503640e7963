using Cinegrain.Api.Movies;

namespace Cinegrain.Api.Dashboard;

/// <summary>What the dashboard page shows.</summary>
internal sealed record DashboardResponse
{
    public required long Users { get; init; }

    public required int Movies { get; init; }

    public required long Interactions { get; init; }

    public required double EventsPerSecond { get; init; }

    /// <summary>Median, in milliseconds, from arrival of an interaction until the user's list has its effect; left out while unknown.</summary>
    public double? FreshnessP50 { get; init; }

    /// <summary>The 99th percentile of the same.</summary>
    public double? FreshnessP99 { get; init; }

    /// <summary>Records that arrived and are not learned yet.</summary>
    public required long Lag { get; init; }

    public required IReadOnlyList<DashboardCount> MoviesByYear { get; init; }

    public required IReadOnlyList<DashboardCount> Genres { get; init; }

    public required IReadOnlyList<DashboardCount> Languages { get; init; }

    public required IReadOnlyList<DashboardCount> Ratings { get; init; }

    /// <summary>Interactions by arrival, one point a minute, the last two hours.</summary>
    public required IReadOnlyList<DashboardCount> InteractionsByMinute { get; init; }

    /// <summary>Interactions by month of event time.</summary>
    public required IReadOnlyList<DashboardCount> InteractionsByMonth { get; init; }

    /// <summary>Refused input by reason.</summary>
    public required IReadOnlyList<DashboardCount> Rejected { get; init; }

    /// <summary>Live quality beside that of popularity, oldest first.</summary>
    public required IReadOnlyList<DashboardQuality> Quality { get; init; }

    /// <summary>The variants of the model that users are served with, side by side.</summary>
    public required IReadOnlyList<DashboardVariant> Variants { get; init; }

    public required IReadOnlyList<ListedMovie> Popular { get; init; }

    public required IReadOnlyList<ListedMovie> Trending { get; init; }

    public static DashboardResponse Of(DashboardData data) => new()
    {
        Users = data.Users,
        Movies = data.Movies,
        Interactions = data.Interactions,
        EventsPerSecond = data.EventsPerSecond,
        FreshnessP50 = Known(data.FreshnessP50),
        FreshnessP99 = Known(data.FreshnessP99),
        Lag = data.Lag,
        MoviesByYear = data.MoviesByYear,
        Genres = data.Genres,
        Languages = data.Languages,
        Ratings = data.Ratings,
        InteractionsByMinute = data.InteractionsByMinute,
        InteractionsByMonth = data.InteractionsByMonth,
        Rejected = data.Rejected,
        Quality = data.Quality,
        Variants = data.Variants,
        Popular = ListedMovie.Of(data.Popular),
        Trending = ListedMovie.Of(data.Trending),
    };

    /// <summary>A quantile of nothing is NaN, which JSON cannot say.</summary>
    private static double? Known(double value) => double.IsFinite(value) ? value : null;
}
