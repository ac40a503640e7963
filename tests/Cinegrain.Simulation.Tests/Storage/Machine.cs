using Cinegrain.Model.Ports;
using Cinegrain.Simulation.Tests.Scheduling;

namespace Cinegrain.Simulation.Tests.Storage;

/// <summary>
/// One life of the process, as its disk sees it: every operation takes drawn time, may fail by draw, and may be the one in which the process is
/// killed. From then on nothing that it does reaches the disk.
/// </summary>
internal sealed class Machine : IDisposable
{
    private readonly Scheduler _scheduler;
    private readonly bool _hasFaults;
    private readonly CancellationTokenSource _death = new();
    private readonly List<Action> _whenKilled = [];
    private readonly Dictionary<string, DateTimeOffset> _outages = [];
    private int _operationsLeft;

    /// <param name="operationsToLive">The operation in which it is killed, from 1; below 1 for none.</param>
    public Machine(Scheduler scheduler, Random random, bool hasFaults, int operationsToLive)
    {
        (_scheduler, Random, _hasFaults, _operationsLeft) = (scheduler, random, hasFaults, operationsToLive);
        Death = _death.Token;
    }

    public bool IsDead { get; private set; }

    /// <summary>Cancelled at the kill.</summary>
    public CancellationToken Death { get; }

    public Random Random { get; }

    public Scheduler Scheduler => _scheduler;

    /// <summary>Adds what happens to the disk at the kill.</summary>
    public void WhenKilled(Action action) => _whenKilled.Add(action);

    /// <summary>kill -9.</summary>
    public void Kill()
    {
        if (IsDead)
        {
            return;
        }

        IsDead = true;
        _scheduler.Note("kill");
        foreach (var action in _whenKilled)
        {
            action();
        }

        _death.Cancel();
        _death.Dispose();
    }

    public void Dispose() => Kill();

    public void ThrowIfDead()
    {
        if (IsDead)
        {
            throw new ProcessKilledException();
        }
    }

    /// <summary>One operation of a device: time passes, then it is done, or it fails.</summary>
    public async Task WorkAsync(string device, string what)
    {
        ThrowIfDead();
        _scheduler.Note($"{device} {what}");
        var isLast = --_operationsLeft == 0;
        if (isLast && Random.Next(2) == 0)
        {
            Kill();
        }

        ThrowIfDead();
        var draw = Random.Next(100);
        var milliseconds = draw < 60 ? 0 : draw < 97 ? Random.Next(1, 30) : _hasFaults ? Random.Next(100, 2_000) : 30;
        if (milliseconds == 0)
        {
            await Task.Yield();
        }
        else
        {
            try
            {
                await Task.Delay(TimeSpan.FromMilliseconds(milliseconds), _scheduler.Time, Death);
            }
            catch (OperationCanceledException)
            {
                throw new ProcessKilledException();
            }
        }

        if (isLast)
        {
            Kill();
        }

        ThrowIfDead();
        if (_hasFaults && IsAway(device))
        {
            throw new UnavailableException($"the simulated {device} is away", TimeSpan.FromSeconds(1));
        }
    }

    private bool IsAway(string device)
    {
        var now = _scheduler.Time.GetUtcNow();
        if (_outages.TryGetValue(device, out var end) && now < end)
        {
            return true;
        }

        switch (Random.Next(400))
        {
            case 0:
                _outages[device] = now.AddMilliseconds(Random.Next(50, 4_000));
                return true;
            case < 8:
                return true;
            default:
                return false;
        }
    }
}

/// <summary>The process is dead.</summary>
internal sealed class ProcessKilledException() : Exception("the process was killed");
