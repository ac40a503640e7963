using Cinegrain.Gateway.Hosting;
using Cinegrain.Hosting;

return await new HostCommandLine<GatewayOptions>(
    "The gateway of a Cinegrain cluster: REST API, web page and intake.",
    GatewayOptions.Read,
    GatewayHost.Build,
    static _ => null).RunAsync(args);
