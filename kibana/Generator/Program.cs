using Cinegrain.Kibana;

if (args.Length != 2)
{
    await Console.Error.WriteLineAsync("usage: dotnet run --project kibana/Generator -- kibana/dashboards.json kibana/cinegrain.ndjson");
    return 2;
}

await File.WriteAllTextAsync(args[1], SavedObjects.Generate(await File.ReadAllTextAsync(args[0])));
return 0;
