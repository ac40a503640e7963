using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Nodes;
using Cinegrain.Ingest;
using Cinegrain.Model.Events;
using Cinegrain.Model.Ranking;
using Cinegrain.Model.Users;

namespace Cinegrain.Api.Pages;

/// <summary>
/// One visitor of the web pages, for the life of a circuit: who is asking, with which key. Every call to the recommender passes here,
/// where the key is checked and the user id becomes a pseudonym.
/// </summary>
internal sealed class VisitorSession(IRecommender recommender, Pseudonymizer pseudonymizer, IPageAccess access)
{
    private const string GuestAlphabet = "abcdefghjkmnpqrstuvwxyz23456789";

    private string? _key;
    private string _pseudonym = "";

    /// <summary>Raised when the user or the key changed.</summary>
    public event Action? Changed;

    /// <summary>User id as the visitor typed it; empty until the browser has told it.</summary>
    public string UserId { get; private set; } = "";

    /// <summary>True once the browser has told who is asking.</summary>
    public bool IsKnown => UserId.Length > 0;

    public bool IsKeyRequired => access.IsKeyRequired;

    public bool CanRead => Has(PageScopes.Read);

    public bool CanWrite => Has(PageScopes.Write);

    public bool CanErase => Has(PageScopes.Erase);

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

    /// <summary>Takes a key; false when it allows nothing here, and then the key is not kept.</summary>
    public bool Unlock(string? key)
    {
        if ((access.Check(key) & PageScopes.Read) == 0)
        {
            return false;
        }

        _key = key;
        Changed?.Invoke();
        return true;
    }

    public IAsyncEnumerable<RecommendationList> WatchAsync(RecommendationQuery query, CancellationToken cancellationToken)
    {
        Demand(PageScopes.Read);
        return recommender.WatchAsync(_pseudonym, query, cancellationToken);
    }

    public ValueTask<UserProfile?> GetProfileAsync(CancellationToken cancellationToken)
    {
        Demand(PageScopes.Read);
        return recommender.GetProfileAsync(_pseudonym, cancellationToken);
    }

    public ValueTask<MovieDetails?> GetMovieAsync(string id, CancellationToken cancellationToken)
    {
        Demand(PageScopes.Read);
        return recommender.GetMovieAsync(id, cancellationToken);
    }

    public ValueTask<MoviePage> SearchAsync(string? query, string? after, int limit, CancellationToken cancellationToken)
    {
        Demand(PageScopes.Read);
        return recommender.SearchMoviesAsync(query, after, limit, cancellationToken);
    }

    public ValueTask<DashboardData> GetDashboardAsync(CancellationToken cancellationToken)
    {
        Demand(PageScopes.Read);
        return recommender.GetDashboardAsync(cancellationToken);
    }

    /// <summary>Sends one interaction, as a client of the REST API would, and gives the list that has its effect.</summary>
    /// <returns>The list, or the reason in a sentence why the interaction was refused.</returns>
    public async Task<(RecommendationList? List, string? Refused)> SendAsync(
        string movie, InteractionKind kind, double? value, RecommendationQuery query, CancellationToken cancellationToken)
    {
        Demand(PageScopes.Write);
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

        await recommender.WaitForAsync(pseudonym, receipt.Position, cancellationToken);
        return (await recommender.RecommendAsync(pseudonym, query, cancellationToken), null);
    }

    public async Task<ErasureReport> EraseAsync(CancellationToken cancellationToken)
    {
        Demand(PageScopes.Erase);
        return await recommender.EraseAsync(_pseudonym, cancellationToken);
    }

    private bool Has(PageScopes scope) => (access.Check(_key) & scope) != 0;

    private void Demand(PageScopes scope)
    {
        if (!Has(scope))
        {
            throw new AccessWithdrawnException(scope);
        }
    }
}

/// <summary>The visitor's key does not allow this, or no longer.</summary>
internal sealed class AccessWithdrawnException(PageScopes scope)
    : Exception($"This needs an API key with the scope {scope.ToString().ToLowerInvariant()}.");
