using Cinegrain.Model;
using Cinegrain.Model.Measuring;

namespace Cinegrain.Elasticsearch.Tests.Support;

/// <summary>One arm of an experiment as it stands.</summary>
internal static class Experiment
{
    public static VariantQuality Arm { get; } = new(
        ModelVariant.Stage1, 100, new(0.5, 0.4, 0.6), new(0.3, 0.25, 0.35), new(0.2, 0.15, 0.25), 0.4, 50, new(0.1, 0.05, 0.2));
}
