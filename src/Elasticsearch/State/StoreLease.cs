using System.Diagnostics;
using System.Globalization;
using Microsoft.Extensions.Logging;

namespace Cinegrain.Elasticsearch;

/// <summary>
/// The hold of one process on the indices: a document that it renews all the time. Another process takes it over when it was not renewed for
/// the time of the lease by its own clock, or at once when it sees that the holder, on the same machine, is dead. Whoever finds the lease in other
/// hands writes nothing any more.
/// </summary>
internal sealed partial class StoreLease(ElasticsearchClient client, StateDocuments documents, string writer, ILogger logger) : IAsyncDisposable
{
    private const string Id = "lease";

    private readonly CancellationTokenSource _stopping = new();
    private (long SequenceNumber, long PrimaryTerm) _held;
    private long _renewals;
    private Task _renewing = Task.CompletedTask;
    private volatile StoreTakenException? _lost;

    private static string Host { get; } = HostName();

    private static string Process { get; } = Describe(System.Diagnostics.Process.GetCurrentProcess());

    /// <exception cref="StoreTakenException">Another process has taken the indices over.</exception>
    public void ThrowIfLost()
    {
        if (_lost is { } lost)
        {
            throw lost;
        }
    }

    /// <summary>Takes the lease, and waits until it has run out when its holder may be dead.</summary>
    /// <exception cref="StoreTakenException">Another process holds it.</exception>
    public async Task AcquireAsync(CancellationToken cancellationToken)
    {
        if (!_renewing.IsCompleted)
        {
            return;
        }

        var found = await documents.GetAsync(Id, cancellationToken);
        if (found?.Source is { Writer.Length: > 0 } holder && holder.Writer != writer && !IsDead(holder))
        {
            await AwaitEndAsync(found, holder, cancellationToken);
        }

        try
        {
            _held = await PutAsync(found, writer, cancellationToken);
        }
        catch (ElasticsearchException exception) when (exception.Failure == ElasticsearchFailure.Conflict)
        {
            var now = await documents.GetAsync(Id, cancellationToken);
            if (now?.Source?.Writer != writer)
            {
                throw Taken(now?.Source);
            }

            _held = (now.SequenceNumber, now.PrimaryTerm);
        }

        _renewing = RenewAsync();
    }

    /// <summary>Gives the lease back.</summary>
    public async ValueTask DisposeAsync()
    {
        // Others of a cluster may have it still; else it runs out.
        if (await EndAsync() && _lost is null && !IsShared)
        {
            try
            {
                // A renewal whose answer was lost has moved it on.
                var now = await documents.GetAsync(Id, CancellationToken.None);
                if (now?.Source?.Writer == writer)
                {
                    await documents.PutAsync(Id, (now.SequenceNumber, now.PrimaryTerm), Body(""), CancellationToken.None);
                }
            }
            catch (ElasticsearchException exception)
            {
                // The next process waits until it has run out.
                LogNotGivenBack(exception.Message);
            }
        }

        _stopping.Dispose();
    }

    /// <summary>Renews it no more, as a process that dies.</summary>
    internal async Task<bool> EndAsync()
    {
        var isHeld = !_renewing.IsCompleted;
        await _stopping.CancelAsync();
        await _renewing;
        return isHeld;
    }

    private async Task AwaitEndAsync(MgetDocument found, StateSource holder, CancellationToken cancellationToken)
    {
        LogWaiting(holder.Host ?? "?", client.Options.LeaseTime.TotalSeconds);
        var started = client.Time.GetTimestamp();
        while (client.Time.GetElapsedTime(started) < client.Options.LeaseTime)
        {
            await Task.Delay(client.Options.LeaseTime / 10, client.Time, cancellationToken);
            var now = await documents.GetAsync(Id, cancellationToken);
            if (now?.Source is not { Writer.Length: > 0 })
            {
                return;
            }

            if (now.SequenceNumber != found.SequenceNumber)
            {
                throw Taken(now.Source);
            }
        }
    }

    private async Task RenewAsync()
    {
        try
        {
            while (true)
            {
                await Task.Delay(client.Options.LeaseTime / 3, client.Time, _stopping.Token);
                try
                {
                    var answer = await documents.PutAsync(Id, _held, Body(writer), _stopping.Token);
                    _held = (answer.SequenceNumber, answer.PrimaryTerm);
                }
                catch (ElasticsearchException exception) when (exception.Failure == ElasticsearchFailure.Conflict)
                {
                    await LookAsync();
                }
                catch (ElasticsearchException exception)
                {
                    LogNotRenewed(exception.Message);
                }

                if (_lost is not null)
                {
                    return;
                }
            }
        }
        catch (OperationCanceledException) when (_stopping.IsCancellationRequested)
        {
            // It is given back, or runs out.
        }
    }

    private async Task LookAsync()
    {
        try
        {
            var now = await documents.GetAsync(Id, _stopping.Token);
            if (now?.Source?.Writer == writer)
            {
                // A renewal of ours whose answer was lost.
                _held = (now.SequenceNumber, now.PrimaryTerm);
                return;
            }

            _lost = Taken(now?.Source);
            LogLost(_lost.Message);
        }
        catch (ElasticsearchException exception)
        {
            LogNotRenewed(exception.Message);
        }
    }

    private async Task<(long SequenceNumber, long PrimaryTerm)> PutAsync(MgetDocument? over, string holder, CancellationToken cancellationToken)
    {
        // What stands there now, after a wait, is what is written over.
        over = over is null ? null : await documents.GetAsync(Id, cancellationToken);
        var answer = await documents.PutAsync(
            Id, over is null ? null : (over.SequenceNumber, over.PrimaryTerm), Body(holder), cancellationToken);
        return (answer.SequenceNumber, answer.PrimaryTerm);
    }

    private string Body(string holder) =>
        $$"""
        {"kind":"lease","writer":{{JsonText.Quote(holder)}},"host":{{JsonText.Quote(IsShared ? "cluster" : Host)}},
        "process":"{{(IsShared ? "a cluster" : Process)}}","renewed":{{++_renewals}}}
        """;

    /// <summary>True when the processes of a cluster hold the lease together: a conflict among them is none, and it is nobody's to give back.</summary>
    private bool IsShared => client.Options.SharedBy is not null;

    private static StoreTakenException Taken(StateSource? holder) => new(
        $"the Elasticsearch indices are in use by another process ({holder?.Process?.Split(':')[0] ?? "?"} on {holder?.Host?.Split(' ')[0] ?? "?"}): stop it, "
        + "or give each process its own index prefix and its own log");

    private static bool IsDead(StateSource holder)
    {
        if (holder.Host != Host || holder.Process is not { } process
            || !int.TryParse(process.Split(':')[0], NumberStyles.None, CultureInfo.InvariantCulture, out var id))
        {
            return false;
        }

        try
        {
            using var running = System.Diagnostics.Process.GetProcessById(id);
            return Describe(running) != process;
        }
        catch (ArgumentException)
        {
            return true;
        }
    }

    private static string Describe(Process process) => $"{process.Id}:{process.StartTime.ToUniversalTime().Ticks / TimeSpan.TicksPerSecond}";

    /// <summary>The machine, and within it the space that process ids are counted in: a container has its own.</summary>
    private static string HostName() =>
        Environment.MachineName + (File.ResolveLinkTarget("/proc/self/ns/pid", returnFinalTarget: false) is { } space ? $" {space.Name}" : "");

    [LoggerMessage(Level = LogLevel.Warning, Message = "The indices are held by a process on {Holder}; waiting up to {Seconds} s for its lease to run out.")]
    private partial void LogWaiting(string holder, double seconds);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The hold on the indices was not renewed: {Reason}")]
    private partial void LogNotRenewed(string reason);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The hold on the indices was not given back: {Reason}")]
    private partial void LogNotGivenBack(string reason);

    [LoggerMessage(Level = LogLevel.Critical, Message = "The hold on the indices is lost: {Reason}")]
    private partial void LogLost(string reason);
}
