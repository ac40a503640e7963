using Cinegrain.Model.Events;
using Cinegrain.Model.Measuring;
using Cinegrain.Model.Ranking;

namespace Cinegrain.Model.Tests.Reranking;

/// <summary>What nobody can do to the lists of others.</summary>
public sealed class GuardRailTests
{
    [Fact]
    public void Repeat_ByOneUser_MovesNoListOfOthers()
    {
        var world = new World(8, movies: 80, users: 10, events: 1200);
        using var model = world.Learn();
        var before = Lists(model, world);
        var count = model.Movies["m70"].Count;
        model.Learn(Make.Interaction("m70", 999_000, user: "k1-flooder"), test: true);
        var once = Lists(model, world);
        var taken = model.Movies["m70"].Popularity(0);
        for (var i = 1; i < 3000; i++)
        {
            model.Learn(Make.Interaction("m70", 999_000 + i, user: "k1-flooder"), test: true);
        }

        Assert.Equal(count + 1, model.Movies["m70"].Count);
        Assert.Equal(taken, model.Movies["m70"].Popularity(0));
        Assert.Equal(once, Lists(model, world));
        Assert.Equal(before.Length, once.Length);
    }

    [Fact]
    public void Burst_OfBots_IsOvercome()
    {
        // Four groups of users, each with films of its own: something to be learned.
        var random = new Random(6);
        using var clean = new SequentialModel(new ModelOptions());
        using var attacked = new SequentialModel(new ModelOptions());
        for (var i = 0; i < 240; i++)
        {
            clean.Put(Make.Movie($"m{i}"));
            attacked.Put(Make.Movie($"m{i}"));
        }

        long time = 0;
        var (cleanAfter, attackedAfter) = (default(QualitySums), default(QualitySums));
        for (var i = 0; i < 9000; i++)
        {
            if (i == 4000)
            {
                // Two thousand events of bots in some minutes: each takes any film, and they agree on ten.
                for (var b = 0; b < 2000; b++)
                {
                    var film = b % 2 == 0 ? random.Next(240) : 230 + random.Next(10);
                    attacked.Learn(Make.Interaction($"m{film}", time + (b / 10), user: $"k1-bot{b % 100}"), test: true);
                }
            }

            time += 60;
            var user = random.Next(120);
            var pick = (user % 4 * 60) + (int)(random.NextDouble() * random.NextDouble() * 60);
            var interaction = Make.Interaction($"m{pick}", time, InteractionKind.Like, user: $"k1-u{user}");
            var fair = clean.Learn(interaction, test: true).Test;
            var unfair = attacked.Learn(interaction, test: true).Test;
            if (i >= 5000 && fair is { } a && unfair is { } c)
            {
                (cleanAfter, attackedAfter) = (cleanAfter.With(a), attackedAfter.With(c));
            }
        }

        Assert.True(cleanAfter.Hits > 2 * cleanAfter.PopularityHits, "there is something to learn");
        Assert.True(attackedAfter.Hits > 0.9 * cleanAfter.Hits, $"{attackedAfter.Hits} of {cleanAfter.Hits} hits after the burst");
        Assert.All(
            attacked.Rerank.Parameters.Linear.Concat(attacked.Rerank.Parameters.HiddenWeights), weight => Assert.InRange(weight, -8, 8));
    }

    [Fact]
    public void Recommend_TheLastPlace_GoesToTheLeastExposedOfTheNextFive()
    {
        var world = new World(9, movies: 150, users: 10, events: 2500);
        using var model = new SequentialModel(new ModelOptions());
        Array.ForEach(world.Movies, model.Put);
        Array.ForEach(world.Events, e => model.Learn(e, test: true));
        var widened = 0;
        foreach (var state in World.States(model).Where(state => state.HistoryCount > 0))
        {
            // A list of a hundred has more places than there are candidates left over.
            string[] ranking = [.. Ids(state.User, 100)];
            string[] list = [.. Ids(state.User, 10)];
            var exposed = ranking[9..15].MinBy(movie => model.Shared.Rerank.Exposure(model.Shared.Index.Handle(movie)))!;
            Assert.Equal([.. ranking[..9], exposed], list);
            widened += exposed == ranking[9] ? 0 : 1;
        }

        Assert.True(widened > 3, $"{widened} lists were widened");

        IEnumerable<string> Ids(string user, int count) =>
            model.User(user).Recommend(new RecommendationQuery { Count = count }, world.NowSeconds).Items.Select(item => item.Movie);
    }

    private static string[] Lists(SequentialModel model, World world) => [.. World.States(model)
        .Where(state => state.User != "k1-flooder")
        .Select(state => string.Join(' ', model.User(state.User).Recommend(new RecommendationQuery(), world.NowSeconds).Items.Select(item => item.Movie)))];
}
