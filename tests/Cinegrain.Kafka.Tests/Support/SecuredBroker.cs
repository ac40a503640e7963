using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Cinegrain.Contracts.Servers;

namespace Cinegrain.Kafka.Tests.Support;

/// <summary>A broker with a listener for a user with a password over TLS, and one that asks clients for a certificate.</summary>
public sealed class SecuredBroker() : OwnServer(FolderOf(OwnBroker.Variable))
{
    public const string User = "cinegrain", Password = "secret";

    private readonly string _files = Directory.CreateTempSubdirectory("cinegrain-tls-").FullName;
    private readonly int _port = FreePorts(4);

    /// <summary>Listener of <c>sasl_ssl</c>.</summary>
    public string WithPassword => $"127.0.0.1:{_port + 2}";

    /// <summary>Listener of <c>ssl</c> with certificates on both sides.</summary>
    public string WithCertificate => $"127.0.0.1:{_port + 3}";

    public string Authority => Path.Combine(_files, "ca.crt");

    public string OtherAuthority => Path.Combine(_files, "other.crt");

    public string Certificate => Path.Combine(_files, "client.crt");

    public string Key => Path.Combine(_files, "client.key");

    protected override IEnumerable<string> Arguments
    {
        get
        {
            WriteCertificates();
            var settings = new Dictionary<string, string>
            {
                ["listeners"] =
                    $"PLAINTEXT://127.0.0.1:{_port},CONTROLLER://127.0.0.1:{_port + 1},PASSWORD://{WithPassword},MUTUAL://{WithCertificate}",
                ["advertised.listeners"] = $"PLAINTEXT://127.0.0.1:{_port},PASSWORD://{WithPassword},MUTUAL://{WithCertificate}",
                ["listener.security.protocol.map"] = "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,PASSWORD:SASL_SSL,MUTUAL:SSL",
                ["ssl.keystore.type"] = "PEM",
                ["ssl.keystore.location"] = Path.Combine(_files, "broker.pem"),
                ["ssl.truststore.type"] = "PEM",
                ["ssl.truststore.location"] = Authority,
                ["listener.name.mutual.ssl.client.auth"] = "required",
                ["sasl.enabled.mechanisms"] = "PLAIN",
                ["listener.name.password.plain.sasl.jaas.config"] =
                    $"org.apache.kafka.common.security.plain.PlainLoginModule required user_{User}=\"{Password}\";",
            };
            return [.. settings.SelectMany(setting => new[] { "--set", $"{setting.Key}={setting.Value}" }), "--port", $"{_port}"];
        }
    }

    public override async Task DisposeAsync()
    {
        await base.DisposeAsync();
        Directory.Delete(_files, recursive: true);
    }

    protected override void Started(IReadOnlyDictionary<string, string> fields)
    {
    }

    private void WriteCertificates()
    {
        using var authorityKey = RSA.Create(2048);
        using var authority = NewAuthority("ca", authorityKey);
        using var otherKey = RSA.Create(2048);
        using var other = NewAuthority("other", otherKey);
        File.WriteAllText(Authority, authority.ExportCertificatePem());
        File.WriteAllText(OtherAuthority, other.ExportCertificatePem());
        foreach (var name in new[] { "broker", "client" })
        {
            using var key = RSA.Create(2048);
            var request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
            var names = new SubjectAlternativeNameBuilder();
            names.AddIpAddress(IPAddress.Loopback);
            request.CertificateExtensions.Add(names.Build());
            using var certificate = request.Create(authority, authority.NotBefore, authority.NotAfter, RandomNumberGenerator.GetBytes(8));
            File.WriteAllText(Path.Combine(_files, $"{name}.key"), key.ExportPkcs8PrivateKeyPem());
            File.WriteAllText(Path.Combine(_files, $"{name}.crt"), certificate.ExportCertificatePem());
            File.WriteAllText(
                Path.Combine(_files, $"{name}.pem"),
                $"{key.ExportPkcs8PrivateKeyPem()}\n{certificate.ExportCertificatePem()}\n{authority.ExportCertificatePem()}\n");
        }
    }

    private static X509Certificate2 NewAuthority(string name, RSA key)
    {
        var request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        return request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(30));
    }

    /// <summary>The first of several free ports in a row.</summary>
    private static int FreePorts(int count)
    {
        while (true)
        {
            var first = Random.Shared.Next(20_000, 30_000);
            var held = new List<TcpListener>();
            try
            {
                for (var port = first; port < first + count; port++)
                {
                    held.Add(new TcpListener(IPAddress.Loopback, port));
                    held[^1].Start();
                }

                return first;
            }
            catch (SocketException)
            {
                // Somebody has one of them: others are tried.
            }
            finally
            {
                held.ForEach(listener => listener.Stop());
            }
        }
    }
}
