using System.Diagnostics;
using Cinegrain.Model;
using Cinegrain.Model.Blending;
using Cinegrain.Model.Ranking;
using Cinegrain.Model.Reranking;

namespace Cinegrain.Bench;

/// <summary>The model alone, on one thread.</summary>
internal static class ModelBench
{
    private const int TrainingEvents = 4_000;

    /// <summary>Top-10 of 10,000 films for users with 50 films of history, against reading as many numbers from memory.</summary>
    public static void Rank(int films, int events)
    {
        var movies = World.Movies(films);
        using var model = World.Model(movies);

        // The last ones train, so that the weights of stage 2 are not those of the start.
        var examples = new List<TrainingExample>();
        var learned = 0;
        foreach (var interaction in World.Interactions(movies, Math.Max(100, events / 80), events))
        {
            if (model.Learn(interaction, test: ++learned > events - TrainingEvents).Example is { } example)
            {
                examples.Add(example);
            }
        }

        Train(model, examples);
        var users = model.Users.Values.Where(user => user.State.HistoryCount == 50).Take(200).ToArray();
        var now = DateTimeOffset.UtcNow.ToUnixTimeSeconds();
        var query = new RecommendationQuery();
        var passes = new Quantiles();
        long allocated = 0;
        const int Rounds = 40;
        for (var round = 0; round < Rounds; round++)
        {
            // Another minute, so that no list is taken from the cache.
            now += 60;
            foreach (var user in users)
            {
                var before = GC.GetAllocatedBytesForCurrentThread();
                var started = Stopwatch.GetTimestamp();
                user.Recommend(query, now);
                if (round >= Rounds / 4)
                {
                    passes.Add(Stopwatch.GetElapsedTime(started));
                    allocated += GC.GetAllocatedBytesForCurrentThread() - before;
                }
            }
        }

        var baseline = new Quantiles();
        var columns = Enumerable.Range(0, 10).Select(_ => new float[films]).ToArray();
        var sum = 0f;
        for (var round = 0; round < passes.Count; round++)
        {
            var started = Stopwatch.GetTimestamp();
            foreach (var column in columns)
            {
                foreach (var value in column)
                {
                    sum += value;
                }
            }

            baseline.Add(Stopwatch.GetElapsedTime(started));
        }

        Console.WriteLine($"rank: top-10 of {films:N0} films, {users.Length} users with 50 films: {passes}");
        Console.WriteLine($"rank: {allocated / passes.Count:N0} bytes allocated a list (the result)");
        Console.WriteLine($"rank: {passes.Median / baseline.Median:N1} times a plain sum of ten columns of {films:N0} floats ({baseline}; {sum:N0})");
    }

    /// <summary>A training step of each stage.</summary>
    private static void Train(SequentialModel model, List<TrainingExample> examples)
    {
        var (rerank, blend) = (new Quantiles(), new Quantiles());
        var learner = new RerankLearner(model.Shared.Index, new ModelOptions());
        var owner = new Blend();
        foreach (var example in examples)
        {
            var started = Stopwatch.GetTimestamp();
            learner.Learn(example);
            rerank.Add(Stopwatch.GetElapsedTime(started));
            started = Stopwatch.GetTimestamp();
            owner.Learn(example);
            blend.Add(Stopwatch.GetElapsedTime(started));
        }

        Console.WriteLine($"rank: a training step of stage 2: {rerank}; of stage 1: {blend}");
    }

    /// <summary>Events a second learned by users, movies and view together, against reading the events alone.</summary>
    public static void Learn(int films, int events)
    {
        var movies = World.Movies(films);
        var interactions = World.Interactions(movies, events / 20, events).ToArray();
        for (var run = 0; run < 2; run++)
        {
            using var model = World.Model(movies);
            var started = Environment.CpuUsage.TotalTime;
            foreach (var interaction in interactions)
            {
                model.Learn(interaction, test: false);
            }

            // Processor time, the collector's included: what else runs on the machine does not count.
            var spent = Environment.CpuUsage.TotalTime - started;
            Console.WriteLine(
                $"learn: {events / spent.TotalSeconds:N0} events/s per core, {spent.TotalMicroseconds / events:N2} µs each{(run == 0 ? " (cold)" : "")}");
        }
    }
}
