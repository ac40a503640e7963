namespace Cinegrain.Cli;

/// <summary>Shows the progress of several pieces of work, one under the other.</summary>
internal interface IProgressBoard
{
    /// <summary>Adds a piece of work.</summary>
    /// <param name="total">Its size, in whatever unit <see cref="IMeter.Report"/> counts.</param>
    IMeter Begin(string title, double total);
}

/// <summary>Takes how far a piece of work has come.</summary>
internal interface IMeter
{
    /// <summary>Says how much is done so far.</summary>
    void Report(double done);
}
