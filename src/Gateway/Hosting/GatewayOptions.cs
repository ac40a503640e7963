using System.Net;
using Cinegrain.Hosting;

namespace Cinegrain.Gateway.Hosting;

/// <summary>Settings of a gateway.</summary>
internal sealed record GatewayOptions : ClusterServerOptions
{
    [Setting("Folder of the API keys and the key of the pseudonyms; the same for all gateways of a cluster.")]
    public string Data { get; init; } = "data";

    [Setting("Gateway ports of silos on this machine, with --clustering localhost, separated by commas.")]
    public string GatewayPorts { get; init; } = "30000";

    [Setting("Where the audit trail is kept: elasticsearch or none.", Choices = ["elasticsearch", "none"])]
    public string Audit { get; init; } = "elasticsearch";

    [Setting("Days that the audit trail is kept.", Least = 0.01, Most = 36_500)]
    public double RetainAuditDays { get; init; } = 1_096;

    [Setting("Requests a second of one API key.", Least = 0.01, Most = 10_000_000)]
    public double KeyRate { get; init; } = 1_000;

    [Setting("Requests a second of one address.", Least = 0.01, Most = 10_000_000)]
    public double AddressRate { get; init; } = 2_000;

    [Setting("Proxies whose X-Forwarded-For and X-Forwarded-Proto are believed: addresses or networks such as 10.0.0.0/8, separated by commas; without it, none.")]
    public string? TrustedProxies { get; init; }

    /// <summary>Silos on this machine.</summary>
    public IPEndPoint[] LocalGateways => [.. GatewayPorts.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)
        .Select(port => new IPEndPoint(IPAddress.Loopback, int.Parse(port, System.Globalization.CultureInfo.InvariantCulture)))];

    /// <summary>Reads and checks the settings.</summary>
    /// <exception cref="SettingsException">Names every setting that is wrong, with what would be right.</exception>
    public static GatewayOptions Read(IConfiguration section) => SettingsReader.Read<GatewayOptions>(section, static (options, failures) =>
    {
        SettingsReader.CheckUrls(options.Urls, failures);
        if (!options.GatewayPorts.Split(',').All(port => ushort.TryParse(port.Trim(), out var number) && number > 0))
        {
            failures.Add($"{SettingsReader.Name(nameof(GatewayPorts))} is '{options.GatewayPorts}'; it has ports separated by commas, such as 30000,30001");
        }
    });
}
