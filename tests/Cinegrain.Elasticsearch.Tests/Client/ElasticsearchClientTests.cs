using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Cinegrain.Elasticsearch.Tests.Support;

namespace Cinegrain.Elasticsearch.Tests.Client;

public sealed class ElasticsearchClientTests
{
    private static readonly string[] Nodes = ["http://node-1:9200", "http://node-2:9200", "http://node-3:9200/behind"];

    [Fact]
    public async Task SendAsync_NodeIsAway_AsksTheNextAndLeavesItOut()
    {
        using var nodes = new FakeNodes(request => request.Uri.Host == "node-1" ? new FakeAnswer(0) : new FakeAnswer(200));
        using var client = nodes.Client(nodes: Nodes);

        for (var i = 0; i < 6; i++)
        {
            await SendAsync(client);
        }

        Assert.Single(nodes.Requests, request => request.Uri.Host == "node-1");
        Assert.Equal(6, nodes.Requests.Count(request => request.Uri.Host != "node-1"));
    }

    [Theory]
    [InlineData(502)]
    [InlineData(503)]
    [InlineData(504)]
    public async Task SendAsync_EveryNodeIsAway_IsToldAfterOneAttemptAtEach(int status)
    {
        using var nodes = new FakeNodes(_ => new FakeAnswer(status, "<html>"));
        using var client = nodes.Client(nodes: Nodes);

        var failure = await Assert.ThrowsAsync<ElasticsearchException>(() => SendAsync(client));

        Assert.Equal(ElasticsearchFailure.Unavailable, failure.Failure);
        Assert.Equal(["node-1", "node-2", "node-3"], nodes.Requests.Select(request => request.Uri.Host).Order());
        Assert.Contains(nodes.Requests, request => request.Uri.AbsoluteUri == "http://node-3:9200/behind/path");
    }

    [Fact]
    public async Task SendAsync_NodeRefuses_AsksNoOtherAndTellsNothingOfDocuments()
    {
        using var nodes = new FakeNodes(_ => FakeAnswer.Error(400, "document_parsing_exception"));
        using var client = nodes.Client(nodes: Nodes);

        var failure = await Assert.ThrowsAsync<ElasticsearchException>(() => SendAsync(client));

        Assert.Equal(ElasticsearchFailure.Mapping, failure.Failure);
        Assert.DoesNotContain("of a document", failure.Message, StringComparison.Ordinal);
        Assert.Single(nodes.Requests);
    }

    [Fact]
    public async Task SendAsync_WithCredentials_PutsTheApiKeyFirst()
    {
        using var nodes = new FakeNodes(_ => new FakeAnswer(200));
        using var byKey = new ElasticsearchClient(new ElasticsearchOptions { ApiKey = "a2V5", User = "u", Password = "p" }, TimeProvider.System, nodes);
        using var byName = new ElasticsearchClient(new ElasticsearchOptions { User = "u", Password = "p" }, TimeProvider.System, nodes);

        await SendAsync(byKey);
        await SendAsync(byName);

        Assert.Equal(["ApiKey a2V5", "Basic dTpw"], nodes.Requests.Select(request => request.Authorization));
    }

    [Theory]
    [InlineData("http://user:secret@localhost:9200", null, "cinegrain", "password in it")]
    [InlineData("ftp://localhost", null, "cinegrain", "https://localhost:9200")]
    [InlineData("http://localhost:9200", "abc", "cinegrain", "64 hex digits")]
    [InlineData("http://localhost:9200", null, "Upper", "lower-case")]
    public void Validate_ValueThatCannotBe_SaysWhatWouldBeRight(string url, string? fingerprint, string prefix, string expected)
    {
        var options = new ElasticsearchOptions { Nodes = [new Uri(url)], CertificateFingerprint = fingerprint, Prefix = prefix };
        var failure = Assert.Throws<ArgumentException>(() => options.Validate());
        Assert.Contains(expected, failure.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("secret", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void IsTrusted_CertificateOfThePinnedAuthority_IsTrustedWhateverItsName()
    {
        using var authority = Authority("CN=authority");
        using var server = Issue(authority);
        using var chain = Chain(authority);

        Assert.True(CertificatePin.IsTrusted(authority.GetCertHash(HashAlgorithmName.SHA256), server, chain));
        Assert.True(CertificatePin.IsTrusted(server.GetCertHash(HashAlgorithmName.SHA256), server, null));
    }

    [Fact]
    public void IsTrusted_CertificateOfAnotherAuthorityThatSendsThePinnedAlong_IsNot()
    {
        using var authority = Authority("CN=authority");
        using var other = Authority("CN=authority");
        using var server = Issue(other);
        using var chain = Chain(authority);
        chain.ChainPolicy.ExtraStore.Add(other);

        Assert.False(CertificatePin.IsTrusted(authority.GetCertHash(HashAlgorithmName.SHA256), server, chain));
        Assert.False(CertificatePin.IsTrusted(authority.GetCertHash(HashAlgorithmName.SHA256), null, chain));
    }

    private static Task<byte[]> SendAsync(ElasticsearchClient client) =>
        client.SendAsync("test", HttpMethod.Get, "path", default, CancellationToken.None);

    private static X509Certificate2 Authority(string name)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest(name, key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(certificateAuthority: true, false, 0, critical: true));
        return request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
    }

    private static X509Certificate2 Issue(X509Certificate2 authority)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        return new CertificateRequest("CN=node", key, HashAlgorithmName.SHA256)
            .Create(authority, DateTimeOffset.UtcNow.AddHours(-1), DateTimeOffset.UtcNow.AddHours(1), [1, 2, 3]);
    }

    private static X509Chain Chain(X509Certificate2 sent)
    {
        var chain = new X509Chain();
        chain.ChainPolicy.ExtraStore.Add(sent);
        return chain;
    }
}
