namespace Cinegrain.Model.Measuring;

/// <summary>placeholder</summary>
public sealed class PartitionStatistics;
