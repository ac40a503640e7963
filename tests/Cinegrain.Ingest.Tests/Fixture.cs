using System.Diagnostics.CodeAnalysis;
using System.Text;
using System.Text.Json;
using Cinegrain.Model.Events;
using Cinegrain.Model.Ports;
using Microsoft.Extensions.Time.Testing;

namespace Cinegrain.Ingest.Tests;

/// <summary>An intake over a log in memory, a catalogue of two movies and a clock at a known time.</summary>
internal sealed class Fixture : IMovieLookup
{
    public static readonly DateTimeOffset Now = new(2024, 5, 1, 12, 0, 0, TimeSpan.Zero);

    public static readonly MovieMetadata Matrix = new()
    {
        Id = "603",
        Title = "The Matrix",
        Year = 1999,
        Genres = ["Action", "Sci-Fi"],
        Language = "en",
        Directors = ["Lana Wachowski", "Lilly Wachowski"],
        Cast = ["Keanu Reeves"],
    };

    public static readonly MovieMetadata Bare = new() { Id = "bare", Title = "Bare" };

    public Fixture(IntakeOptions? options = null)
    {
        Pseudonymizer = new Pseudonymizer([new PseudonymKey(1, Secret(1))]);
        Intake = new Intake(Log, this, Pseudonymizer, Time, options ?? new IntakeOptions());
    }

    public FakeTimeProvider Time { get; } = new(Now);

    public MemoryLog Log { get; } = new();

    public Pseudonymizer Pseudonymizer { get; }

    public Intake Intake { get; }

    public static byte[] Secret(byte fill) => [.. Enumerable.Repeat(fill, 32)];

    public bool TryGet(string id, [NotNullWhen(true)] out MovieMetadata? metadata)
    {
        metadata = id switch { "603" => Matrix, "bare" => Bare, _ => null };
        return metadata is not null;
    }

    public Task<IntakeReceipt> SubmitAsync(params string[] lines) =>
        SubmitAsync(lines.Select(Encoding.UTF8.GetBytes));

    public Task<IntakeReceipt> SubmitAsync(IEnumerable<byte[]> lines, string? key = null) =>
        Intake.SubmitAsync([.. lines.Select((line, i) => new IntakeLine(i + 1, line))], key, "test", CancellationToken.None);

    /// <summary>Submits a line that must pass, and gives what stands in the log.</summary>
    public async Task<Interaction> AcceptAsync(string line)
    {
        var receipt = await SubmitAsync(line);
        Assert.Empty(receipt.Rejected);
        return Interactions()[^1];
    }

    /// <summary>Submits a line that must be refused.</summary>
    public async Task<(RejectedLine Line, RejectedInput Record)> RefuseAsync(byte[] line)
    {
        var receipt = await SubmitAsync([line]);
        Assert.Equal(0, receipt.Accepted);
        Assert.Equal("", receipt.Position);
        Assert.Empty(Interactions());
        return (Assert.Single(receipt.Rejected), Rejected()[^1]);
    }

    public Task<(RejectedLine Line, RejectedInput Record)> RefuseAsync(string line) => RefuseAsync(Encoding.UTF8.GetBytes(line));

    public List<Interaction> Interactions() =>
        [.. Of(Topics.Interactions).Select(e => Assert.IsType<Interaction>(JsonSerializer.Deserialize(e.Value.Span, WireFormat.Default.UserRecord)))];

    public List<RejectedInput> Rejected() =>
        [.. Of(Topics.Rejected).Select(e => JsonSerializer.Deserialize(e.Value.Span, WireFormat.Default.RejectedInput)!)];

    private IEnumerable<LogEntry> Of(string topic) => Log.Appended.Where(e => e.Topic == topic);
}
