namespace Cinegrain.Cli;

/// <summary>Something that the user can put right: its message is one sentence that says what to do.</summary>
internal sealed class CommandException : Exception
{
    public CommandException(string message)
        : base(message)
    {
    }

    public CommandException(string message, Exception inner)
        : base(message, inner)
    {
    }
}
