using System.Net.ServerSentEvents;
using System.Runtime.CompilerServices;
using Cinegrain.Api.OpenApi;
using Cinegrain.Api.Problems;
using Cinegrain.Api.Requests;
using Cinegrain.Api.Security;
using Cinegrain.Ingest;
using Cinegrain.Model.Ranking;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Hosting;

namespace Cinegrain.Api.Recommendations;

/// <summary>A user's list, once or as a stream.</summary>
internal sealed class RecommendationEndpoints(
    IRecommender recommender,
    Pseudonymizer pseudonymizer,
    CinegrainApiOptions options,
    RenderedLists lists,
    WriteWaiter waiter,
    StreamGate gate,
    IHostApplicationLifetime lifetime,
    TimeProvider time)
{
    private static readonly ExampleDoc Example = ExampleDoc.Of("list", new RecommendationsResponse
    {
        User = "alice",
        ModelPosition = "3-1042",
        Items =
        [
            new RecommendedMovie
            {
                Movie = "858",
                Title = "The Godfather",
                Score = 1.25,
                Reasons =
                [
                    new Reason(ReasonKind.BecauseYouWatched, "1221", 0.75, 1.2, "Because you watched The Godfather: Part II"),
                    new Reason(ReasonKind.PopularNow, null, 0.25, 0.4, "Popular now"),
                ],
            },
        ],
    }, ApiJson.Web.RecommendationsResponse);

    public void Map(IEndpointRouteBuilder endpoints)
    {
        endpoints.Map("GET", "/users/{user}/recommendations", GetAsync, new OperationDoc(
            "getRecommendations", "Recommendations", "A user's recommendations",
            "The best movies for a user, with the reasons if explain is true. An unknown user gets the list of a newcomer. " +
            "Lists have an entity tag: send it as If-None-Match, and an unchanged list is answered with 304.")
        {
            Scope = ApiScope.Read,
            Query = RecommendationParameters.All,
            Headers = [new HeaderDoc("If-None-Match", "Entity tag of the list that the caller has.", "\"2Hh0S1m5FZqX8K7b\"")],
            Responses =
            [
                new ResponseDoc(200, "The list.", typeof(RecommendationsResponse), Example)
                {
                    Headers = [new HeaderDoc("ETag", "Changes whenever the list does.", "\"2Hh0S1m5FZqX8K7b\"")],
                },
                new ResponseDoc(304, "The caller has this list."),
            ],
            Problems = [ProblemType.NotCaughtUp],
        });
        endpoints.Map("GET", "/users/{user}/recommendations/stream", StreamAsync, new OperationDoc(
            "streamRecommendations", "Recommendations", "A user's recommendations, whenever they change",
            "Server-sent events: each message has a list as its data and the list's position as its id; the first is sent at once. " +
            "An event named heartbeat comes when nothing else did for a while.")
        {
            Scope = ApiScope.Read,
            Query = RecommendationParameters.All,
            Responses = [new ResponseDoc(200, "The stream.", typeof(string)) { ContentType = "text/event-stream" }],
            Problems = [ProblemType.NotCaughtUp],
        });
    }

    private Task GetAsync(HttpContext context)
    {
        var user = RouteIds.User(context, pseudonymizer, out var pseudonym);
        var query = RecommendationParameters.Default;
        if (context.Request.QueryString.HasValue)
        {
            query = RecommendationParameters.Read(context.Request, out var after);
            if (after is not null)
            {
                return WaitAndWriteAsync(context, user, pseudonym, query, after);
            }
        }

        var list = recommender.RecommendAsync(pseudonym, query, context.RequestAborted);
        return list.IsCompletedSuccessfully ? WriteAsync(context, user, pseudonym, list.Result) : AwaitAndWriteAsync(context, user, pseudonym, list);
    }

    private async Task WaitAndWriteAsync(HttpContext context, string user, string pseudonym, RecommendationQuery query, string after)
    {
        await waiter.WaitAsync(pseudonym, after, context.RequestAborted);
        await WriteAsync(context, user, pseudonym, await recommender.RecommendAsync(pseudonym, query, context.RequestAborted));
    }

    private async Task AwaitAndWriteAsync(HttpContext context, string user, string pseudonym, ValueTask<RecommendationList> list) =>
        await WriteAsync(context, user, pseudonym, await list);

    private Task WriteAsync(HttpContext context, string user, string pseudonym, RecommendationList list)
    {
        var rendered = lists.Render(user, pseudonym, list);
        var headers = context.Response.Headers;
        headers.ETag = rendered.EntityTag;
        headers.CacheControl = "private, no-cache";
        if (EntityTags.IsKnown(context.Request, rendered.EntityTag))
        {
            context.Response.StatusCode = StatusCodes.Status304NotModified;
            return Task.CompletedTask;
        }

        return Json.WriteAsync(context, rendered.Body);
    }

    private async Task StreamAsync(HttpContext context)
    {
        var user = RouteIds.User(context, pseudonymizer, out var pseudonym);
        var query = RecommendationParameters.Read(context.Request, out var after);
        using var place = gate.Enter();
        if (after is not null)
        {
            await waiter.WaitAsync(pseudonym, after, context.RequestAborted);
        }

        using var stop = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, lifetime.ApplicationStopping);
        var watch = recommender.WatchAsync(pseudonym, query, stop.Token).GetAsyncEnumerator(stop.Token);
        Task<bool>? next = null;
        try
        {
            // The first list decides whether this is a stream or a problem.
            if (!await watch.MoveNextAsync())
            {
                throw new ProblemException(ProblemType.Unavailable, "The stream ended before it began. Try again.", retryAfter: TimeSpan.FromSeconds(1));
            }

            await TypedResults.ServerSentEvents(EventsAsync(stop.Token)).ExecuteAsync(context);
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // The caller left, or the host stops: the stream just ends.
        }
        finally
        {
            await stop.CancelAsync();
            if (next is not null)
            {
                // An enumerator must not be disposed of while it moves.
                await Task.WhenAny(next);
            }

            await watch.DisposeAsync();
        }

        async IAsyncEnumerable<SseItem<byte[]>> EventsAsync([EnumeratorCancellation] CancellationToken cancellationToken)
        {
            while (true)
            {
                var list = lists.Render(user, pseudonym, watch.Current);
                yield return new SseItem<byte[]>(list.Body) { EventId = recommender.FormatPosition(pseudonym, watch.Current) };
                next = watch.MoveNextAsync().AsTask();
                while (!next.IsCompleted)
                {
                    using var quiet = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
                    var heartbeat = Task.Delay(options.Heartbeat, time, quiet.Token);
                    if (await Task.WhenAny(next, heartbeat) == heartbeat)
                    {
                        await heartbeat;
                        yield return new SseItem<byte[]>("{}"u8.ToArray(), "heartbeat");
                    }
                    else
                    {
                        await quiet.CancelAsync();
                    }
                }

                if (!await next)
                {
                    yield break;
                }
            }
        }
    }
}
