using Cinegrain.Api.OpenApi;
using Cinegrain.Api.Problems;
using Cinegrain.Api.Requests;
using Cinegrain.Api.Security;
using Cinegrain.Ingest;
using Cinegrain.Model.Events;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Cinegrain.Api.Interactions;

/// <summary>The way in for what users do.</summary>
internal sealed class InteractionEndpoints(IRecommender recommender, CinegrainApiOptions options)
{
    private const string IdempotencyHeader = "Idempotency-Key";
    private const int MaximumKeyLength = 200;

    private static readonly InteractionInput One = new()
    {
        User = "alice", Movie = "858", Kind = InteractionKind.Rate, Value = 4.5, At = new DateTimeOffset(2024, 5, 1, 20, 15, 0, TimeSpan.Zero),
    };

    private static readonly InteractionInput Other = new() { User = "bob", Movie = "318", Kind = InteractionKind.Like };

    public void Map(IEndpointRouteBuilder endpoints) =>
        endpoints.Map("POST", "/interactions", PostAsync, new OperationDoc(
            "postInteractions", "Interactions", "Send what users did",
            "Takes one JSON object, an array, or NDJSON (one object a line, blank lines are skipped), " +
            $"up to {options.MaximumLines} objects and {options.MaximumBodyBytes} bytes. What is accepted is durable when the answer comes. " +
            "Bad lines are refused one by one and harm nothing else; when nothing at all is accepted, the answer is 422 with the reasons. " +
            "A repeat with the same Idempotency-Key and lines, or of an object with the same id, changes nothing.")
        {
            Scope = ApiScope.Write,
            Headers = [new HeaderDoc(IdempotencyHeader, $"1 to {MaximumKeyLength} printable ASCII characters that no other request of the caller's has.", "import-2024-05-01-0007")],
            Body = new BodyDoc(typeof(InteractionInput), Many: true, "Interactions.",
            [
                ExampleDoc.Of("one", One, ApiJson.Web.InteractionInput),
                ExampleDoc.Of("array", [One, Other], ApiJson.Web.IReadOnlyListInteractionInput),
                new ExampleDoc("lines", Lines(One, Other), Bodies.LinesType),
            ]),
            Responses =
            [
                new ResponseDoc(202, "At least one is durable in the log.", typeof(InteractionsResponse), ExampleDoc.Of("receipt", new InteractionsResponse
                {
                    Accepted = 1,
                    Ids = ["01HX0V7J8Q4M5S9E2T6W3Y1ZKB"],
                    Position = "3-1042",
                    Rejected = [new RejectedLine(2, "unknown-movie", "The catalogue has no such movie; add it first.")],
                }, ApiJson.Web.InteractionsResponse)),
            ],
            Problems = [ProblemType.Rejected],
        });

    private static string Lines(params InteractionInput[] inputs) =>
        string.Concat(inputs.Select(i => ExampleDoc.Of("line", i, ApiJson.Web.InteractionInput).Json + "\n"));

    private async Task PostAsync(HttpContext context)
    {
        var key = ReadIdempotencyKey(context);
        var isLines = Bodies.IsLines(context);
        var body = await Bodies.ReadAsync(context, options.MaximumBodyBytes);
        var isMany = true;
        var lines = isLines ? Bodies.SplitLines(body, options.MaximumLines) : Bodies.SplitValue(body, options.MaximumLines, out isMany);

        var receipt = await recommender.SubmitAsync(lines, key, context.RequestAborted);
        if (receipt.Accepted == 0)
        {
            await Problems.Problems.WriteAsync(
                context,
                ProblemType.Rejected,
                !isMany && receipt.Rejected is [var only] ? only.Detail : $"None of the {lines.Count} interactions was accepted; rejected says why.",
                rejected: receipt.Rejected);
            return;
        }

        context.Response.StatusCode = StatusCodes.Status202Accepted;
        await Json.WriteAsync(
            context,
            new InteractionsResponse { Accepted = receipt.Accepted, Ids = receipt.Ids, Position = receipt.Position, Rejected = receipt.Rejected },
            ApiJson.Web.InteractionsResponse);
    }

    private static string? ReadIdempotencyKey(HttpContext context)
    {
        var values = context.Request.Headers[IdempotencyHeader];
        if (values.Count == 0)
        {
            return null;
        }

        if (values is [{ Length: >= 1 and <= MaximumKeyLength } key] && !key.AsSpan().ContainsAnyExceptInRange(' ', '~') && !string.IsNullOrWhiteSpace(key))
        {
            return key;
        }

        throw new ProblemException(
            ProblemType.InvalidParameters,
            "A header is not valid; errors says which and why.",
            new Dictionary<string, string[]> { [IdempotencyHeader] = [$"It must be one value of 1 to {MaximumKeyLength} printable ASCII characters."] });
    }
}
