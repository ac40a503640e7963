namespace Cinegrain.Cli;

/// <summary>Exit codes of every command.</summary>
internal static class ExitCode
{
    /// <summary>Everything was done.</summary>
    public const int Success = 0;

    /// <summary>It could not be done, or the command line is wrong; the reason is on standard error.</summary>
    public const int Failure = 1;

    /// <summary>It was done, but some of the input was refused.</summary>
    public const int SomeRefused = 2;

    /// <summary>Stopped by Ctrl+C.</summary>
    public const int Cancelled = 130;
}
