using Cinegrain.Api.Movies;
using Cinegrain.Api.OpenApi;
using Cinegrain.Api.Requests;
using Cinegrain.Api.Security;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Cinegrain.Api.Dashboard;

/// <summary>The data of the dashboard page.</summary>
internal sealed class DashboardEndpoints(IRecommender recommender)
{
    private static readonly ListedMovie ExampleListed = new()
    {
        Movie = "858", Title = "The Godfather", Year = 1972, Genres = ["Crime", "Drama"], Score = 20.5, Interactions = 192,
    };

    public void Map(IEndpointRouteBuilder endpoints) =>
        endpoints.Map("GET", "/dashboard", GetAsync, new OperationDoc(
            "getDashboard", "Operations", "Data of the dashboard", "Sums, time series and live quality: what the dashboard page shows. It names no user.")
        {
            Scope = ApiScope.Read,
            Responses =
            [
                new ResponseDoc(200, "The data.", typeof(DashboardResponse), ExampleDoc.Of("dashboard", new DashboardResponse
                {
                    Users = 610,
                    Movies = 9742,
                    Interactions = 100836,
                    EventsPerSecond = 12.5,
                    FreshnessP50 = 1.5,
                    FreshnessP99 = 9.25,
                    Lag = 0,
                    MoviesByYear = [new DashboardCount("1972", 39)],
                    Genres = [new DashboardCount("Drama", 4361)],
                    Languages = [new DashboardCount("en", 8000)],
                    Ratings = [new DashboardCount("4.5", 8551)],
                    InteractionsByMinute = [new DashboardCount("2024-05-01T20:15Z", 750)],
                    InteractionsByMonth = [new DashboardCount("2024-05", 10)],
                    Rejected = [new DashboardCount("unknown-movie", 3)],
                    Quality = [new DashboardQuality(new DateTimeOffset(2024, 5, 1, 20, 15, 0, TimeSpan.Zero), 200, 0.125, 0.0625, 0.0625, 0.03125)],
                    Variants = [new DashboardVariant(
                        "stage2", 4000, new(0.15, 0.14, 0.16), new(0.083, 0.076, 0.09), new(0.06, 0.053, 0.068), 0.31, 900, new(0.2, 0.175, 0.227))],
                    Popular = [ExampleListed],
                    Trending = [ExampleListed],
                }, ApiJson.Web.DashboardResponse)),
            ],
        });

    private async Task GetAsync(HttpContext context) =>
        await Json.WriteAsync(context, DashboardResponse.Of(await recommender.GetDashboardAsync(context.RequestAborted)), ApiJson.Web.DashboardResponse);
}
