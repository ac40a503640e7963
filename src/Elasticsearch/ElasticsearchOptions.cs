namespace Cinegrain.Elasticsearch;

/// <summary>Where Elasticsearch is, how to get in, and how much is sent at once.</summary>
public sealed record ElasticsearchOptions
{
    /// <summary>Nodes of one cluster; the next is asked when one does not answer. Default: http://localhost:9200.</summary>
    public IReadOnlyList<Uri> Nodes { get; init; } = [new("http://localhost:9200")];

    /// <summary>API key in the encoded form that Elasticsearch hands out (base64 of <c>id:key</c>).</summary>
    public string? ApiKey { get; init; }

    /// <summary>Name for basic authentication; an API key goes before it.</summary>
    public string? User { get; init; }

    /// <summary>Password of <see cref="User"/>.</summary>
    public string? Password { get; init; }

    /// <summary>
    /// SHA-256 of the certificate authority of the cluster, in hex with or without colons, as Elasticsearch prints it at its first start. With it
    /// a certificate is trusted when that authority issued it, whatever the host's name; without it by the rules of the system.
    /// </summary>
    public string? CertificateFingerprint { get; init; }

    /// <summary>First part of the names of all indices. Default: cinegrain.</summary>
    public string Prefix { get; init; } = "cinegrain";

    /// <summary>Compresses what is sent (gzip): less traffic for more CPU. Off by default.</summary>
    public bool Compress { get; init; }

    /// <summary>Longest wait for one answer of one node. Default 30 seconds.</summary>
    public TimeSpan RequestTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Bytes of one bulk request; a larger document goes alone. Default 5 MiB.</summary>
    public int BulkBytes { get; init; } = 5 * 1024 * 1024;

    /// <summary>Documents of one bulk request. Default 2,000.</summary>
    public int BulkDocuments { get; init; } = 2_000;

    /// <summary>Attempts at what Elasticsearch refuses for now, with growing pauses, before the caller is told. Default 6.</summary>
    public int Attempts { get; init; } = 6;

    /// <summary>States that may wait to be written; more are refused. Default 500,000.</summary>
    public int QueuedStates { get; init; } = 500_000;

    /// <summary>Bytes that may wait to be written; more are refused. Default 256 MiB.</summary>
    public long QueuedBytes { get; init; } = 256 * 1024 * 1024;

    /// <summary>
    /// How long the hold of a process on the indices lasts when it is not renewed: a process that died on another machine keeps others
    /// waiting so long. Default 15 seconds.
    /// </summary>
    public TimeSpan LeaseTime { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>
    /// Name of the cluster whose processes share the indices; null when one process has them alone. A store that is shared keeps the higher of two checkpoints.
    /// </summary>
    public string? SharedBy { get; init; }

    /// <summary>Checks the values.</summary>
    /// <exception cref="ArgumentException">A value cannot be; the message says what would be right.</exception>
    public ElasticsearchOptions Validate()
    {
        Require(Nodes.Count > 0, "at least one URL of Elasticsearch is needed, such as http://localhost:9200");
        foreach (var node in Nodes)
        {
            Require(
                node.IsAbsoluteUri && node.Scheme is "http" or "https",
                $"'{node}' is no URL of Elasticsearch; it is like https://localhost:9200");
            Require(
                node.UserInfo.Length == 0,
                "a URL of Elasticsearch has a password in it; give user and password by their own settings, so that no log shows them");
        }

        Require(Password is null || User is not null, "a password of Elasticsearch needs its user");
        Require(User is null || Password is not null, "a user of Elasticsearch needs its password");
        Require(CertificateFingerprint is null || Fingerprint() is { Length: 32 }, "a certificate fingerprint is the SHA-256 of a certificate: 64 hex digits, with or without colons");
        Require(
            Prefix.Length is > 0 and <= 100 && char.IsAsciiLetterLower(Prefix[0]) && Prefix.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c is '-' or '_'),
            $"the index prefix '{Prefix}' cannot be; it has lower-case letters, digits, - and _, and begins with a letter");
        Require(RequestTimeout > TimeSpan.Zero, $"{nameof(RequestTimeout)} must be longer than zero");
        Require(BulkBytes >= 1024, $"{nameof(BulkBytes)} must be at least 1,024");
        Require(BulkDocuments >= 1, $"{nameof(BulkDocuments)} must be at least 1");
        Require(Attempts >= 1, $"{nameof(Attempts)} must be at least 1");
        Require(LeaseTime >= TimeSpan.FromSeconds(1), $"{nameof(LeaseTime)} must be at least a second");
        return this;

        static void Require(bool holds, string failure)
        {
            if (!holds)
            {
                throw new ArgumentException(failure);
            }
        }
    }

    /// <summary>The fingerprint's bytes; null when there is none or it is no hex.</summary>
    internal byte[]? Fingerprint()
    {
        if (CertificateFingerprint is null)
        {
            return null;
        }

        try
        {
            return Convert.FromHexString(CertificateFingerprint.Replace(":", "", StringComparison.Ordinal).Trim());
        }
        catch (FormatException)
        {
            return null;
        }
    }
}
