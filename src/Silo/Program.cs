using Cinegrain.Hosting;
using Cinegrain.Silo.Hosting;

return await new HostCommandLine<SiloOptions>(
    "A silo of a Cinegrain cluster: users and movies as grains, learning from Kafka.",
    SiloOptions.Read,
    SiloHost.Build,
    static _ => null).RunAsync(args);
