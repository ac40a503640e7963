using Cinegrain.Model.Ports;
using Cinegrain.Grains.State;
using Orleans.Concurrency;

namespace Cinegrain.Grains.Documents;

/// <summary>Asks the documents of its silo's host.</summary>
[StatelessWorker]
internal sealed class DocumentsGrain(IEnumerable<IUserDocuments> documents, SiloServices services) : Grain, IDocumentsGrain
{
    public async Task<bool> EraseAsync(string user, int partition, long below, TimeSpan limit)
    {
        using var patience = new CancellationTokenSource(limit, services.Time);
        try
        {
            await Task.WhenAll(documents.Select(written => services.Retry.UntilDoneAsync(
                "erasing documents", token => written.EraseAsync(user, partition, below, token), patience.Token)));
            return true;
        }
        catch (OperationCanceledException) when (patience.IsCancellationRequested)
        {
            return false;
        }
    }
}
