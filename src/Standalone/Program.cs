using Cinegrain.Embedded.Sqlite;
using Cinegrain.Hosting;
using Cinegrain.Standalone.Hosting;

return await new HostCommandLine<StandaloneOptions>(
    "Cinegrain in one process: log, state, model, REST API and web page.",
    StandaloneOptions.Read,
    StandaloneHost.Build,
    static exception => exception is DataFolderException or StorageDamagedException ? exception.Message : null).RunAsync(args);
