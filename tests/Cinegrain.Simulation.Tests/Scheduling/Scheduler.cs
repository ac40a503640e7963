using Microsoft.Extensions.Time.Testing;

namespace Cinegrain.Simulation.Tests.Scheduling;

/// <summary>
/// One thread that runs everything: what is ready runs in an order drawn from the seed, and the clock moves when nothing is. The same seed gives
/// the same run; <see cref="TraceHash"/> tells two runs apart.
/// </summary>
internal sealed class Scheduler(int seed, FakeTimeProvider time) : SynchronizationContext
{
    private const int MaximumSteps = 4_000_000;
    private const int TraceLines = 2_000;
    private static readonly bool IsTraced = Environment.GetEnvironmentVariable("CINEGRAIN_SIM_SEED") is not null;
    private static readonly TimeSpan Tick = TimeSpan.FromMilliseconds(5);

    private readonly Lock _gate = new();
    private readonly List<(SendOrPostCallback Callback, object? State)> _ready = [];
    private readonly Random _order = new(seed);
    private readonly int _thread = Environment.CurrentManagedThreadId;
    private readonly Queue<string> _trace = new();
    private Exception? _failure;

    /// <summary>Clock of the run.</summary>
    public FakeTimeProvider Time => time;

    /// <summary>Hash of everything that was traced.</summary>
    public ulong TraceHash { get; private set; } = 14695981039346656037UL;

    /// <summary>The last lines of the trace, when one seed is run.</summary>
    public IEnumerable<string> Trace => _trace;

    public override void Post(SendOrPostCallback d, object? state)
    {
        lock (_gate)
        {
            if (Environment.CurrentManagedThreadId != _thread)
            {
                _failure ??= new SimulationException("a continuation came from another thread: " + Environment.StackTrace);
            }

            _ready.Add((d, state));
        }
    }

    public override void Send(SendOrPostCallback d, object? state) => throw new NotSupportedException("nothing waits on this thread");

    /// <summary>Ends the run with a failure.</summary>
    public void Fail(string message) => _failure ??= new SimulationException(message);

    /// <summary>Adds a line to the trace.</summary>
    public void Note(string line)
    {
        foreach (var c in line)
        {
            TraceHash = (TraceHash ^ c) * 1099511628211UL;
        }

        if (!IsTraced)
        {
            return;
        }

        _trace.Enqueue($"{time.GetUtcNow():HH:mm:ss.fff} {line}");
        if (_trace.Count > TraceLines)
        {
            _trace.Dequeue();
        }
    }

    /// <summary>Runs until the task ends.</summary>
    /// <exception cref="SimulationException">Something failed, or the run does not end.</exception>
    public void Run(Func<Task> main)
    {
        var outer = Current;
        SetSynchronizationContext(this);
        try
        {
            var task = main();
            for (var step = 0; !task.IsCompleted && _failure is null; step++)
            {
                if (step > MaximumSteps)
                {
                    throw new SimulationException("the run does not end: something waits for what never comes");
                }

                // Now and then the clock moves while there is work: a slow processor.
                if (_ready.Count == 0 || _order.Next(64) == 0)
                {
                    // Without a context, so that what a timer sets off becomes ready and does not run at once.
                    SetSynchronizationContext(null);
                    time.Advance(Tick);
                    SetSynchronizationContext(this);
                    continue;
                }

                var picked = _order.Next(_ready.Count);
                var (callback, state) = _ready[picked];
                _ready[picked] = _ready[^1];
                _ready.RemoveAt(_ready.Count - 1);
                callback(state);
            }

            if (_failure is not null)
            {
                throw _failure;
            }

            task.GetAwaiter().GetResult();
        }
        finally
        {
            SetSynchronizationContext(outer);
        }
    }
}

/// <summary>What the simulation found.</summary>
internal sealed class SimulationException(string message) : Exception(message);
