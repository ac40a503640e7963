using Cinegrain.Model.Ports;
using FsCheck;
using FsCheck.Xunit;

namespace Cinegrain.Ingest.Tests;

public sealed class LogPositionsTests
{
    [Fact]
    public void Of_SeveralRecords_CoversTheLastOfEachPartition()
    {
        var positions = LogPositions.Of([new(7, 98), new(3, 1234), new(3, 1000)]);
        Assert.Equal("3-1235.7-99", positions.ToString());
        Assert.Equal(1235, positions.ForPartition(3));
        Assert.Null(positions.ForPartition(4));
    }

    [Theory]
    [InlineData("x")]
    [InlineData("3")]
    [InlineData("3-")]
    [InlineData("-3")]
    [InlineData("3-0")]
    [InlineData("3--1")]
    [InlineData("3-1.")]
    [InlineData(".3-1")]
    [InlineData("3-1.3-2")]
    [InlineData("3-99999999999999999999")]
    [InlineData("99999999999-1")]
    [InlineData("3-1 ")]
    [InlineData("+3-1")]
    public void Parse_NotAPosition_ThrowsFormatException(string text) => Assert.Throws<FormatException>(() => LogPositions.Parse(text));

    [Fact]
    public void Parse_VeryLongText_ThrowsFormatException() =>
        Assert.Throws<FormatException>(() => LogPositions.Parse(string.Join('.', Enumerable.Range(0, LogPositions.MaximumPartitions + 1).Select(i => $"{i}-1"))));

    [Property]
    public bool Parse_WhatToStringMade_IsTheSame((NonNegativeInt Partition, NonNegativeInt Offset)[] records)
    {
        var positions = LogPositions.Of(records.Select(r => new LogPosition(r.Partition.Get, r.Offset.Get)));
        var again = LogPositions.Parse(positions.ToString());
        return again.ToString() == positions.ToString()
            && records.All(r => again.ForPartition(r.Partition.Get) > r.Offset.Get);
    }

    [Property(MaxTest = 500)]
    public bool TryParse_AnyText_NeverThrows(string? text) =>
        !LogPositions.TryParse(text, out var positions) || positions.Partitions.All(p => p.Value > 0);
}
