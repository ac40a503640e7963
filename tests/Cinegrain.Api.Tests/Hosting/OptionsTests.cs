using Microsoft.Extensions.DependencyInjection;

namespace Cinegrain.Api.Tests.Hosting;

public sealed class OptionsTests
{
    private static readonly CinegrainApiOptions Good = new() { DataFolder = "data" };

    [Fact]
    public void Validate_Defaults_Good() => Assert.Empty(Good.Validate());

    [Fact]
    public void AddCinegrainApi_BadSettings_AllNamedAtOnce()
    {
        var bad = Good with
        {
            DataFolder = " ", MaximumBodyBytes = 1, MaximumLines = 0, WaitLimit = TimeSpan.Zero, Heartbeat = TimeSpan.Zero, MaximumStreams = -1,
            KeyLimit = new RateLimit(0, 1), AddressLimit = new RateLimit(double.NaN, 0), CorsOrigins = ["https://shop.example/path", "*"], OtlpEndpoint = new Uri("ftp://a"),
            TrustedProxies = ["10.0.0.0/8", "proxy.example"],
        };

        var message = Assert.Throws<ArgumentException>(() => new ServiceCollection().AddCinegrainApi(bad)).Message;

        foreach (var name in new[] { "DataFolder", "MaximumBodyBytes", "MaximumLines", "WaitLimit", "Heartbeat", "MaximumStreams", "KeyLimit", "AddressLimit", "path'", "'*'", "OtlpEndpoint", "proxy.example" })
        {
            Assert.Contains(name, message);
        }
    }
}
