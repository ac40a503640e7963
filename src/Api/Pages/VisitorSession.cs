using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Nodes;
using Cinegrain.Api.Problems;
using Cinegrain.Api.Recommendations;
using Cinegrain.Api.Security;
using Cinegrain.Ingest;
using Cinegrain.Model.Events;
using Cinegrain.Model.Ports;
using Cinegrain.Model.Ranking;
using Cinegrain.Model.Users;

namespace Cinegrain.Api.Pages;

/// <summary>
/// One visitor of the web pages, for the life of a circuit: who is asking, with which key. Every call to the recommender passes here,
/// where scope, rate limit and audit trail are those of the REST API and the user id becomes a pseudonym. A withdrawn key ends at once.
/// </summary>
internal sealed class VisitorSession(
    IRecommender recommender, Pseudonymizer pseudonymizer, ApiKeyStore keys, IAuditSink audit, StreamGate streams, WriteWaiter waiter,
    VisitorLimit limit, TimeProvider time)
{
    private const string GuestAlphabet = "abcdefghjkmnpqrstuvwxyz23456789";

    private string? _key;
    private string _pseudonym = "";
    private string _audited = "";

    /// <summary>Raised when the user or the key changed.</summary>
    public event Action? Changed;

    /// <summary>User id as the visitor typed it; empty until the browser has told it.</summary>
    public string UserId { get; private set; } = "";

    /// <summary>True once the browser has told who is asking.</summary>
    public bool IsKnown => UserId.Length > 0;

    /// <summary>True when the pages show nothing without a key.</summary>
    public bool IsKeyRequired => keys.HasKeys;

    /// <summary>May see lists, films and the dashboard.</summary>
    public bool CanRead => Has(ApiScope.Read);

    /// <summary>May rate.</summary>
    public bool CanWrite => Has(ApiScope.Write);

    /// <summary>May see a profile and erase a user.</summary>
    public bool CanAdminister => Has(ApiScope.Admin);

    /// <summary>A user id that nobody else has, such as <c>guest-abc12</c>.</summary>
    public static string NewGuest() => $"guest-{RandomNumberGenerator.GetString(GuestAlphabet, 5)}";

    /// <summary>Becomes another user.</summary>
    /// <returns>What is wrong with the id, or null.</returns>
    public string? SwitchTo(string userId)
    {
        if (!pseudonymizer.TryPseudonym(userId, out var pseudonym, out var reason))
        {
            return reason;
        }

        UserId = userId.Trim();
        _pseudonym = pseudonym;
        Changed?.Invoke();
        return null;
    }

    /// <summary>Takes a key; false when it is none, and then it is not kept.</summary>
    public bool Unlock(string key)
    {
        if (keys.Verify(key) is null)
        {
            return false;
        }

        _key = key;
        Changed?.Invoke();
        return true;
    }

    /// <summary>The user's list, then a new one whenever it changes. Counts as one of the streams that may be open.</summary>
    public async IAsyncEnumerable<RecommendationList> WatchAsync(
        RecommendationQuery query, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        Demand(ApiScope.Read);
        using var place = Enter();
        await foreach (var list in recommender.WatchAsync(_pseudonym, query, cancellationToken))
        {
            Demand(ApiScope.Read);
            yield return list;
        }
    }

    /// <summary>What is known of the user, or null. Audited once for each user, not for each time it is shown again.</summary>
    public async ValueTask<UserProfile?> GetProfileAsync(CancellationToken cancellationToken)
    {
        var who = Demand(ApiScope.Admin);
        var pseudonym = _pseudonym;
        if (_audited != pseudonym)
        {
            await audit.WriteAsync(new AuditEvent(time.GetUtcNow(), who, AuditAction.ProfileRead, pseudonym), cancellationToken);
            _audited = pseudonym;
        }

        return await recommender.GetProfileAsync(pseudonym, cancellationToken);
    }

    public ValueTask<MovieDetails?> GetMovieAsync(string id, CancellationToken cancellationToken)
    {
        Demand(ApiScope.Read);
        return recommender.GetMovieAsync(id, cancellationToken);
    }

    public ValueTask<MoviePage> SearchAsync(string? query, string? after, int count, CancellationToken cancellationToken)
    {
        Demand(ApiScope.Read);
        return recommender.SearchMoviesAsync(query, after, count, cancellationToken);
    }

    public ValueTask<DashboardData> GetDashboardAsync(CancellationToken cancellationToken)
    {
        Demand(ApiScope.Read);
        return recommender.GetDashboardAsync(cancellationToken);
    }

    /// <summary>Sends one interaction, as a client of the REST API would, and gives the list that has its effect.</summary>
    /// <returns>The list, or the reason in a sentence why the interaction was refused.</returns>
    /// <exception cref="UnavailableException">It was not taken, or was taken but is not learned yet; the message says which.</exception>
    public async Task<(RecommendationList? List, string? Refused)> SendAsync(
        string movie, InteractionKind kind, double? value, RecommendationQuery query, CancellationToken cancellationToken)
    {
        Demand(ApiScope.Write);
        var (userId, pseudonym) = (UserId, _pseudonym);
        var line = new JsonObject
        {
            ["user"] = userId,
            ["movie"] = movie,
            ["kind"] = JsonNamingPolicy.CamelCase.ConvertName(kind.ToString()),
        };
        if (value is { } number)
        {
            line["value"] = number;
        }

        var receipt = await recommender.SubmitAsync(
            [new IntakeLine(1, JsonSerializer.SerializeToUtf8Bytes(line))], Guid.NewGuid().ToString("N"), cancellationToken);
        if (receipt.Rejected is [var rejected, ..])
        {
            return (null, rejected.Detail);
        }

        try
        {
            await waiter.WaitAsync(pseudonym, receipt.Position, cancellationToken);
        }
        catch (ProblemException late)
        {
            throw new UnavailableException(late.Message, late.RetryAfter ?? TimeSpan.FromSeconds(1), late);
        }

        return (await recommender.RecommendAsync(pseudonym, query, cancellationToken), null);
    }

    /// <summary>Erases the user.</summary>
    public async Task<ErasureReport> EraseAsync(CancellationToken cancellationToken)
    {
        var who = Demand(ApiScope.Admin);
        var pseudonym = _pseudonym;
        await audit.WriteAsync(new AuditEvent(time.GetUtcNow(), who, AuditAction.Erased, pseudonym), cancellationToken);
        return await recommender.EraseAsync(pseudonym, cancellationToken);
    }

    private IDisposable Enter()
    {
        try
        {
            return streams.Enter();
        }
        catch (ProblemException full)
        {
            throw new UnavailableException(full.Message, full.RetryAfter ?? TimeSpan.FromSeconds(10), full);
        }
    }

    private bool Has(ApiScope scope) => !keys.HasKeys || (_key is not null && keys.Verify(_key)?.Scope >= scope);

    /// <summary>Checks scope and rate limit.</summary>
    /// <returns>Who asks, for the audit trail: as the REST API names them.</returns>
    private string Demand(ApiScope scope)
    {
        if (!keys.HasKeys)
        {
            return "local";
        }

        if (_key is null || keys.Verify(_key) is not { } info || info.Scope < scope)
        {
            // The layout asks for another key where this one opens nothing any more.
            Changed?.Invoke();
            throw new AccessWithdrawnException(scope);
        }

        limit.Take(info.Id);
        return info.Id;
    }
}

/// <summary>The rate limit of a key on the web pages: as high as on the REST API, and counted apart from it.</summary>
internal sealed class VisitorLimit(CinegrainApiOptions options, Telemetry.ApiMetrics metrics, TimeProvider time)
{
    private readonly TokenBuckets<string> _byKey = metrics.Watch("page", new TokenBuckets<string>(options.KeyLimit, time));

    /// <exception cref="UnavailableException">The key has used up its requests.</exception>
    public void Take(string keyId)
    {
        if (!_byKey.TryTake(keyId, out var wait))
        {
            metrics.Refused(ProblemType.TooManyRequests.Code);
            throw new UnavailableException("Too many requests came with this key", wait);
        }
    }
}

/// <summary>The visitor's key does not allow this, or no longer.</summary>
internal sealed class AccessWithdrawnException(ApiScope scope)
    : Exception($"This needs an API key with the scope {scope.ToString().ToLowerInvariant()}.");
