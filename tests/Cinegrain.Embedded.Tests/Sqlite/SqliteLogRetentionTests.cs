using System.Text;
using Cinegrain.Embedded.Sqlite;
using Cinegrain.Model.Ports;
using Microsoft.Extensions.Time.Testing;
using static Cinegrain.Embedded.Tests.Sqlite.Samples;

namespace Cinegrain.Embedded.Tests.Sqlite;

public sealed class SqliteLogRetentionTests : IDisposable
{
    private readonly TestFolder _folder = new();
    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2026, 3, 1, 12, 0, 0, TimeSpan.Zero));

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task TrimAsync_RecordsOlderThanRetention_AreGoneAndYoungerOnesStay()
    {
        await using var log = Open();
        await FillAsync(log, 0, 25);
        _time.Advance(TimeSpan.FromDays(20));
        await FillAsync(log, 25, 25);
        _time.Advance(TimeSpan.FromDays(11));

        var trimmed = await log.TrimAsync(_time.GetUtcNow(), (_, _) => long.MaxValue, None);

        // Whole segments of ten go; the one that both share stays for its younger records.
        Assert.Equal(2, trimmed.Segments);
        Assert.Equal(Enumerable.Range(20, 30).Select(i => $"{i}"), (await log.ReadAllAsync(Topics.Interactions, 0)).Select(Text));
        Assert.Equal(50, log.End(Topics.Interactions, 0));
    }

    [Fact]
    public async Task TrimAsync_RetentionPerTopic_IsKept()
    {
        await using var log = Open();
        await log.AppendAsync(Interaction("k", "i"), new LogEntry(Topics.Signals, "m", Bytes("s")), new LogEntry(Topics.Rejected, "api", Bytes("r")));
        _time.Advance(TimeSpan.FromDays(8));
        await log.TrimAsync(_time.GetUtcNow(), (_, _) => long.MaxValue, None);
        Assert.Equal(new[] { 1, 0, 1 }, await CountsAsync(log));

        _time.Advance(TimeSpan.FromDays(7));
        await log.TrimAsync(_time.GetUtcNow(), (_, _) => long.MaxValue, None);
        Assert.Equal(new[] { 1, 0, 0 }, await CountsAsync(log));

        _time.Advance(TimeSpan.FromDays(16));
        await log.TrimAsync(_time.GetUtcNow(), (_, _) => long.MaxValue, None);
        Assert.Equal(new[] { 0, 0, 0 }, await CountsAsync(log));
    }

    [Fact]
    public async Task TrimAsync_StillNeeded_StaysHoweverOld()
    {
        await using var log = Open();
        await FillAsync(log, 0, 50);
        _time.Advance(TimeSpan.FromDays(100));

        await log.TrimAsync(_time.GetUtcNow(), (topic, _) => topic == Topics.Interactions ? 25 : 0, None);

        Assert.Equal(20, (await log.ReadAllAsync(Topics.Interactions, 0))[0].Offset);
    }

    [Fact]
    public async Task TrimAsync_EverythingExpired_OffsetsGoOnAfterARestart()
    {
        await using (var log = Open())
        {
            await FillAsync(log, 0, 35);
            _time.Advance(TimeSpan.FromDays(40));
            await log.TrimAsync(_time.GetUtcNow(), (_, _) => long.MaxValue, None);
            Assert.Empty(await log.ReadAllAsync(Topics.Interactions, 0));
        }

        await using var again = Open();
        Assert.Equal(35, again.End(Topics.Interactions, 0));
        Assert.Equal(35, (await again.AppendAsync(Interaction("k", "next")))[0].Offset);
        Assert.Equal("next", Text((await again.ReadAsync(Topics.Interactions, 0, 0, 10, None))[0]));
    }

    [Fact]
    public async Task TrimAsync_WhileAppendingAndReading_LosesNothingYoung()
    {
        await using var log = Open();
        await FillAsync(log, 0, 400);
        _time.Advance(TimeSpan.FromDays(40));
        var reader = Task.Run(async () =>
        {
            var seen = new List<LogRecord>();
            var offset = 0L;
            while (offset < 700)
            {
                var end = log.End(Topics.Interactions, 0);
                var records = await log.ReadAsync(Topics.Interactions, 0, offset, 7, None);
                seen.AddRange(records);
                offset = records.Count > 0 ? records[^1].Offset + 1 : end;
            }

            return seen;
        });
        var trimming = Task.Run(() => log.TrimAsync(_time.GetUtcNow(), (_, _) => long.MaxValue, None));
        for (var i = 400; i < 700; i += 5)
        {
            await FillAsync(log, i, 5);
        }

        await trimming;
        var seen = (await reader).Where(record => record.Offset >= 400).ToList();
        Assert.Equal(Enumerable.Range(400, 300).Select(i => $"{i}"), seen.Select(Text));
        Assert.Equal(Enumerable.Range(400, 300).Select(i => $"{i}"), (await log.ReadAllAsync(Topics.Interactions, 0)).Where(record => record.Offset >= 400).Select(Text));
    }

    [Fact]
    public async Task Open_CrashedWhileASegmentWasDropped_FinishesIt()
    {
        await using (var log = Open())
        {
            await FillAsync(log, 0, 35);
            await log.OnWriterAsync(database =>
            {
                database.Execute("UPDATE segment SET dropping = 1 WHERE stream = 1 AND first = 0");
                return true;
            });
        }

        await using var again = Open();
        Assert.Equal(10, (await again.ReadAllAsync(Topics.Interactions, 0))[0].Offset);
        Assert.Equal(0, await again.OnWriterAsync(database => database.Query("SELECT count(*) FROM sqlite_master WHERE name = 'records_1_0'", row => row.Int32(0))));
    }

    [Fact]
    public async Task TrimAsync_CompactedTopic_KeepsTheLastOfEachKeyInOrder()
    {
        await using var log = Open();
        for (var round = 0; round < 4; round++)
        {
            await log.AppendAsync([.. Enumerable.Range(0, 9).Select(i => Movie($"m{i}", $"{round}"))]);
        }

        var trimmed = await log.TrimAsync(_time.GetUtcNow(), (_, _) => long.MaxValue, None);

        Assert.Equal(27, trimmed.Records);
        var records = await log.ReadAllAsync(Topics.Movies, 0);
        Assert.Equal(Enumerable.Range(0, 9).Select(i => $"m{i}"), records.Select(record => record.Key));
        Assert.All(records, record => Assert.Equal("3", Text(record)));
        Assert.Equal(0, (await log.TrimAsync(_time.GetUtcNow(), (_, _) => long.MaxValue, None)).Records);
    }

    [Fact]
    public async Task TrimAsync_TombstoneOfACompactedTopic_GoesAfterADayUnlessItIsTheLastRecord()
    {
        await using var log = Open();
        await log.AppendAsync(Movie("a", "1"), Movie("b", "1"), Movie("a", ""), Movie("b", ""));
        await log.TrimAsync(_time.GetUtcNow(), (_, _) => long.MaxValue, None);
        Assert.Equal(["a", "b"], (await log.ReadAllAsync(Topics.Movies, 0)).Select(record => record.Key));

        _time.Advance(TimeSpan.FromHours(25));
        await log.TrimAsync(_time.GetUtcNow(), (_, _) => long.MaxValue, None);
        Assert.Equal(["b"], (await log.ReadAllAsync(Topics.Movies, 0)).Select(record => record.Key));
    }

    [Fact]
    public async Task TrimAsync_CompactedTopicStillNeeded_StaysAsItIs()
    {
        await using var log = Open();
        await log.AppendAsync(Movie("a", "1"), Movie("a", "2"), Movie("a", "3"));
        await log.TrimAsync(_time.GetUtcNow(), (_, _) => 1, None);
        Assert.Equal(["2", "3"], (await log.ReadAllAsync(Topics.Movies, 0)).Select(Text));
    }

    [Fact]
    public async Task EraseUserAsync_OneUserOfMany_NoFileHasThePseudonymAndTheOthersAreUntouched()
    {
        await using var log = Open();
        var random = new Random(11);
        var written = new Dictionary<string, List<string>>();
        for (var round = 0; round < 60; round++)
        {
            var entries = new List<LogEntry>();
            for (var i = 0; i < 20; i++)
            {
                var user = $"u1-pseudonym-of-viewer-{random.Next(40):D4}";
                var value = $"{{\"user\":\"{user}\",\"filler\":\"{new string('f', random.Next(0, random.Next(5) == 0 ? 20_000 : 600))}\"}}";
                entries.Add(Interaction(user, value));
                (written.TryGetValue(user, out var values) ? values : written[user] = []).Add(value);
                if (random.Next(10) == 0)
                {
                    entries.Add(new LogEntry(Topics.Rejected, "api", Bytes($"{{\"reason\":\"x\",\"user\":\"{user}\"}}")));
                }
            }

            await log.AppendAsync([.. entries]);
        }

        var erased = written.Keys.Order().Where((_, i) => i % 2 == 0).ToArray();
        var kept = written.Keys.Except(erased).ToArray();
        Assert.All(erased, user => Assert.NotEmpty(_folder.FilesWith(Bytes(user))));

        foreach (var user in erased)
        {
            var result = await log.EraseUserAsync(user, long.MaxValue, None);
            Assert.Equal(written[user].Count, result.Interactions);
            Assert.Empty(_folder.FilesWith(Bytes(user)));
        }

        Assert.All(kept, user => Assert.NotEmpty(_folder.FilesWith(Bytes(user))));
        foreach (var user in kept)
        {
            Assert.Equal(written[user], (await log.ReadKeyAsync(Topics.Interactions, 0, user, None).ToListAsync()).Select(Text));
        }

        var rejected = (await log.ReadAllAsync(Topics.Rejected, 0)).Select(Text).ToArray();
        Assert.NotEmpty(rejected);
        Assert.DoesNotContain(rejected, value => erased.Any(user => value.Contains(user, StringComparison.Ordinal)));
        var all = await log.ReadAllAsync(Topics.Interactions, 0);
        Assert.Equal(kept.Sum(user => written[user].Count), all.Count);
        Assert.DoesNotContain(all, record => record.Key.Length == 0 || erased.Contains(record.Key));
    }

    [Fact]
    public async Task EraseUserAsync_AfterRetentionAndFailedAppends_NoFileHasThePseudonym()
    {
        const string User = "u1-pseudonym-to-be-erased";
        await using var log = SqliteLog.Open(_folder.Path, OnePartition with { SegmentRecords = 5_000 }, _time);
        for (var round = 0; round < 3; round++)
        {
            await log.AppendAsync([.. Enumerable.Range(0, 5_000).Select(i => Interaction(i % 50 == 0 ? User : $"other-{i}", $"{i}-{new string('v', i % 400)}"))]);
            _time.Advance(TimeSpan.FromDays(12));
        }

        await log.TrimAsync(_time.GetUtcNow(), (_, _) => long.MaxValue, None);
        await log.OnWriterAsync(database =>
        {
            database.Execute("PRAGMA max_page_count=1");
            return true;
        });
        await Assert.ThrowsAsync<UnavailableException>(() => log.AppendAsync([.. Enumerable.Range(0, 9_000).Select(i => Interaction(User, new string('w', 200)))]));
        await log.OnWriterAsync(database =>
        {
            database.Execute("PRAGMA max_page_count=1000000");
            return true;
        });

        var erased = await log.EraseUserAsync(User, long.MaxValue, None);

        Assert.Equal(200, erased.Interactions);
        Assert.Empty(_folder.FilesWith(Bytes(User)));
        Assert.Equal(15_000, log.End(Topics.Interactions, 0));
    }

    [Fact]
    public async Task EraseUserAsync_BelowAnOffset_LaterRecordsStay()
    {
        await using var log = Open();
        await log.AppendAsync(Interaction("u", "1"), Interaction("other", "2"), Interaction("u", "3"));
        var erased = await log.EraseUserAsync("u", 2, None);
        Assert.Equal(1, erased.Interactions);
        Assert.Equal(["2", "3"], (await log.ReadAllAsync(Topics.Interactions, 0)).Select(Text));
        Assert.Equal(0, (await log.EraseUserAsync("u", 2, None)).Interactions);
    }

    [Fact]
    public async Task EraseUserAsync_TheLastRecord_OffsetsGoOnAfterARestart()
    {
        await using (var log = Open())
        {
            await log.AppendAsync(Interaction("other", "1"), Interaction("u", "2"));
            await log.EraseUserAsync("u", long.MaxValue, None);
        }

        await using var again = Open();
        Assert.Equal(2, (await again.AppendAsync(Interaction("u", "3")))[0].Offset);
    }

    [Fact]
    public async Task EraseUserAsync_WhileOthersReadAndAppend_NoFileHasThePseudonym()
    {
        const string User = "u1-pseudonym-to-be-erased";
        await using var log = Open();
        using var stop = new CancellationTokenSource();
        for (var i = 0; i < 300; i++)
        {
            await log.AppendAsync(Interaction(User, $"{i}"), Interaction("other", $"{i}"));
        }

        var busy = Enumerable.Range(0, 3).Select(n => Task.Run(async () =>
        {
            while (!stop.IsCancellationRequested)
            {
                await log.AppendAsync(Interaction($"other-{n}", "x"));
                _ = await log.ReadAsync(Topics.Interactions, 0, 0, 500, None);
            }
        })).ToArray();

        await log.EraseUserAsync(User, long.MaxValue, None);
        Assert.Empty(_folder.FilesWith(Encoding.UTF8.GetBytes(User)));
        await stop.CancelAsync();
        await Task.WhenAll(busy);
    }

    private static LogEntry Movie(string key, string value) => new(Topics.Movies, key, Bytes(value));

    private static async Task FillAsync(SqliteLog log, int from, int count)
    {
        // A segment is closed between transactions.
        for (var i = from; i < from + count; i += 5)
        {
            await log.AppendAsync([.. Enumerable.Range(i, Math.Min(5, from + count - i)).Select(n => Interaction($"k{n % 3}", $"{n}"))]);
        }
    }

    private static async Task<int[]> CountsAsync(SqliteLog log) =>
    [
        (await log.ReadAllAsync(Topics.Interactions, 0)).Count,
        (await log.ReadAllAsync(Topics.Signals, 0)).Count,
        (await log.ReadAllAsync(Topics.Rejected, 0)).Count,
    ];

    private SqliteLog Open() => SqliteLog.Open(_folder.Path, OnePartition, _time);
}
