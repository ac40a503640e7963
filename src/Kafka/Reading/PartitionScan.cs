using System.Runtime.CompilerServices;
using System.Text;
using System.Threading.Channels;
using Cinegrain.Kafka.Native;
using Cinegrain.Model.Ports;
using Confluent.Kafka;

namespace Cinegrain.Kafka.Reading;

/// <summary>Reads a part of a partition once, beside the readers that follow it, with a consumer of its own.</summary>
internal static class PartitionScan
{
    private const int Ahead = 1_000;

    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(100);

    /// <exception cref="UnavailableException">Nothing came for the time that opening may take.</exception>
    public static async IAsyncEnumerable<LogRecord> ReadAsync(
        Partition partition, long from, long until, KafkaLogOptions options, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        if (from >= until)
        {
            yield break;
        }

        using var ending = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var records = Channel.CreateBounded<LogRecord>(new BoundedChannelOptions(Ahead) { SingleReader = true, SingleWriter = true });
        var reading = Task.Factory.StartNew(
            () => Fill(partition, from, until, options, records.Writer, ending.Token), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        try
        {
            await foreach (var record in records.Reader.ReadAllAsync(cancellationToken))
            {
                yield return record;
            }
        }
        finally
        {
            await ending.CancelAsync();
            await reading;
        }
    }

    private static void Fill(
        Partition partition, long from, long until, KafkaLogOptions options, ChannelWriter<LogRecord> records, CancellationToken cancellationToken)
    {
        try
        {
            var config = ClientSettings.Consumer(options);
            config.AutoOffsetReset = AutoOffsetReset.Earliest;
            using var consumer = new ConsumerBuilder<byte[]?, byte[]?>(config).SetLogHandler((_, _) => { }).Build();
            consumer.Assign(new TopicPartitionOffset(partition.Physical, from));
            var patience = 0;
            while (!cancellationToken.IsCancellationRequested)
            {
                if (consumer.Consume(Poll) is not { } result)
                {
                    if (++patience * Poll > options.OpenTimeout)
                    {
                        throw new UnavailableException($"{partition.Physical.Topic} cannot be read now", TimeSpan.FromSeconds(5));
                    }

                    continue;
                }

                patience = 0;
                if (result.IsPartitionEOF || result.Offset.Value >= until)
                {
                    break;
                }

                var record = ToRecord(result);
                if (!records.TryWrite(record))
                {
                    records.WriteAsync(record, cancellationToken).AsTask().GetAwaiter().GetResult();
                }

                if (record.Offset + 1 >= until)
                {
                    break;
                }
            }

            records.Complete();
        }
        catch (KafkaException exception)
        {
            records.Complete(new UnavailableException($"{partition.Physical.Topic} cannot be read now: {exception.Error.Reason}", TimeSpan.FromSeconds(5), exception));
        }
        catch (Exception exception)
        {
            records.Complete(exception);
        }
    }

    /// <summary>A record as the log gives it.</summary>
    internal static LogRecord ToRecord(ConsumeResult<byte[]?, byte[]?> result) => new(
        result.Offset.Value,
        result.Message.Key is { } key ? Encoding.UTF8.GetString(key) : "",
        result.Message.Value,
        result.Message.Timestamp.UnixTimestampMs);
}
