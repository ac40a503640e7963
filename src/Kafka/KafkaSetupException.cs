namespace Cinegrain.Kafka;

/// <summary>The cluster, its topics or the machine are not as they must be; the message says what to do.</summary>
public sealed class KafkaSetupException(string message, Exception? inner = null) : Exception(message, inner);
