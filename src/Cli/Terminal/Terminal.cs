using Spectre.Console;
using Spectre.Console.Rendering;

namespace Cinegrain.Cli;

/// <summary>Where a command writes: results on the output, progress and errors on the error stream.</summary>
/// <param name="Interactive">True when the error stream is a terminal that shows progress.</param>
/// <param name="In">Where answers to questions come from; null when nobody can answer.</param>
internal sealed record Terminal(TextWriter Out, TextWriter Error, bool Interactive, TextReader? In)
{
    private const int WidthOfPipes = 160;

    /// <summary>Clock of waits and rates.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>The streams of this process.</summary>
    public static Terminal OfProcess() =>
        new(Console.Out, Console.Error, !Console.IsErrorRedirected, Console.IsInputRedirected ? null : Console.In);

    /// <summary>Asks for a yes; false when the answer is another or nobody can answer.</summary>
    public async Task<bool> ConfirmAsync(string what, CancellationToken cancellationToken)
    {
        await Error.WriteLineAsync(what).ConfigureAwait(false);
        if (In is null)
        {
            return false;
        }

        await Error.WriteAsync("Go on? (yes/no) ").ConfigureAwait(false);
        var answer = await In.ReadLineAsync(cancellationToken).ConfigureAwait(false);
        return answer?.Trim().ToUpperInvariant() is "YES" or "Y";
    }

    /// <summary>Writes a table or other rendering on the output.</summary>
    public void Write(IRenderable rendering)
    {
        var console = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(Out) });
        if (!ReferenceEquals(Out, Console.Out) || Console.IsOutputRedirected)
        {
            console.Profile.Width = WidthOfPipes;
        }

        console.Write(rendering);
    }

    /// <summary>Runs work that reports its progress, with rate and time left, when someone watches.</summary>
    public async Task<T> WithProgressAsync<T>(bool shown, Func<IProgressBoard, Task<T>> work)
    {
        if (!shown || !Interactive)
        {
            return await work(new NoProgress()).ConfigureAwait(false);
        }

        var console = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(Error) });
        return await console.Progress()
            .AutoClear(true)
            .Columns(new TaskDescriptionColumn(), new ProgressBarColumn(), new PercentageColumn(), new RateColumn(), new RemainingTimeColumn())
            .StartAsync(context => work(new ProgressBoard(context)))
            .ConfigureAwait(false);
    }

    private sealed class NoProgress : IProgressBoard, IMeter
    {
        public IMeter Begin(string title, double total) => this;

        public void Report(double done)
        {
        }
    }

    private sealed class ProgressBoard(ProgressContext context) : IProgressBoard
    {
        public IMeter Begin(string title, double total) =>
            new Meter(context.AddTask(Markup.Escape(title), maxValue: Math.Max(total, double.Epsilon)));
    }

    private sealed class Meter(ProgressTask task) : IMeter
    {
        public void Report(double done) => task.Value = done;
    }

    private sealed class RateColumn : ProgressColumn
    {
        public override IRenderable Render(RenderOptions options, ProgressTask task, TimeSpan deltaTime) =>
            new Text(task.Speed is { } speed ? $"{speed:N0}/s" : "");
    }
}
