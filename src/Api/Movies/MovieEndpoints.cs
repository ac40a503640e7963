using System.Text.Json;
using Cinegrain.Api.OpenApi;
using Cinegrain.Api.Problems;
using Cinegrain.Api.Requests;
using Cinegrain.Api.Security;
using Cinegrain.Ingest;
using Cinegrain.Model.Events;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Cinegrain.Api.Movies;

/// <summary>The catalogue, and lists of movies that belong to no user.</summary>
internal sealed class MovieEndpoints(IRecommender recommender, CinegrainApiOptions options)
{
    private const string NoMovieDetail = "The catalogue has no such movie. Search it at /v1/movies?query=, or add it with PUT.";
    private const int MaximumMovieBytes = 200_000;

    private static readonly QueryParameter Search = new(
        "query", QueryParameterKind.Text, "Words of the title, in any case and without accents; none: all movies.", Minimum: 0, Maximum: 200, Example: "godfather");

    private static readonly QueryParameter PageSize = new(
        "n", QueryParameterKind.Integer, "How many movies a page.", Minimum: 1, Maximum: 100, Default: "20", Example: "20");

    private static readonly QueryParameter After = new(
        "after", QueryParameterKind.Text, "The value of next of the page before.", Minimum: 1, Maximum: 2000, Example: "ODU4");

    private static readonly QueryParameter Count = new(
        "n", QueryParameterKind.Integer, "How many movies.", Minimum: 1, Maximum: 100, Default: "20", Example: "5");

    private static readonly QueryParameter[] SearchQuery = [Search, PageSize, After];
    private static readonly QueryParameter[] ListQuery = [Count];

    private static readonly MovieInput ExampleInput = new()
    {
        Title = "The Godfather", Year = 1972, Released = new DateOnly(1972, 3, 24), Genres = ["Crime", "Drama"], Language = "en",
        Directors = ["Francis Ford Coppola"], Cast = ["Marlon Brando", "Al Pacino"],
    };

    private static readonly MovieResponse ExampleMovie = new()
    {
        Id = "858", Title = "The Godfather", Year = 1972, Released = new DateOnly(1972, 3, 24), Genres = ["Crime", "Drama"], Language = "en",
        Directors = ["Francis Ford Coppola"], Cast = ["Marlon Brando", "Al Pacino"], Interactions = 192, Popularity = [0.5, 2.25, 20.5, 64],
        FirstSeen = new DateTimeOffset(2000, 1, 8, 7, 30, 0, TimeSpan.Zero),
    };

    private static readonly ListedMovie ExampleListed = new()
    {
        Movie = "1221", Title = "The Godfather: Part II", Year = 1974, Genres = ["Crime", "Drama"], Score = 0.75, Interactions = 129,
    };

    public void Map(IEndpointRouteBuilder endpoints)
    {
        var list = new ResponseDoc(200, "The movies, best first.", typeof(MovieListResponse), ExampleDoc.Of(
            "movies", new MovieListResponse { Items = [ExampleListed] }, ApiJson.Web.MovieListResponse));
        var tag = new HeaderDoc("ETag", "Changes whenever the movie does.", "\"42\"");

        endpoints.Map("GET", "/movies", SearchAsync, new OperationDoc(
            "searchMovies", "Movies", "Search the catalogue by title",
            "Movies whose title has every word of the query, most taken first. Page by page: follow the Link header, or send next as after.")
        {
            Scope = ApiScope.Read,
            Query = SearchQuery,
            Responses =
            [
                new ResponseDoc(200, "A page.", typeof(MoviePageResponse), ExampleDoc.Of(
                    "page", new MoviePageResponse { Items = [ExampleMovie], Next = "ODU4" }, ApiJson.Web.MoviePageResponse))
                {
                    Headers = [new HeaderDoc("Link", "The next page (RFC 8288); left out on the last.", "</v1/movies?query=godfather&n=20&after=ODU4>; rel=\"next\"")],
                },
            ],
        });
        endpoints.Map("POST", "/movies", PostAsync, new OperationDoc(
            "putMovies", "Movies", "Add or replace many movies",
            $"Takes one JSON object, an array, or NDJSON; each names its id. Up to {options.MaximumLines} movies. Bad lines are refused one by one; " +
            "when nothing at all is accepted, the answer is 422 with the reasons.")
        {
            Scope = ApiScope.Write,
            Body = new BodyDoc(typeof(MovieInput), Many: true, "Movies, each with its id.",
            [
                ExampleDoc.Of("one", ExampleInput with { Id = "858" }, ApiJson.Web.MovieInput),
                ExampleDoc.Of("array", [ExampleInput with { Id = "858" }], ApiJson.Web.IReadOnlyListMovieInput),
                new ExampleDoc("lines", ExampleDoc.Of("line", ExampleInput with { Id = "858" }, ApiJson.Web.MovieInput).Json + "\n", Bodies.LinesType),
            ]),
            Responses =
            [
                new ResponseDoc(200, "At least one is in the catalogue.", typeof(MoviesPutResponse), ExampleDoc.Of(
                    "receipt",
                    new MoviesPutResponse { Accepted = 1, Rejected = [new RejectedLine(2, "invalid-movie", "year: It must be a year from 1800 to 2200, or left out.")] },
                    ApiJson.Web.MoviesPutResponse)),
            ],
            Problems = [ProblemType.Rejected],
        });
        endpoints.Map("GET", "/movies/{id}", GetAsync, new OperationDoc(
            "getMovie", "Movies", "A movie", "Its catalogue entry and what was learned of it.")
        {
            Scope = ApiScope.Read,
            Headers = [new HeaderDoc("If-None-Match", "Entity tag of what the caller has.", "\"42\"")],
            Responses =
            [
                new ResponseDoc(200, "The movie.", typeof(MovieResponse), ExampleDoc.Of("movie", ExampleMovie, ApiJson.Web.MovieResponse)) { Headers = [tag] },
                new ResponseDoc(304, "The caller has this version."),
            ],
            Problems = [ProblemType.NotFound],
        });
        endpoints.Map("PUT", "/movies/{id}", PutAsync, new OperationDoc(
            "putMovie", "Movies", "Add or replace a movie", "Sets the whole catalogue entry; what was learned of the movie stays. In effect when the answer comes.")
        {
            Scope = ApiScope.Write,
            Body = new BodyDoc(typeof(MovieInput), Many: false, "The movie.", [ExampleDoc.Of("movie", ExampleInput, ApiJson.Web.MovieInput)]),
            Responses =
            [
                new ResponseDoc(200, "Replaced.", typeof(MovieResponse), ExampleDoc.Of("movie", ExampleMovie, ApiJson.Web.MovieResponse)) { Headers = [tag] },
                new ResponseDoc(201, "Added.", typeof(MovieResponse), ExampleDoc.Of("movie", ExampleMovie with { Interactions = 0, Popularity = [0, 0, 0, 0], FirstSeen = null }, ApiJson.Web.MovieResponse))
                {
                    Headers = [tag, new HeaderDoc("Location", "Address of the movie.", "/v1/movies/858")],
                },
            ],
        });
        endpoints.Map("DELETE", "/movies/{id}", DeleteAsync, new OperationDoc(
            "deleteMovie", "Movies", "Withdraw a movie", "It leaves lists and searches. In effect when the answer comes.")
        {
            Scope = ApiScope.Write,
            Responses = [new ResponseDoc(204, "Withdrawn.")],
            Problems = [ProblemType.NotFound],
        });
        endpoints.Map("GET", "/movies/{id}/similar", GetSimilarAsync, new OperationDoc(
            "getSimilar", "Movies", "Movies like this one", "Movies that people take near this one; for a new movie, movies of like content.")
        {
            Scope = ApiScope.Read,
            Query = ListQuery,
            Responses =
            [
                new ResponseDoc(200, "The movies, best first.", typeof(SimilarResponse), ExampleDoc.Of(
                    "similar", new SimilarResponse { Movie = "858", Items = [ExampleListed] }, ApiJson.Web.SimilarResponse)),
            ],
            Problems = [ProblemType.NotFound],
        });
        endpoints.Map("GET", "/trending", GetTrendingAsync, new OperationDoc(
            "getTrending", "Movies", "Trending movies", "Movies whose popularity of the last days stands out against that of the last months.")
        {
            Scope = ApiScope.Read, Query = ListQuery, Responses = [list],
        });
        endpoints.Map("GET", "/popular", GetPopularAsync, new OperationDoc(
            "getPopular", "Movies", "Popular movies", "The most taken movies of the last 90 days.")
        {
            Scope = ApiScope.Read, Query = ListQuery, Responses = [list],
        });
    }

    private static string TagOf(MovieDetails movie) => $"\"{movie.Version}\"";

    private async Task GetAsync(HttpContext context)
    {
        var movie = await recommender.GetMovieAsync(RouteIds.Movie(context), context.RequestAborted)
            ?? throw new ProblemException(ProblemType.NotFound, NoMovieDetail);
        var tag = TagOf(movie);
        context.Response.Headers.ETag = tag;
        context.Response.Headers.CacheControl = "no-cache";
        if (EntityTags.IsKnown(context.Request, tag))
        {
            context.Response.StatusCode = StatusCodes.Status304NotModified;
            return;
        }

        await Json.WriteAsync(context, MovieResponse.Of(movie), ApiJson.Web.MovieResponse);
    }

    private async Task PutAsync(HttpContext context)
    {
        var id = RouteIds.Movie(context);
        var input = await Bodies.ReadAsync(context, ApiJson.Web.MovieInput, Math.Min(MaximumMovieBytes, options.MaximumBodyBytes));
        var metadata = MovieChecks.Check(input, id, out var errors);
        if (input.Id is not null && input.Id != id)
        {
            errors["id"] = ["It differs from the id in the address; send the same, or leave it out."];
        }

        if (metadata is null || errors.Count > 0)
        {
            throw new ProblemException(ProblemType.InvalidParameters, "The movie is not valid; errors says why.", errors);
        }

        var existed = await recommender.GetMovieAsync(id, context.RequestAborted) is not null;
        await recommender.PutMoviesAsync([metadata], context.RequestAborted);
        var movie = await recommender.GetMovieAsync(id, context.RequestAborted) ?? new MovieDetails(metadata, 0, [0, 0, 0, 0], null, 0);
        context.Response.Headers.ETag = TagOf(movie);
        if (!existed)
        {
            context.Response.StatusCode = StatusCodes.Status201Created;
            context.Response.Headers.Location = $"{context.Request.PathBase}/v1/movies/{Uri.EscapeDataString(id)}";
        }

        await Json.WriteAsync(context, MovieResponse.Of(movie), ApiJson.Web.MovieResponse);
    }

    private async Task PostAsync(HttpContext context)
    {
        var isLines = Bodies.IsLines(context);
        var body = await Bodies.ReadAsync(context, options.MaximumBodyBytes);
        var lines = isLines ? Bodies.SplitLines(body, options.MaximumLines) : Bodies.SplitValue(body, options.MaximumLines, out _);

        var (movies, rejected) = MovieGate.Judge(lines);
        if (movies.Count == 0)
        {
            await Problems.Problems.WriteAsync(
                context, ProblemType.Rejected, lines.Count == 1 ? rejected[0].Detail : $"None of the {lines.Count} movies was accepted; rejected says why.",
                rejected: rejected);
            return;
        }

        await recommender.PutMoviesAsync(movies, context.RequestAborted);
        await Json.WriteAsync(context, new MoviesPutResponse { Accepted = movies.Count, Rejected = rejected }, ApiJson.Web.MoviesPutResponse);
    }

    private async Task DeleteAsync(HttpContext context)
    {
        if (!await recommender.DeleteMovieAsync(RouteIds.Movie(context), context.RequestAborted))
        {
            throw new ProblemException(ProblemType.NotFound, NoMovieDetail);
        }

        context.Response.StatusCode = StatusCodes.Status204NoContent;
    }

    private async Task SearchAsync(HttpContext context)
    {
        var reader = new QueryReader(context.Request, SearchQuery);
        var query = reader.Text(Search);
        var size = reader.Integer(PageSize) ?? 0;
        var after = reader.Text(After);
        reader.ThrowIfInvalid();

        MoviePage page;
        try
        {
            page = await recommender.SearchMoviesAsync(query, Cursors.Decode(after), size, context.RequestAborted);
        }
        catch (FormatException) when (after is not null)
        {
            throw Cursors.Invalid();
        }

        var next = page.Next is null ? null : Cursors.Encode(page.Next);
        if (next is not null)
        {
            var words = string.IsNullOrEmpty(query) ? "" : $"query={Uri.EscapeDataString(query)}&";
            context.Response.Headers.Link = $"<{context.Request.PathBase}/v1/movies?{words}n={size}&after={next}>; rel=\"next\"";
        }

        await Json.WriteAsync(
            context, new MoviePageResponse { Items = [.. page.Items.Select(MovieResponse.Of)], Next = next }, ApiJson.Web.MoviePageResponse);
    }

    private async Task GetSimilarAsync(HttpContext context)
    {
        var id = RouteIds.Movie(context);
        var movies = await recommender.GetSimilarAsync(id, ReadCount(context), context.RequestAborted)
            ?? throw new ProblemException(ProblemType.NotFound, NoMovieDetail);
        await Json.WriteAsync(context, new SimilarResponse { Movie = id, Items = ListedMovie.Of(movies) }, ApiJson.Web.SimilarResponse);
    }

    private async Task GetTrendingAsync(HttpContext context) =>
        await WriteListAsync(context, await recommender.GetTrendingAsync(ReadCount(context), context.RequestAborted));

    private async Task GetPopularAsync(HttpContext context) =>
        await WriteListAsync(context, await recommender.GetPopularAsync(ReadCount(context), context.RequestAborted));

    private static Task WriteListAsync(HttpContext context, IReadOnlyList<ScoredMovie> movies) =>
        Json.WriteAsync(context, new MovieListResponse { Items = ListedMovie.Of(movies) }, ApiJson.Web.MovieListResponse);

    private static int ReadCount(HttpContext context)
    {
        var reader = new QueryReader(context.Request, ListQuery);
        var count = reader.Integer(Count);
        reader.ThrowIfInvalid();
        return count!.Value;
    }
}
