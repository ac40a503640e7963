using Cinegrain.Embedded.Sqlite;

namespace Cinegrain.Embedded.Tests.Sqlite;

public sealed class DataFolderTests : IDisposable
{
    private readonly TestFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Open_FolderMissing_IsMadeForItsOwnerAlone()
    {
        var path = _folder.File("data");
        using var folder = DataFolder.Open(path);
        Assert.Equal(path, folder.Path);
        if (!OperatingSystem.IsWindows())
        {
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, File.GetUnixFileMode(path));
        }
    }

    [Fact]
    public void Open_InUse_IsRefusedAndNamesTheProcess()
    {
        using var first = DataFolder.Open(_folder.Path);
        var refusal = Assert.Throws<DataFolderException>(() => DataFolder.Open(_folder.Path));
        Assert.Contains($"process {Environment.ProcessId} ", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Open_InUseByAnotherProcess_IsRefusedUntilThatProcessIsKilled()
    {
        using (var other = await Writer.StartAsync(_folder.Path))
        {
            var refusal = Assert.Throws<DataFolderException>(() => DataFolder.Open(_folder.Path));
            Assert.Contains($"process {other.Id} ", refusal.Message, StringComparison.Ordinal);
            await other.KillAsync();
        }

        DataFolder.Open(_folder.Path).Dispose();
    }

    [Fact]
    public void Open_AfterDispose_IsFree()
    {
        DataFolder.Open(_folder.Path).Dispose();
        DataFolder.Open(_folder.Path).Dispose();
    }

    [Fact]
    public void Open_NewerLayout_IsRefusedWithASentence()
    {
        File.WriteAllText(_folder.File("format"), "2\n");
        var refusal = Assert.Throws<DataFolderException>(() => DataFolder.Open(_folder.Path));
        Assert.Contains("layout 2, made by a newer version", refusal.Message, StringComparison.Ordinal);
        File.WriteAllText(_folder.File("format"), "1\n");
        DataFolder.Open(_folder.Path).Dispose();
    }

    [Theory]
    [InlineData("")]
    [InlineData("one")]
    [InlineData("0")]
    public void Open_UnreadableLayout_IsDamaged(string format)
    {
        File.WriteAllText(_folder.File("format"), format);
        Assert.Throws<StorageDamagedException>(() => DataFolder.Open(_folder.Path));
    }

    [Fact]
    public void Open_PathIsAFile_IsRefusedWithASentence()
    {
        File.WriteAllText(_folder.File("file"), "x");
        AssertNotWritable(_folder.File("file"));
    }

    [Fact]
    public void Open_FolderCannotBeWritten_IsRefusedWithASentence()
    {
        if (OperatingSystem.IsWindows())
        {
            return;
        }

        // No permission bits stop the superuser; the kernel's own folder does.
        if (Environment.IsPrivilegedProcess)
        {
            AssertNotWritable(OperatingSystem.IsLinux() ? "/proc/self" : "/dev/fd");
            return;
        }

        File.SetUnixFileMode(_folder.Path, UnixFileMode.UserRead | UnixFileMode.UserExecute);
        AssertNotWritable(_folder.Path);
        File.SetUnixFileMode(_folder.Path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
    }

    private static void AssertNotWritable(string path)
    {
        var refusal = Assert.Throws<DataFolderException>(() => DataFolder.Open(path));
        Assert.Contains("cannot be written", refusal.Message, StringComparison.Ordinal);
        Assert.Contains("choose another folder", refusal.Message, StringComparison.Ordinal);
    }
}
