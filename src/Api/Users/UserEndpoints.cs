using System.Text.Json;
using Cinegrain.Api.OpenApi;
using Cinegrain.Api.Problems;
using Cinegrain.Api.Recommendations;
using Cinegrain.Api.Requests;
using Cinegrain.Api.Security;
using Cinegrain.Ingest;
using Cinegrain.Model.Events;
using Cinegrain.Model.Users;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Cinegrain.Api.Users;

/// <summary>
/// Rights of data subjects: see it, take it, erase it, restrict it. Reading and erasing personal data need the scope admin; a site's own
/// consent switch works with write. Everything is audited first.
/// </summary>
internal sealed class UserEndpoints(
    IRecommender recommender, Pseudonymizer pseudonymizer, IAuditSink audit, RenderedLists lists, TimeProvider time)
{
    private const int MaximumConsentBytes = 10_000;
    private const string NobodyDetail = "Nothing is known of this user. Check the id; a user is known from the first interaction on.";

    private static readonly DateTimeOffset ExampleTime = new(2024, 5, 1, 20, 15, 0, TimeSpan.Zero);

    private static readonly ProfileResponse ExampleProfile = new()
    {
        User = "alice",
        Pseudonym = "u1-mfzwizltoqydcmrtgq2tmnzyha",
        Learning = true,
        Interactions = 2,
        Movies = 2,
        Genres = [new TasteEntry("Crime", 1), new TasteEntry("Drama", 0.75)],
        Years = [new TasteEntry("1970s", 1)],
        Languages = [new TasteEntry("en", 1)],
        People = [new TasteEntry("Francis Ford Coppola", 1)],
        Recent = [new HistoryEntry("858", "The Godfather", InteractionKind.Rate, 4.5, ExampleTime)],
    };

    public void Map(IEndpointRouteBuilder endpoints)
    {
        endpoints.Map("GET", "/users/{user}/profile", GetProfileAsync, new OperationDoc(
            "getProfile", "Users", "What is known of a user", "The user's taste and last movies. Audited.")
        {
            Scope = ApiScope.Admin,
            Responses = [new ResponseDoc(200, "The profile.", typeof(ProfileResponse), ExampleDoc.Of("profile", ExampleProfile, ApiJson.Web.ProfileResponse))],
            Problems = [ProblemType.NotFound],
        });
        endpoints.Map("GET", "/users/{user}/export", ExportAsync, new OperationDoc(
            "exportUser", "Users", "Everything held of a user", "A JSON file of the profile and of every record in the user's log. Audited.")
        {
            Scope = ApiScope.Admin,
            Responses =
            [
                new ResponseDoc(200, "The file.", typeof(ExportResponse), ExampleDoc.Of("export", new ExportResponse
                {
                    User = "alice",
                    ExportedAt = ExampleTime,
                    Profile = ExampleProfile,
                    Records =
                    [
                        JsonSerializer.SerializeToElement(
                            new Interaction
                            {
                                Id = "01HX0V7J8Q4M5S9E2T6W3Y1ZKB", User = "u1-mfzwizltoqydcmrtgq2tmnzyha", At = ExampleTime, Movie = "858", Kind = InteractionKind.Rate,
                                Value = 4.5, Preference = 0.75, Genres = ["Crime", "Drama"], Year = 1972, Language = "en",
                            },
                            WireFormat.Default.UserRecord),
                    ],
                }, ApiJson.Web.ExportResponse))
                {
                    Headers = [new HeaderDoc("Content-Disposition", "Suggests a file name.", "attachment; filename=\"cinegrain-export.json\"")],
                },
            ],
            Problems = [ProblemType.NotFound],
        });
        endpoints.Map("DELETE", "/users/{user}", EraseAsync, new OperationDoc(
            "eraseUser", "Users", "Erase a user",
            "Removes everything held of the user and reports what was removed and what stays until when. When the answer comes, nothing of " +
            "the user can be read any more. Erasing a user of whom nothing is known is no error. Audited.")
        {
            Scope = ApiScope.Admin,
            Responses =
            [
                new ResponseDoc(200, "The report.", typeof(ErasureResponse), ExampleDoc.Of("report", new ErasureResponse
                {
                    User = "alice",
                    Position = "3-1043",
                    At = ExampleTime,
                    Removed = new Dictionary<string, long> { ["state"] = 1, ["log records"] = 2 },
                    Remaining = [new RemainingData("tombstone", "So that a replay does not bring the user back.", null)],
                }, ApiJson.Web.ErasureResponse)),
            ],
        });
        endpoints.Map("PUT", "/users/{user}/consent", PutConsentAsync, new OperationDoc(
            "setConsent", "Users", "Give or withdraw consent to learning",
            "Without consent nothing more is learned of the user, and lists are the popular ones. In effect when the answer comes. Audited.")
        {
            Scope = ApiScope.Write,
            Body = new BodyDoc(typeof(ConsentInput), Many: false, "Consent.",
                [ExampleDoc.Of("withdraw", new ConsentInput { Learning = false }, ApiJson.Web.ConsentInput)]),
            Responses =
            [
                new ResponseDoc(200, "Consent as it stands now.", typeof(ConsentResponse), ExampleDoc.Of(
                    "withdrawn", new ConsentResponse { User = "alice", Learning = false, Position = "3-1043" }, ApiJson.Web.ConsentResponse)),
            ],
        });
    }

    private async Task GetProfileAsync(HttpContext context)
    {
        var user = RouteIds.User(context, pseudonymizer, out var pseudonym);
        await AuditAsync(context, pseudonym, AuditAction.ProfileRead);
        var profile = await recommender.GetProfileAsync(pseudonym, context.RequestAborted)
            ?? throw new ProblemException(ProblemType.NotFound, NobodyDetail);
        context.Response.Headers.CacheControl = "no-store";
        await Json.WriteAsync(context, ProfileResponse.Of(user, profile), ApiJson.Web.ProfileResponse);
    }

    private async Task ExportAsync(HttpContext context)
    {
        var user = RouteIds.User(context, pseudonymizer, out var pseudonym);
        await AuditAsync(context, pseudonym, AuditAction.Exported);
        var export = await recommender.ExportAsync(pseudonym, context.RequestAborted)
            ?? throw new ProblemException(ProblemType.NotFound, NobodyDetail);

        var response = context.Response;
        response.Headers.CacheControl = "no-store";
        response.Headers.ContentDisposition = "attachment; filename=\"cinegrain-export.json\"";
        response.ContentType = Json.ContentType;

        // Written record by record: an export can be long. The members are those of ExportResponse.
        await using var writer = new Utf8JsonWriter(response.BodyWriter, new JsonWriterOptions { Encoder = ApiJson.Encoder });
        writer.WriteStartObject();
        writer.WriteString("user", user);
        writer.WriteString("exportedAt", time.GetUtcNow());
        writer.WritePropertyName("profile");
        JsonSerializer.Serialize(writer, ProfileResponse.Of(user, export.Profile), ApiJson.Web.ProfileResponse);
        writer.WriteStartArray("records");
        foreach (var record in export.Records)
        {
            JsonSerializer.Serialize(writer, record, WireFormat.Default.UserRecord);
            if (writer.BytesPending + writer.BytesCommitted > 1_000_000)
            {
                await writer.FlushAsync(context.RequestAborted);
                await response.BodyWriter.FlushAsync(context.RequestAborted);
            }
        }

        writer.WriteEndArray();
        writer.WriteEndObject();
        await writer.FlushAsync(context.RequestAborted);
    }

    private async Task EraseAsync(HttpContext context)
    {
        var user = RouteIds.User(context, pseudonymizer, out var pseudonym);
        await AuditAsync(context, pseudonym, AuditAction.Erased);
        var report = await recommender.EraseAsync(pseudonym, context.RequestAborted);
        lists.Forget(user);
        await Json.WriteAsync(
            context,
            new ErasureResponse { User = user, Position = report.Position, At = report.At, Removed = report.Removed, Remaining = report.Remaining },
            ApiJson.Web.ErasureResponse);
    }

    private async Task PutConsentAsync(HttpContext context)
    {
        var user = RouteIds.User(context, pseudonymizer, out var pseudonym);
        var consent = await Bodies.ReadAsync(context, ApiJson.Web.ConsentInput, MaximumConsentBytes);
        await AuditAsync(context, pseudonym, consent.Learning ? AuditAction.ConsentGiven : AuditAction.ConsentWithdrawn);
        var position = await recommender.SetConsentAsync(pseudonym, consent.Learning, context.RequestAborted);
        await Json.WriteAsync(
            context, new ConsentResponse { User = user, Learning = consent.Learning, Position = position }, ApiJson.Web.ConsentResponse);
    }

    private ValueTask AuditAsync(HttpContext context, string pseudonym, AuditAction action) =>
        audit.WriteAsync(new AuditEvent(time.GetUtcNow(), Caller.Of(context), action, pseudonym), context.RequestAborted);
}
