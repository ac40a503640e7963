namespace Cinegrain.Ingest.Tests;

public sealed class PseudonymKeysTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("cinegrain").FullName;

    private string Path => System.IO.Path.Combine(_folder, "sub", "pseudonym-keys.json");

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void LoadOrCreate_NoFile_MakesAPrivateOneThatStays()
    {
        var made = new Pseudonymizer(PseudonymKeys.LoadOrCreate(Path)).Pseudonym("alice");
        var read = new Pseudonymizer(PseudonymKeys.LoadOrCreate(Path)).Pseudonym("alice");

        Assert.Equal(made, read);
        Assert.Single(Directory.GetFiles(System.IO.Path.GetDirectoryName(Path)!));
        if (!OperatingSystem.IsWindows())
        {
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(Path));
        }
    }

    [Fact]
    public void Rotate_KnownUser_KeepsItsPseudonym()
    {
        var before = new Pseudonymizer(PseudonymKeys.LoadOrCreate(Path)).Pseudonym("alice");
        PseudonymKeys.Rotate(Path);
        var after = new Pseudonymizer(PseudonymKeys.Load(Path), p => p == before);

        Assert.Equal(before, after.Pseudonym("alice"));
        Assert.StartsWith("u2-", after.Pseudonym("bob"));
    }

    [Fact]
    public void Load_ReadableByOthers_SaysWhatToDo()
    {
        if (OperatingSystem.IsWindows())
        {
            return;
        }

        PseudonymKeys.LoadOrCreate(Path);
        File.SetUnixFileMode(Path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead);
        Assert.Contains("chmod 600", Assert.Throws<PseudonymKeyFileException>(() => PseudonymKeys.LoadOrCreate(Path)).Message);
    }

    [Theory]
    [InlineData("", "not JSON")]
    [InlineData("{\"keys\":", "not JSON")]
    [InlineData("{}", "not JSON of the expected form")]
    [InlineData("null", "no key")]
    [InlineData("{\"keys\":[]}", "no key")]
    [InlineData("{\"keys\":[{\"id\":1,\"secret\":\"***\"}]}", "not base64")]
    [InlineData("{\"keys\":[{\"id\":1,\"secret\":\"AAAA\"}]}", "at least 32")]
    [InlineData("{\"keys\":[{\"id\":1}]}", "not JSON of the expected form")]
    public void Load_CorruptFile_SaysWhyAndNeverMakesANewKey(string content, string why)
    {
        PseudonymKeys.LoadOrCreate(Path);
        File.WriteAllText(Path, content);
        var e = Assert.Throws<PseudonymKeyFileException>(() => PseudonymKeys.LoadOrCreate(Path));
        Assert.Contains(why, e.Message);
        Assert.Contains("backup", e.Message);
        Assert.Equal(content, File.ReadAllText(Path));
    }
}
