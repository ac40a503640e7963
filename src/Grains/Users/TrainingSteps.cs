using Cinegrain.Model.Blending;
using Cinegrain.Model.Catalogue;
using Cinegrain.Model.Measuring;

namespace Cinegrain.Grains.Users;

/// <summary>Training examples with the movies' numbers of one process, and with their ids.</summary>
internal static class TrainingSteps
{
    public static TrainingStep Of(TrainingExample example, MovieIndex index) => new()
    {
        Partition = example.Partition,
        Offset = example.Offset,
        Bucket = example.Bucket,
        Target = example.Target,
        Movies = Array.ConvertAll(example.Movies, index.Id),
        History = Array.ConvertAll(example.History, index.Id),
        Features = example.Features,
        Rank = example.Outcome?.Rank,
        PopularityRank = example.Outcome?.PopularityRank ?? 0,
    };

    public static TrainingExample ToExample(TrainingStep step, MovieIndex index) => new()
    {
        Partition = step.Partition,
        Offset = step.Offset,
        Bucket = step.Bucket,
        Target = step.Target,
        Movies = Array.ConvertAll(step.Movies, index.Handle),
        History = Array.ConvertAll(step.History, index.Handle),
        Features = step.Features,
        Outcome = step.Rank is { } rank ? new TestOutcome(rank, step.PopularityRank) : null,
    };
}
