using System.Diagnostics;
using Xunit;

namespace Cinegrain.Standalone.Tests.Support;

/// <summary>A test that mounts a disk of its own; skipped, with the reason, where that is not allowed.</summary>
internal sealed class MountFactAttribute : FactAttribute
{
    public MountFactAttribute()
    {
        if (!TestMount.IsPossible)
        {
            Skip = "A small disk cannot be mounted here: run it on Linux as root (in a container: with the capability SYS_ADMIN).";
        }
    }
}

/// <summary>A small disk in memory (tmpfs).</summary>
internal sealed class TestMount : IDisposable
{
    private static readonly Lazy<bool> Possible = new(Try);

    private readonly TestFolder _folder = new();

    /// <param name="size">As mount takes it, such as 8m.</param>
    public TestMount(string size) => Assert.True(Run("mount", "-t", "tmpfs", "-o", $"size={size}", "tmpfs", Path));

    public static bool IsPossible => Possible.Value;

    public string Path => _folder.Path;

    private string Ballast => _folder.File("ballast");

    public void MakeReadOnly() => Assert.True(Run("mount", "-o", "remount,ro", Path));

    /// <summary>Takes all space that is left.</summary>
    public void Fill()
    {
        var block = new byte[4096];
        using var ballast = new FileStream(Ballast, FileMode.Append, FileAccess.Write, FileShare.None, bufferSize: 0);
        try
        {
            while (true)
            {
                ballast.Write(block);
            }
        }
        catch (IOException)
        {
            // Full.
        }
    }

    /// <summary>Gives the space back.</summary>
    public void Free() => File.Delete(Ballast);

    public void Dispose()
    {
        Run("umount", Path);
        _folder.Dispose();
    }

    private static bool Try()
    {
        if (!OperatingSystem.IsLinux() || !Environment.IsPrivilegedProcess)
        {
            return false;
        }

        using var folder = new TestFolder();
        return Run("mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", folder.Path) && Run("umount", folder.Path);
    }

    private static bool Run(string program, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardError = true, RedirectStandardOutput = true });
        process!.WaitForExit();
        return process.ExitCode == 0;
    }
}
