using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Cinegrain.Elasticsearch;

/// <summary>
/// Trusts a server whose certificate is the pinned one, or was issued by it: the fingerprint that Elasticsearch prints is that of its own
/// certificate authority. As in Elastic's clients the host's name is not compared, since that authority serves one cluster alone.
/// </summary>
internal static class CertificatePin
{
    public static bool IsTrusted(byte[] fingerprint, X509Certificate? certificate, X509Chain? chain)
    {
        if (certificate is not X509Certificate2 server)
        {
            return false;
        }

        if (Matches(fingerprint, server))
        {
            return true;
        }

        // Whoever sends the authority's certificate along proves nothing: the server's own has to be signed by it.
        var sent = chain is null ? [] : chain.ChainElements.Select(element => element.Certificate).Concat(chain.ChainPolicy.ExtraStore).ToList();
        if (sent.FirstOrDefault(candidate => Matches(fingerprint, candidate)) is not { } authority)
        {
            return false;
        }

        using var pinned = new X509Chain();
        pinned.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        pinned.ChainPolicy.CustomTrustStore.Add(authority);
        pinned.ChainPolicy.ExtraStore.AddRange(sent.ToArray());
        pinned.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        return pinned.Build(server);
    }

    public static RemoteCertificateValidationCallback Callback(byte[] fingerprint) =>
        (_, certificate, chain, _) => IsTrusted(fingerprint, certificate, chain);

    private static bool Matches(byte[] fingerprint, X509Certificate2 certificate) =>
        CryptographicOperations.FixedTimeEquals(certificate.GetCertHash(HashAlgorithmName.SHA256), fingerprint);
}
