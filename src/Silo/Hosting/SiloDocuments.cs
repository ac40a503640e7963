using Cinegrain.Elasticsearch;
using Cinegrain.Grains;
using Cinegrain.Model.Ports;

namespace Cinegrain.Silo.Hosting;

/// <summary>
/// Documents of users as any silo sees them. Where documents are written, the one reader of the cluster deletes those of an erased user when it passes the
/// erasure, and its position says so. Where none are, those that are there are deleted from here.
/// </summary>
internal sealed class SiloDocuments(
    SiloOptions options, ElasticsearchClient client, IScannableLog log, IStateStore store, TimeProvider time, ILogger<InteractionDocuments> logger) : IUserDocuments
{
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(200);
    private static readonly string Position = LogDocuments.PositionOf(Topics.Interactions);

    public async Task EraseAsync(string user, int partition, long below, CancellationToken cancellationToken)
    {
        if (options.Documents != "all")
        {
            using var documents = new InteractionDocuments(client, log, store, static _ => null, logger);
            await documents.EraseAsync(user, partition, below, cancellationToken);
            return;
        }

        while (!(await store.LoadCheckpointAsync(Position, partition, cancellationToken) is { } passed && passed.Offset >= below))
        {
            await Task.Delay(Look, time, cancellationToken);
        }
    }
}
