using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;

namespace Cinegrain.Api.Telemetry;

/// <summary>OpenTelemetry: metrics for Prometheus, and everything by OTLP where that is configured.</summary>
public static class TelemetrySetup
{
    /// <summary>Meters and sources of the project: <c>Cinegrain</c> and <c>Cinegrain.*</c>.</summary>
    private const string Sources = "Cinegrain*";

    private const string OrleansMeter = "Microsoft.Orleans", OrleansCalls = "Microsoft.Orleans.Application";

    private const string EndpointVariable = "OTEL_EXPORTER_OTLP_ENDPOINT";

    /// <summary>Adds them.</summary>
    /// <param name="otlpEndpoint">Where everything is sent; null: to <c>OTEL_EXPORTER_OTLP_ENDPOINT</c> if that is set, else nowhere.</param>
    public static void AddCinegrainTelemetry(this IServiceCollection services, Uri? otlpEndpoint)
    {
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IPostConfigureOptions<LoggerFilterOptions>, LogRedaction>());

        var export = otlpEndpoint is not null || !string.IsNullOrEmpty(Environment.GetEnvironmentVariable(EndpointVariable));
        var telemetry = services.AddOpenTelemetry()
            .ConfigureResource(resource => resource.AddService("cinegrain").AddEnvironmentVariableDetector())
            .WithMetrics(metrics =>
        {
            metrics.AddMeter(Sources, OrleansMeter).AddAspNetCoreInstrumentation().AddRuntimeInstrumentation().AddPrometheusExporter();
            if (export)
            {
                metrics.AddOtlpExporter(o => o.Endpoint = otlpEndpoint ?? o.Endpoint);
            }
        });

        // Traces that go nowhere would only cost.
        if (export)
        {
            telemetry.WithTracing(traces => traces
                .AddSource(Sources, OrleansCalls)
                .AddAspNetCoreInstrumentation()
                .AddProcessor(new TraceRedaction())
                .AddOtlpExporter(o => o.Endpoint = otlpEndpoint ?? o.Endpoint));
        }
    }
}
