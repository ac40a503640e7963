using Cinegrain.Api;
using Cinegrain.Model.Ports;
using Cinegrain.Standalone.Recommending;

namespace Cinegrain.Standalone.Hosting;

/// <summary>Where this host keeps states and the audit trail.</summary>
internal interface IHostStore : IAsyncDisposable
{
    IStateStore States { get; }

    IAuditSink Audit { get; }

    /// <summary>Removes what is older than its retention.</summary>
    /// <exception cref="UnavailableException">Not now.</exception>
    Task TrimAsync(StandaloneRetention retention, DateTimeOffset now, CancellationToken cancellationToken);
}
