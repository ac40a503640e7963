namespace Cinegrain.Api;

/// <summary>What was done with a user's data.</summary>
public enum AuditAction
{
    /// <summary>The profile was read.</summary>
    ProfileRead,

    /// <summary>Everything was exported.</summary>
    Exported,

    /// <summary>The user was erased.</summary>
    Erased,

    /// <summary>Consent to learning was given.</summary>
    ConsentGiven,

    /// <summary>Consent to learning was withdrawn.</summary>
    ConsentWithdrawn,
}

/// <summary>One entry of the audit trail. It is written before the request is carried out, so nothing is done without a trace.</summary>
/// <param name="At">When, UTC.</param>
/// <param name="Who">Id of the API key, or <c>local</c> when there are no keys.</param>
/// <param name="Action">What was asked for.</param>
/// <param name="User">Pseudonym of the user.</param>
public sealed record AuditEvent(DateTimeOffset At, string Who, AuditAction Action, string User);

/// <summary>Where the host keeps the audit trail.</summary>
public interface IAuditSink
{
    /// <summary>Completes when the entry is safe; the request is carried out after that.</summary>
    /// <exception cref="Cinegrain.Model.Ports.UnavailableException">It cannot be kept now: the request is refused with 503.</exception>
    ValueTask WriteAsync(AuditEvent entry, CancellationToken cancellationToken);
}
