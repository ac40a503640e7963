using Xunit;

namespace Cinegrain.Contracts.Servers;

/// <summary>The Kafka that the environment names.</summary>
public static class KafkaServer
{
    /// <summary>Variable with the address of a broker.</summary>
    public const string Variable = "CINEGRAIN_TEST_KAFKA";

    /// <summary>Address, or null.</summary>
    public static string? Bootstrap { get; } = Environment.GetEnvironmentVariable(Variable) is { Length: > 0 } address ? address : null;

    /// <summary>Why tests are skipped, or null.</summary>
    public static string? Skip => Bootstrap is null ? $"No Kafka: set {Variable} to the address of a broker, such as localhost:9092." : null;
}

/// <summary>A test that needs a broker; skipped, with the reason, where there is none.</summary>
public sealed class KafkaFactAttribute : FactAttribute
{
    public KafkaFactAttribute() => Skip = KafkaServer.Skip;
}

/// <summary>A test with data that needs a broker; skipped, with the reason, where there is none.</summary>
public sealed class KafkaTheoryAttribute : TheoryAttribute
{
    public KafkaTheoryAttribute() => Skip = KafkaServer.Skip;
}
