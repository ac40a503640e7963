using System.Text.Json;
using Cinegrain.Model.Events;
using FsCheck.Xunit;

namespace Cinegrain.Model.Tests.Events;

public sealed class RecordWriterTests
{
    [Property(MaxTest = 40, Arbitrary = [typeof(Generators)])]
    public void ToBytes_OfAnyRecordOfAUser_IsWhatTheSerializerWrites(UserLog log)
    {
        foreach (var record in log.Records.SelectMany(Unusual))
        {
            Assert.Equal(JsonSerializer.SerializeToUtf8Bytes(record, WireFormat.Default.UserRecord), LogRecords.ToBytes(record));
        }

        static IEnumerable<UserRecord> Unusual(UserRecord record) => record is not Interaction interaction ? [record] :
        [
            interaction,
            interaction with { Value = double.Epsilon, Year = null, Language = null, Idempotent = true, Genres = [], Kind = (InteractionKind)200 },
            interaction with { Value = null, Year = -1, Language = "", Movie = "\"<\u00e9\ud83c\udfac\\\n", People = ["", "\u0001", null!], At = DateTimeOffset.MaxValue, SchemaVersion = 7 },
        ];
    }

    [Property(MaxTest = 40, Arbitrary = [typeof(Generators)])]
    public void ToBytes_OfAnySignal_IsWhatTheSerializerWrites(SignalLog log)
    {
        foreach (var signal in log.Signals.SelectMany(signal => new[]
        {
            signal,
            signal with { SecondsBefore = [0, int.MaxValue], LikedBefore = uint.MaxValue, History = -1, Preference = 1e-300 },
            signal with { Kind = (InteractionKind)7, Context = ["\u2028", "&"], Source = new(int.MinValue, 1, long.MaxValue, -1), At = DateTimeOffset.MinValue },
        }))
        {
            Assert.Equal(JsonSerializer.SerializeToUtf8Bytes<MovieRecord>(signal, WireFormat.Default.MovieRecord), LogRecords.ToBytes(signal));
        }
    }

    [Fact]
    public void ToBytes_AfterARecordThatCannotBeWritten_IsWhole()
    {
        Assert.ThrowsAny<ArgumentException>(() => LogRecords.ToBytes(Make.Interaction("603") with { Preference = double.NaN }));
        Assert.Equal(
            JsonSerializer.SerializeToUtf8Bytes(Make.Interaction("603"), WireFormat.Default.UserRecord), LogRecords.ToBytes(Make.Interaction("603")));
    }
}
