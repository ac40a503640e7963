namespace Cinegrain.Cli.Tests.Support;

/// <summary>Shows nothing.</summary>
internal sealed class NoBoard : IProgressBoard, IMeter
{
    public IMeter Begin(string title, double total) => this;

    public void Report(double done)
    {
    }
}
