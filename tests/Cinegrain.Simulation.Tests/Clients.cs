using System.Text;
using System.Text.Json;
using Cinegrain.Embedded.Engine;
using Cinegrain.Model.Events;
using Cinegrain.Model.Ports;
using Cinegrain.Model.Ranking;
using Cinegrain.Model.Users;
using Cinegrain.Simulation.Tests.Storage;

namespace Cinegrain.Simulation.Tests;

/// <summary>
/// The world around the process: people who interact, withdraw consent and ask to be erased, an editor of the catalogue, and producers of records
/// that nobody can read. A call that fails is repeated, with the same id, as a caller would.
/// </summary>
internal sealed class Clients(World world, Random random)
{
    private static readonly string[] Genres = ["Drama", "Comedy", "Horror", "Crime"];
    private readonly Dictionary<string, long> _versions = [];
    private Life? _seenIn;
    private int _number;

    public async Task RunAsync(int name)
    {
        while (!world.IsEnding)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(random.Next(1, 120)), world.Time);
            if (world.Life is not { } life)
            {
                continue;
            }

            try
            {
                await ActAsync(life, name);
            }
            catch (Exception exception) when (exception is ProcessKilledException or OperationCanceledException or UnavailableException)
            {
                // The client gives up on this call, and makes another one.
            }
        }
    }

    /// <summary>Somebody who only reads, often: what is read must not push out what is being written.</summary>
    public async Task ReadOftenAsync()
    {
        while (!world.IsEnding)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(random.Next(5, 40)), world.Time);
            if (world.Life is { } life)
            {
                try
                {
                    await SeeAsync(life, User(), static (actor, _) => actor.State.Version, CancellationToken.None);
                }
                catch (Exception exception) when (exception is ProcessKilledException or UnavailableException)
                {
                    // The engine died or is away: the reader asks again later.
                }
            }
        }
    }

    private Task ActAsync(Life life, int name) => random.Next(100) switch
    {
        < 62 => InteractAsync(life, name),
        < 66 => AppendPoisonAsync(life),
        < 69 => AppendAsync(life, Topics.Interactions, User(), user => new ConsentChange
        {
            Id = Id(name), User = user, At = At(), Learning = random.Next(3) != 0,
        }),
        < 73 => EraseAsync(life, name),
        < 80 => PutMovieAsync(life),
        < 82 => life.Log.AppendAsync([new LogEntry(Topics.Movies, Movie(), default)], CancellationToken.None),
        < 84 => RejectAsync(life),
        < 85 => TrimAsync(),
        _ => ReadAsync(life),
    };

    private async Task InteractAsync(Life life, int name)
    {
        var records = new List<Interaction>();
        for (var count = random.Next(4) == 0 ? random.Next(1, 12) : 1; count > 0; count--)
        {
            var movie = Movie();
            var kind = (InteractionKind)random.Next(7);
            double? value = kind switch
            {
                InteractionKind.Rate => random.Next(1, 11) / 2.0,
                InteractionKind.Watch => random.NextDouble(),
                _ => null,
            };
            records.Add(new Interaction
            {
                Id = Id(name),
                User = User(),
                At = At(),
                Movie = movie,
                Kind = kind,
                Value = value,
                Preference = Normalisation.Preference(kind, value),
                Idempotent = random.Next(2) == 0,
                Genres = [Genres[movie.Length % 4], Genres[random.Next(4)]],
                Year = 1950 + (movie[^1] % 60),
                Language = "en",
                People = ["Person " + movie[^1]],
            });
        }

        // Most callers try again when they have no answer, whoever answers then.
        var entries = records.ConvertAll(record => new LogEntry(
            Topics.Interactions, record.User, JsonSerializer.SerializeToUtf8Bytes<UserRecord>(record, WireFormat.Default.UserRecord)));
        for (var attempt = 0; attempt < 4 && life is not null; attempt++)
        {
            try
            {
                var positions = await life.Log.AppendAsync(entries, CancellationToken.None);
                for (var i = 0; i < positions.Length; i++)
                {
                    world.Acknowledged(positions[i], records[i]);
                }

                await ReadOwnWriteAsync(life, records[0].User, positions[0]);
                return;
            }
            catch (UnavailableException)
            {
                await Task.Delay(TimeSpan.FromMilliseconds(300), world.Time);
            }
            catch (ProcessKilledException)
            {
                await Task.Delay(TimeSpan.FromMilliseconds(300), world.Time);
                life = world.Life!;
            }
        }
    }

    private async Task ReadOwnWriteAsync(Life life, string user, LogPosition position)
    {
        if (random.Next(3) == 0)
        {
            await life.Engine.WaitForUsersAsync(position.Partition, position.Offset + 1, life.Machine.Death);
            var version = await life.Engine.UseUserAsync(user, 0, static (actor, _) => actor.State.Version, life.Machine.Death);
            world.Require(version > position.Offset, "a user does not know an event that was waited for");
        }
    }

    private async Task ReadAsync(Life life)
    {
        var user = User();
        using var patience = new CancellationTokenSource(TimeSpan.FromMilliseconds(random.Next(1, 200)), world.Time);
        var token = random.Next(2) == 0 ? patience.Token : CancellationToken.None;
        await SeeAsync(life, user, static (actor, at) => actor.Recommend(new RecommendationQuery(), at).Position, token);
        world.Observe(life);
    }

    private async Task SeeAsync(Life life, string user, Func<UserActor, long, long> turn, CancellationToken token)
    {
        var version = await life.Engine.UseUserAsync(user, world.Time.GetUtcNow().ToUnixTimeSeconds(), turn, token);
        if (life.Machine.IsDead)
        {
            return;
        }

        if (_seenIn != life)
        {
            _seenIn = life;
            _versions.Clear();
        }

        world.Require(version >= _versions.GetValueOrDefault(user), "a user went back");
        _versions[user] = version;
    }

    private async Task EraseAsync(Life life, int name)
    {
        var user = User();
        var position = await AppendAsync(life, Topics.Interactions, user, u => new Erasure { Id = Id(name), User = u, At = At() });
        if (random.Next(2) == 0)
        {
            await life.Engine.WaitForCheckpointAsync(position.Partition, position.Offset + 1, life.Machine.Death);
            world.Require(
                !world.Log[Topics.Interactions][position.Partition].Records.Any(r => r?.Key == user && r.Value.Offset <= position.Offset),
                "records of an erased user stand in the log after the checkpoint that passes the erasure");
        }
    }

    private Task<LogPosition[]> PutMovieAsync(Life life)
    {
        var id = Movie();
        var movie = new MovieMetadata
        {
            Id = id, Title = $"Title {_number++}", Year = 1950 + random.Next(70), Genres = [Genres[random.Next(4)]], Directors = ["Director"],
        };
        return life.Log.AppendAsync(
            [new LogEntry(Topics.Movies, id, JsonSerializer.SerializeToUtf8Bytes(movie, WireFormat.Default.MovieMetadata))], CancellationToken.None);
    }

    private Task<LogPosition[]> AppendPoisonAsync(Life life)
    {
        // Not under the key of a movie of the catalogue: compaction keeps the last record of a key, whatever it is.
        var topic = random.Next(3) switch { 0 => Topics.Interactions, 1 => Topics.Signals, _ => Topics.Movies };
        var key = topic == Topics.Interactions ? User() : topic == Topics.Signals ? Movie() : "no-movie";
        var interaction = $$"""{"type":"interaction","id":"x","user":"{{key}}","at":"2026-01-01T00:00:00Z","movie":"m","kind":"like","preference":1""";
        var signal = $$"""{"type":"signal","movie":"{{key}}","at":"2026-01-01T00:00:00Z","kind":"like","preference":1,"context":[],"source":""";
        var value = random.Next(15) switch
        {
            0 => "{",
            1 => """{"type":"unheard-of","id":"x"}""",
            2 => interaction.Replace(key, "somebody-else", StringComparison.Ordinal) + "}",
            3 => interaction.Replace("\"like\"", "99", StringComparison.Ordinal) + "}",
            4 => interaction.Replace("\"like\"", "-1", StringComparison.Ordinal) + "}",
            5 => interaction + ""","genres":[null],"people":[null]}""",
            6 => interaction.Replace("\"m\"", "null", StringComparison.Ordinal) + "}",
            7 => signal + """{"epoch":1,"partition":-1,"offset":1,"checkpoint":1}}""",
            8 => signal + """{"epoch":2147483647,"partition":9999,"offset":-1,"checkpoint":0}}""",
            9 => signal.Replace("[]", "[null]", StringComparison.Ordinal) + """{"epoch":2147483647,"partition":0,"offset":1,"checkpoint":0}}""",
            10 => interaction.Replace("2026", "0001", StringComparison.Ordinal) + "}",
            11 => interaction.Replace("2026", "9999", StringComparison.Ordinal) + "}",
            12 => $$"""{"id":"{{key}}","title":"t","genres":[null]}""",
            13 => "[1",
            _ => "null",
        };
        return life.Log.AppendAsync([new LogEntry(topic, key, Encoding.UTF8.GetBytes(value))], CancellationToken.None);
    }

    private Task<LogPosition[]> RejectAsync(Life life)
    {
        var rejected = new RejectedInput { Source = "api", Reason = "unknown-movie", Detail = "no such movie", At = At(), User = User() };
        return life.Log.AppendAsync(
            [new LogEntry(Topics.Rejected, "api", JsonSerializer.SerializeToUtf8Bytes(rejected, WireFormat.Default.RejectedInput))],
            CancellationToken.None);
    }

    private Task TrimAsync()
    {
        world.Trim();
        return Task.CompletedTask;
    }

    private static async Task<LogPosition> AppendAsync(Life life, string topic, string user, Func<string, UserRecord> make)
    {
        var value = JsonSerializer.SerializeToUtf8Bytes(make(user), WireFormat.Default.UserRecord);
        return (await life.Log.AppendAsync([new LogEntry(topic, user, value)], CancellationToken.None))[0];
    }

    // Names of one length, so that none is a part of another.
    private string User() => $"user-{(int)(Math.Pow(random.NextDouble(), 1.5) * world.Scenario.Users):000}!";

    private string Movie() => $"movie-{(int)(Math.Pow(random.NextDouble(), 1.5) * world.Scenario.Movies)}";

    private string Id(int name) => random.Next(12) == 0 ? $"{name}-{Math.Max(0, _number - random.Next(1, 4))}" : $"{name}-{_number++}";

    private DateTimeOffset At() => world.Time.GetUtcNow().AddMilliseconds(-random.Next(0, random.Next(4) == 0 ? 1_000_000_000 : 2_000));
}
