using Cinegrain.Cli.Client;

namespace Cinegrain.Cli.Importing;

/// <summary>Takes what is imported. What is refused for the moment is sent again inside; a batch that comes twice changes nothing.</summary>
internal interface IImportTarget : IAsyncDisposable
{
    /// <summary>Adds or replaces movies.</summary>
    Task<Receipt> PutMoviesAsync(LineBatch movies, CancellationToken cancellationToken);

    /// <summary>Takes interactions. The receipt comes when those accepted are durable.</summary>
    /// <param name="idempotencyKey">The same for the same batch.</param>
    Task<Receipt> SubmitAsync(LineBatch interactions, string idempotencyKey, CancellationToken cancellationToken);
}

/// <summary>A server, over its REST API.</summary>
internal sealed class ServerTarget(CinegrainClient client) : IImportTarget
{
    public Task<Receipt> PutMoviesAsync(LineBatch movies, CancellationToken cancellationToken) => client.PutMoviesAsync(movies.Body, cancellationToken);

    public Task<Receipt> SubmitAsync(LineBatch interactions, string idempotencyKey, CancellationToken cancellationToken) =>
        client.SubmitAsync(interactions.Body, idempotencyKey, cancellationToken);

    public ValueTask DisposeAsync()
    {
        client.Dispose();
        return ValueTask.CompletedTask;
    }
}
