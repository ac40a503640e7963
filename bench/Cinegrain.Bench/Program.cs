using System.CommandLine;
using Cinegrain.Bench;

var films = new Option<int>("--films") { DefaultValueFactory = _ => 10_000, Description = "Films in the catalogue." };
var events = new Option<int>("--events") { DefaultValueFactory = _ => 400_000, Description = "Interactions." };
var root = new RootCommand("Benchmarks of Cinegrain. Each prints what it measured and a ratio to a baseline of the same run.");
Add("rank", "Time to rank for one user.", ModelBench.Rank);
Add("learn", "Events a second in the model alone.", ModelBench.Learn);
return root.Parse(args).Invoke();

void Add(string name, string description, Action<int, int> bench)
{
    var command = new Command(name, description) { films, events };
    command.SetAction(result => bench(result.GetValue(films), result.GetValue(events)));
    root.Subcommands.Add(command);
}
