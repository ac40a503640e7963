using System.Net;

namespace Cinegrain.Api;

/// <summary>Settings of the REST API. Checked by <see cref="Validate"/> when the API is added to a host.</summary>
public sealed record CinegrainApiOptions
{
    /// <summary>Folder that holds <c>keys.json</c>; named in messages that say how to make a key.</summary>
    public required string DataFolder { get; init; }

    /// <summary>Largest request body, in bytes. A larger one is answered with 413.</summary>
    public int MaximumBodyBytes { get; init; } = 10_000_000;

    /// <summary>Most lines (or array elements) of one request.</summary>
    public int MaximumLines { get; init; } = 10_000;

    /// <summary>How long <c>after=</c> waits for the caller's own write before 503.</summary>
    public TimeSpan WaitLimit { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Time between the heartbeats of a stream.</summary>
    public TimeSpan Heartbeat { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>Most streams open at the same time; one more is answered with 503.</summary>
    public int MaximumStreams { get; init; } = 1_000;

    /// <summary>Requests of one API key.</summary>
    public RateLimit KeyLimit { get; init; } = new(PerSecond: 1_000, Burst: 2_000);

    /// <summary>Requests of one address (IPv6: of one /64 network). Applies once there is a key: without one only this machine gets in.</summary>
    public RateLimit AddressLimit { get; init; } = new(PerSecond: 2_000, Burst: 4_000);

    /// <summary>
    /// Proxies whose <c>X-Forwarded-For</c> and <c>X-Forwarded-Proto</c> are believed: addresses, or networks such as <c>10.0.0.0/8</c>. Empty: none, so that
    /// nobody can choose the address that a limit counts.
    /// </summary>
    public IReadOnlyList<string> TrustedProxies { get; init; } = [];

    /// <summary>Origins whose pages may call the API from a browser, such as <c>https://shop.example</c>. Empty: none.</summary>
    public IReadOnlyList<string> CorsOrigins { get; init; } = [];

    /// <summary>True to answer <c>/metrics</c> without a key, also when there are keys.</summary>
    public bool OpenMetrics { get; init; }

    /// <summary>True for one log line a request: method, route template, status and time; no ids.</summary>
    public bool AccessLog { get; init; }

    /// <summary>Where traces and metrics are sent by OTLP; null: to <c>OTEL_EXPORTER_OTLP_ENDPOINT</c> if that is set, else nowhere.</summary>
    public Uri? OtlpEndpoint { get; init; }

    /// <summary>Everything that is wrong with the settings, each as a sentence that names the setting.</summary>
    public IReadOnlyList<string> Validate()
    {
        var failures = new List<string>();
        void Check(bool good, string failure)
        {
            if (!good)
            {
                failures.Add(failure);
            }
        }

        Check(!string.IsNullOrWhiteSpace(DataFolder), "DataFolder is empty; name the folder that holds keys.json.");
        Check(MaximumBodyBytes is >= 1_000 and <= 1_000_000_000, $"MaximumBodyBytes is {MaximumBodyBytes}; choose 1,000 to 1,000,000,000.");
        Check(MaximumLines is >= 1 and <= 1_000_000, $"MaximumLines is {MaximumLines}; choose 1 to 1,000,000.");
        Check(WaitLimit > TimeSpan.Zero && WaitLimit <= TimeSpan.FromMinutes(5), $"WaitLimit is {WaitLimit}; choose more than zero, at most five minutes.");
        Check(Heartbeat >= TimeSpan.FromSeconds(1) && Heartbeat <= TimeSpan.FromMinutes(5), $"Heartbeat is {Heartbeat}; choose one second to five minutes.");
        Check(MaximumStreams is >= 0 and <= 1_000_000, $"MaximumStreams is {MaximumStreams}; choose 0 to 1,000,000.");
        Check(KeyLimit.IsValid, $"KeyLimit is {KeyLimit}; both numbers must be above zero and Burst at least 1.");
        Check(AddressLimit.IsValid, $"AddressLimit is {AddressLimit}; both numbers must be above zero and Burst at least 1.");
        Check(OtlpEndpoint is null || OtlpEndpoint is { IsAbsoluteUri: true, Scheme: "http" or "https" }, "OtlpEndpoint is not an http or https URL.");
        foreach (var proxy in TrustedProxies)
        {
            Check(
                IPAddress.TryParse(proxy, out _) || IPNetwork.TryParse(proxy, out _),
                $"TrustedProxies has '{proxy}'; it is an address such as 10.0.0.7, or a network such as 10.0.0.0/8.");
        }

        foreach (var origin in CorsOrigins)
        {
            Check(
                Uri.TryCreate(origin, UriKind.Absolute, out var uri) && uri.Scheme is "http" or "https" && uri.GetLeftPart(UriPartial.Authority) == origin,
                $"CorsOrigins has '{origin}'; an origin is scheme, host and port without a path, such as https://shop.example.");
        }

        return failures;
    }
}

/// <summary>A token bucket: <paramref name="Burst"/> requests at once, refilled by <paramref name="PerSecond"/>.</summary>
/// <param name="PerSecond">Requests a second that can go on for ever.</param>
/// <param name="Burst">Requests that an idle caller may send at once.</param>
public sealed record RateLimit(double PerSecond, int Burst)
{
    internal bool IsValid => double.IsFinite(PerSecond) && PerSecond > 0 && Burst >= 1;
}
