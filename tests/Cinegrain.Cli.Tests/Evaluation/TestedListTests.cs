using System.Globalization;
using Cinegrain.Cli.Tests.Support;
using Cinegrain.Model;
using Cinegrain.Model.Events;
using Cinegrain.Model.Ranking;

namespace Cinegrain.Cli.Tests.Evaluation;

public sealed class TestedListTests
{
    [Fact]
    public void Learn_WithList_IsTheListThatTheUserIsShown()
    {
        using var model = new SequentialModel(new ModelOptions());
        foreach (var line in GroupedRatings.Movies)
        {
            var fields = line.Split(',');
            model.Put(new MovieMetadata { Id = fields[0], Title = fields[1], Genres = fields[2].Split('|') });
        }

        var list = new List<string>();
        foreach (var fields in GroupedRatings.Create(1500, 60, seed: 6).Select(line => line.Split(',')))
        {
            var seconds = long.Parse(fields[3], CultureInfo.InvariantCulture);
            var value = double.Parse(fields[2], CultureInfo.InvariantCulture);
            var shown = model.User(fields[0]).Recommend(new RecommendationQuery(), seconds).Items.Select(item => item.Movie).ToList();
            var effects = model.Learn(
                new Interaction
                {
                    Id = "",
                    User = fields[0],
                    Movie = fields[1],
                    Kind = InteractionKind.Rate,
                    Value = value,
                    Preference = Normalisation.Preference(InteractionKind.Rate, value),
                    At = DateTimeOffset.FromUnixTimeSeconds(seconds),
                },
                test: true,
                list);

            Assert.Equal(shown, list);
            if (effects.Test is { Rank: < 10 } tested)
            {
                Assert.Equal(fields[1], list[tested.Rank]);
            }
        }
    }
}
