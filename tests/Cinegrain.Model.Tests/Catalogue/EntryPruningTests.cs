using Cinegrain.Model.Catalogue;

namespace Cinegrain.Model.Tests.Catalogue;

public sealed class EntryPruningTests
{
    [Fact]
    public void Choose_AnyWeights_KeepsTheHighestAndOfEqualOnesTheSmallerId()
    {
        var random = new Random(5);
        for (var round = 0; round < 300; round++)
        {
            var count = random.Next(2, 600);
            var kept = random.Next(1, count);
            var index = new MovieIndex();
            var movies = Enumerable.Range(0, count).Select(i => index.Handle($"m{(i * 7919) % count}-{i}")).ToArray();

            // Few different weights make ties; ascending, descending and equal ones are the classic traps of a selection.
            var weights = movies.Select((_, i) => round % 5 switch
            {
                0 => (float)random.Next(1, 4),
                1 => i,
                2 => count - i,
                3 => 7,
                _ => random.NextSingle(),
            }).ToArray();

            var stays = new bool[count];
            EntryPruning.Choose(movies, weights, kept, new Discounts(), index, stays);

            var expected = movies.Index().OrderByDescending(m => weights[m.Index] * Discounts.Of(m.Item))
                .ThenBy(m => index.Id(m.Item), StringComparer.Ordinal).Take(kept).Select(m => m.Index).Order();
            Assert.Equal(expected, stays.Index().Where(s => s.Item).Select(s => s.Index));
        }
    }

    private sealed class Discounts : IPopularity
    {
        public static float Of(int movie) => movie % 3 == 0 ? 0.5f : 1;

        public float Discount(int movie) => Of(movie);
    }
}
