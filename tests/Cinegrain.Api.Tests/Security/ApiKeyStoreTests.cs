using System.Reflection;
using System.Text;
using Cinegrain.Api.Security;
using Microsoft.Extensions.Time.Testing;

namespace Cinegrain.Api.Tests.Security;

public sealed class ApiKeyStoreTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("cinegrain-keys-").FullName;
    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2025, 1, 1, 0, 0, 0, TimeSpan.Zero));

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void Create_Key_VerifiesAndIsStoredHashed()
    {
        var store = new ApiKeyStore(Path.Combine(_folder, "new", "data"), _time);
        Assert.False(store.HasKeys);

        var created = store.Create("site", ApiScope.Write);

        Assert.True(store.HasKeys);
        Assert.Equal(created.Info, store.Verify(created.Key));
        var text = File.ReadAllText(store.FilePath);
        Assert.Contains("\"scope\": \"write\"", text);
        Assert.DoesNotContain(created.Key[20..], text);
        Assert.Equal(created.Info, Assert.Single(new ApiKeyStore(Path.GetDirectoryName(store.FilePath)!, _time).List()));
        if (!OperatingSystem.IsWindows())
        {
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(store.FilePath));
        }

        Assert.Equal(["keys.json", "keys.json.lock"], Directory.GetFiles(Path.GetDirectoryName(store.FilePath)!).Select(Path.GetFileName).Order());
    }

    [Fact]
    public void Verify_AnythingElse_Null()
    {
        var store = new ApiKeyStore(_folder, _time);
        var key = store.Create("a", ApiScope.Read).Key;
        var other = store.Create("b", ApiScope.Admin).Key;
        var last = key[^2] == 'A' ? 'B' : 'A';

        foreach (var bad in new[]
        {
            "", "cgk_", "x", key[..^1], key + "A", key[..^2] + last + key[^1], key.ToUpperInvariant(), " " + key, new string('k', 10_000),
            key[..15] + other[15..], "cgk_aaaaaaaaaa_" + key[15..], "cgk_\uD800\uD800aaaaaaaa_" + key[15..],
        })
        {
            Assert.Null(store.Verify(bad));
        }
    }

    [Fact]
    public void Verify_Expired_NullButStillClosed()
    {
        var store = new ApiKeyStore(_folder, _time);
        var key = store.Create("a", ApiScope.Read, _time.GetUtcNow().AddHours(1)).Key;
        Assert.NotNull(store.Verify(key));

        _time.Advance(TimeSpan.FromHours(1));

        Assert.Null(store.Verify(key));
        Assert.True(store.HasKeys);
    }

    [Fact]
    public void Verify_ChangedByAnotherProcess_SeenWithinASecond()
    {
        var server = new ApiKeyStore(_folder, _time);
        var tool = new ApiKeyStore(_folder, _time);
        var created = tool.Create("a", ApiScope.Read);
        Assert.Null(server.Verify(created.Key));

        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.NotNull(server.Verify(created.Key));

        Assert.True(tool.Revoke(created.Info.Id));
        Assert.False(tool.Revoke(created.Info.Id));
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.Null(server.Verify(created.Key));
    }

    [Fact]
    public void Create_TwoStoresInTurn_NeitherUndoesTheOther()
    {
        var one = new ApiKeyStore(_folder, _time);
        var two = new ApiKeyStore(_folder, _time);
        one.Create("1", ApiScope.Read);
        two.Create("2", ApiScope.Read);
        one.Create("3", ApiScope.Read);

        Assert.Equal(3, new ApiKeyStore(_folder, _time).List().Count);
    }

    [Theory]
    [InlineData("nonsense")]
    [InlineData("""{"v":1,"keys":[{"id":"a"}]}""")]
    [InlineData("""{"v":1,"keys":[{"id":"a","name":"a","scope":"read","sha256":"zz","created":"2025-01-01T00:00:00Z"}]}""")]
    [InlineData("""{"v":2,"keys":[]}""")]
    [InlineData("null")]
    public void Constructor_NotAKeyFile_SaysWhatToDo(string text)
    {
        File.WriteAllText(Path.Combine(_folder, "keys.json"), text);

        var message = Assert.Throws<InvalidDataException>(() => new ApiKeyStore(_folder, _time)).Message;

        Assert.Contains("keys.json", message);
        Assert.EndsWith(text.Contains("\"v\":2", StringComparison.Ordinal) ? "wrote it." : $"--data {_folder}", message);
    }

    [Fact]
    public void Verify_FileBecomesUnreadable_KeysStayAndItIsReported()
    {
        var store = new ApiKeyStore(_folder, _time);
        var key = store.Create("a", ApiScope.Read).Key;
        var failures = new List<Exception>();
        store.ReloadFailed += failures.Add;
        File.WriteAllText(store.FilePath, "{");

        _time.Advance(TimeSpan.FromSeconds(1));

        Assert.NotNull(store.Verify(key));
        Assert.IsType<InvalidDataException>(Assert.Single(failures));
    }

    [Theory]
    [InlineData("")]
    [InlineData("a\nb")]
    [InlineData(null)]
    public void Create_BadName_Refused(string? name) =>
        Assert.Throws<ArgumentException>(() => new ApiKeyStore(_folder, _time).Create(name ?? new string('x', 101), ApiScope.Read));

    [Fact]
    public void Create_FileClaimedByAnother_SaysTryAgain()
    {
        var store = new ApiKeyStore(_folder, _time);
        using var claim = new FileStream(store.FilePath + ".lock", FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);

        Assert.Contains("Try again", Assert.Throws<IOException>(() => store.Create("a", ApiScope.Read)).Message);
    }

    [Fact]
    public void Verify_Implementation_ComparesHashesInConstantTime()
    {
        // A timing test would be noise; that the method calls FixedTimeEquals is a fact of its IL.
        var body = typeof(ApiKeyStore).GetMethod(nameof(ApiKeyStore.Verify))!.GetMethodBody()!.GetILAsByteArray()!;
        var called = new List<string>();
        for (var i = 0; i + 4 < body.Length; i++)
        {
            if (body[i] == 0x28)
            {
                try
                {
                    var method = typeof(ApiKeyStore).Module.ResolveMethod(BitConverter.ToInt32(body, i + 1));
                    called.Add(method!.Name);
                }
                catch (Exception exception) when (exception is ArgumentException or BadImageFormatException)
                {
                    // The byte was no call.
                }
            }
        }

        Assert.Contains("FixedTimeEquals", called);
        Assert.DoesNotContain("SequenceEqual", called);
    }
}
