namespace Cinegrain.Kafka.Tests.Support;

/// <summary>A test that needs a broker; skipped, with the reason, where there is none.</summary>
internal sealed class KafkaFactAttribute : FactAttribute
{
    public KafkaFactAttribute() => Skip = Broker.Skip;
}

/// <summary>A test with data that needs a broker; skipped, with the reason, where there is none.</summary>
internal sealed class KafkaTheoryAttribute : TheoryAttribute
{
    public KafkaTheoryAttribute() => Skip = Broker.Skip;
}
