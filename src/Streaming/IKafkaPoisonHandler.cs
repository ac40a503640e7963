namespace Cinegrain.Streaming;

/// <summary>
/// Takes records that the data adapter cannot read. The partition waits for it, and tries again with pauses when it throws; afterwards the record counts
/// as delivered. Without one of your own it is logged (topic, partition and offset) and counted.
/// </summary>
public interface IKafkaPoisonHandler
{
    /// <summary>Puts a record aside.</summary>
    /// <param name="record">The record.</param>
    /// <param name="reason">What the data adapter threw.</param>
    /// <param name="cancellationToken">Ends the attempt when the silo gives the partition up; the next silo reads the record again.</param>
    Task HandleAsync(KafkaSourceRecord record, Exception reason, CancellationToken cancellationToken);
}
