using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using OpenTelemetry.Exporter;
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
    /// <param name="beginsTraces">False for a process that only goes on with traces that others began: its own periodic work is none.</param>
    public static void AddCinegrainTelemetry(this IServiceCollection services, Uri? otlpEndpoint, bool beginsTraces = true)
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
                metrics.AddOtlpExporter(o => SetEndpoint(o, "metrics"));
            }
        });

        // Traces that go nowhere would only cost.
        if (export)
        {
            telemetry.WithTracing(traces =>
            {
                traces.AddSource(Sources, OrleansCalls)
                    .AddAspNetCoreInstrumentation()
                    .AddProcessor(new TraceRedaction())
                    .AddOtlpExporter(o => SetEndpoint(o, "traces"));
                if (!beginsTraces)
                {
                    traces.SetSampler(new ParentBasedSampler(new AlwaysOffSampler()));
                }
            });
        }

        // By HTTP each signal has a path of its own, which the exporter adds to the variable's endpoint alone.
        void SetEndpoint(OtlpExporterOptions exporter, string signal)
        {
            if (otlpEndpoint is not null)
            {
                exporter.Endpoint = exporter.Protocol == OtlpExportProtocol.HttpProtobuf
                    ? new Uri($"{otlpEndpoint.AbsoluteUri.TrimEnd('/')}/v1/{signal}")
                    : otlpEndpoint;
            }
        }
    }
}
