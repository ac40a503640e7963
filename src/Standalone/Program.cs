using Cinegrain.Standalone.Hosting;

return await CommandLine.RunAsync(args);
