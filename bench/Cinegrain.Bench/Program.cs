using System.CommandLine;
using Cinegrain.Bench;

var films = new Option<int>("--films") { DefaultValueFactory = _ => 10_000, Description = "Films in the catalogue." };
var events = new Option<long>("--events") { DefaultValueFactory = _ => 400_000, Description = "Interactions." };
var viewers = new Option<int>("--viewers") { DefaultValueFactory = _ => 20_000, Description = "Simulated users." };
var resident = new Option<int>("--resident-users") { DefaultValueFactory = _ => 200_000, Description = "Users that may be in memory." };
var tests = new Option<int>("--tests-per-second") { DefaultValueFactory = _ => 500, Description = "Events a second that are tested before they are learned." };
var data = new Option<string>("--data") { DefaultValueFactory = _ => "bench-data", Description = "An empty folder; for restart, one that engine left." };
var noCheckpoints = new Option<bool>("--no-checkpoints") { Description = "Persist nothing, and end as if killed." };
var server = new Option<string>("--server") { DefaultValueFactory = _ => "http://localhost:5080", Description = "A running server with some movies." };
var elasticsearch = new Option<string>("--elasticsearch") { DefaultValueFactory = _ => "http://localhost:9200", Description = "An Elasticsearch; the bench removes its indices." };
var indices = new Option<string>("--elasticsearch-prefix") { DefaultValueFactory = _ => "cinegrain", Description = "First part of the names of the server's indices." };
var kafka = new Option<string?>("--kafka") { Description = "Brokers, for a log on Kafka instead of one in the folder; the bench removes its topics." };
var key = new Option<string?>("--key") { Description = "API key." };
var silo = new Option<string>("--silo") { DefaultValueFactory = _ => "src/Silo/bin/Release/net10.0/cinegrain-silo.dll", Description = "The silo's program." };
var active = new Option<int>("--active") { DefaultValueFactory = _ => 20_000, Description = "Users that are asked for their lists." };
var known = new Option<int>("--known") { Description = "Users in the store before the second silo; copies make up what the log does not give." };
var rate = new Option<int>("--rate") { DefaultValueFactory = _ => 1_000, Description = "Other interactions a second meanwhile." };
var seconds = new Option<int>("--seconds") { DefaultValueFactory = _ => 20, Description = "How long." };

var root = new RootCommand("Benchmarks of Cinegrain. Each prints what it measured and a ratio to a baseline of the same run.");
Add("rank", "Time to rank for one user.", [films, events], result => ModelBench.Rank(result.GetValue(films), (int)result.GetValue(events)));
Add("learn", "Events a second in the model alone.", [films, events], result => ModelBench.Learn(result.GetValue(films), (int)result.GetValue(events)));
AddAsync("engine", "Events a second through the durable log, and memory.", [data, films, viewers, events, resident, tests, noCheckpoints], result => EngineBench.RunAsync(Run(result)));
AddAsync("restart", "Time to start over a data folder.", [data, resident, tests], result => EngineBench.RestartAsync(Run(result)));
AddAsync("http", "Requests a second against an empty endpoint.", [server, key], async result =>
{
    using var bench = new ServerBench(result.GetValue(server)!, result.GetValue(key));
    await bench.HttpAsync();
});
AddAsync("freshness", "From a POST to its effect.", [server, key, rate, seconds], async result =>
{
    using var bench = new ServerBench(result.GetValue(server)!, result.GetValue(key));
    await bench.FreshnessAsync(result.GetValue(rate), TimeSpan.FromSeconds(result.GetValue(seconds)));
});
AddAsync("visible", "From a POST to a document that a search finds.", [server, key, elasticsearch, indices, rate, seconds], async result =>
{
    using var bench = new ServerBench(result.GetValue(server)!, result.GetValue(key));
    await bench.VisibleAsync(
        new Uri(result.GetValue(elasticsearch)!), result.GetValue(indices)!, result.GetValue(rate), TimeSpan.FromSeconds(result.GetValue(seconds)));
});
AddAsync("replay", "A replay of a log into an empty store, beside bare reading.", [kafka, data, films, viewers, events], result =>
    ReplayBench.RunAsync(result.GetValue(kafka), result.GetValue(data)!, result.GetValue(films), result.GetValue(viewers), (int)result.GetValue(events)));
AddAsync("elasticsearch", "A replay into Elasticsearch, with and without documents, beside a bare bulk loop.", [elasticsearch, kafka, data, films, viewers, events], async result =>
{
    var (catalogue, audience, interactions) = (result.GetValue(films), result.GetValue(viewers), (int)result.GetValue(events));
    using var bench = new ElasticsearchBench(result.GetValue(elasticsearch)!, result.GetValue(kafka), result.GetValue(data)!, catalogue, audience, interactions);
    await bench.RunAsync();
});
AddAsync("cluster", "One silo: a log learned, lists, memory of active users, users that come from the store.", [silo, kafka, elasticsearch, films, viewers, events, active, known], async result =>
{
    var (catalogue, audience, interactions) = (result.GetValue(films), result.GetValue(viewers), (int)result.GetValue(events));
    using var bench = new ClusterBench(
        result.GetValue(silo)!, result.GetValue(kafka) ?? "localhost:9092", result.GetValue(elasticsearch)!, catalogue, audience, interactions, result.GetValue(active), result.GetValue(known));
    await bench.RunAsync();
});
Add("scaling", "What the catalogue's changes come to in clusters of 1 to 1,000 silos, by simulation.", [films, viewers, events], result =>
    ScalingBench.Run(result.GetValue(films), result.GetValue(viewers), (int)result.GetValue(events)));
return await root.Parse(args).InvokeAsync();

EngineRun Run(ParseResult result) => new(
    result.GetValue(data)!,
    result.GetResult(films) is null ? 10_000 : result.GetValue(films),
    result.GetResult(viewers) is null ? 20_000 : result.GetValue(viewers),
    result.GetResult(events) is null ? 400_000 : result.GetValue(events),
    result.GetValue(resident),
    !result.GetValue(noCheckpoints),
    result.GetValue(tests));

void Add(string name, string description, Option[] options, Action<ParseResult> bench) => AddAsync(name, description, options, result =>
{
    bench(result);
    return Task.CompletedTask;
});

void AddAsync(string name, string description, Option[] options, Func<ParseResult, Task> bench)
{
    var command = new Command(name, description);
    foreach (var option in options)
    {
        command.Options.Add(option);
    }

    command.SetAction((result, _) => bench(result));
    root.Subcommands.Add(command);
}
