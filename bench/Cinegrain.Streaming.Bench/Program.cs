using System.Diagnostics;
using Cinegrain.Streaming.Bench;
using Confluent.Kafka;

// Measures the stream provider with one silo on a real Kafka. Usage:
//   cinegrain-streaming-bench BOOTSTRAP latency [EVENTS] [STREAMS] [EVENTS_PER_SECOND]
//   cinegrain-streaming-bench BOOTSTRAP cost [EVENTS] [STREAMS]
if (args.Length < 2 || args[1] is not ("latency" or "cost"))
{
    Console.Error.WriteLine("usage: BOOTSTRAP latency [EVENTS] [STREAMS] [EVENTS_PER_SECOND] | BOOTSTRAP cost [EVENTS] [STREAMS]");
    return 2;
}

int Argument(int index, int otherwise) => args.Length > index ? int.Parse(args[index], System.Globalization.CultureInfo.InvariantCulture) : otherwise;
await using var world = await World.CreateAsync(args[0], partitions: 2, lingerMs: args[1] == "latency" ? 1 : 20);
if (args[1] == "latency")
{
    await LatencyAsync(Argument(2, 10_000), Argument(3, 2_000), Argument(4, 500));
}
else
{
    await CostAsync(Argument(2, 200_000), Argument(3, 5_000));
}

return 0;

async Task LatencyAsync(int events, int streams, int perSecond)
{
    await world.StartSiloAsync();
    world.Produce(streams, streams);
    await World.DeliveredAsync(streams);

    using var bare = new BareConsumer(world);
    world.Produce(100, streams);
    await World.DeliveredAsync(streams + 100);
    var before = Received.Count;
    var cpu = World.Cpu();
    var clock = Stopwatch.StartNew();
    for (var i = 0; i < events; i++)
    {
        var wait = ((double)i / perSecond) - clock.Elapsed.TotalSeconds;
        if (wait > 0.001)
        {
            await Task.Delay(TimeSpan.FromSeconds(wait));
        }

        world.ProduceOne(i, streams);
    }

    await World.DeliveredAsync(before + events);
    Console.WriteLine($"{events} events to {streams} streams at {perSecond}/s, {(World.Cpu() - cpu) / clock.Elapsed:P0} of a core, producing and a bare consumer included");
    await bare.CaughtUpAsync(events);
    var own = Received.At.Where(pair => bare.At.ContainsKey(pair.Key)).ToList();
    Print("produce to grain", own.Select(pair => Stopwatch.GetElapsedTime(pair.Key, pair.Value)));
    Print("bare consumer to grain", own.Select(pair => Stopwatch.GetElapsedTime(bare.At[pair.Key], pair.Value)));
}

async Task CostAsync(int events, int streams)
{
    var cpu = World.Cpu();
    world.Produce(events, streams);
    var producing = World.Cpu() - cpu;
    Console.WriteLine($"producing {producing.TotalMicroseconds / events:F1} us CPU per event");
    await world.StartSiloAsync();
    for (var round = 0; round < 4; round++)
    {
        var (count, calls) = (Received.Count, Received.Calls);
        cpu = World.Cpu();
        var clock = Stopwatch.StartNew();
        if (round > 0)
        {
            world.Produce(events, streams);
        }

        await World.DeliveredAsync((round + 1L) * events);
        var used = World.Cpu() - cpu - (round > 0 ? producing : TimeSpan.Zero);
        Console.WriteLine(
            $"{(round == 0 ? $"first contact with {streams} grains" : "known grains")}: {used.TotalMicroseconds / (Received.Count - count):F1} us CPU per event, "
            + $"{(Received.Count - count) / clock.Elapsed.TotalSeconds:F0}/s, {(double)(Received.Count - count) / Math.Max(1, Received.Calls - calls):F2} events a call");
    }
}

static void Print(string name, IEnumerable<TimeSpan> times)
{
    var sorted = times.Order().ToArray();
    TimeSpan At(double share) => sorted[(int)((sorted.Length - 1) * share)];
    Console.WriteLine($"{name}: p50 {At(.5).TotalMilliseconds:F2} ms, p90 {At(.9).TotalMilliseconds:F2} ms, p99 {At(.99).TotalMilliseconds:F2} ms, n = {sorted.Length}");
}
