namespace Cinegrain.Model.Events;

/// <summary>
/// What JSON lets through and no actor can take. The quality gate lets none of it into the log; a record that another producer wrote must not stop a
/// partition. Each check answers with what is wrong, or null.
/// </summary>
internal static class RecordChecks
{
    public static string? Problem(UserRecord record) => record switch
    {
        _ when !IsTime(record.At) => "its time is before 1970 or after 2105",
        Interaction interaction when !Enum.IsDefined(interaction.Kind) => "its kind is none",
        Interaction interaction when !IsPreference(interaction.Preference) => "its preference is not from -1 to 1",
        Interaction { Value: { } value } when !double.IsFinite(value) => "its value is no number",
        Interaction interaction when HasNull(interaction.Genres) || HasNull(interaction.People) => "a list of its has a null",
        _ => null,
    };

    public static string? Problem(MovieRecord record) => record switch
    {
        Signal signal when !IsTime(signal.At) => "its time is before 1970 or after 2105",
        Signal signal when !Enum.IsDefined(signal.Kind) => "its kind is none",
        Signal signal when !IsPreference(signal.Preference) => "its preference is not from -1 to 1",
        Signal signal when signal.SecondsBefore.Count > signal.Context.Count || signal.SecondsBefore.Any(seconds => seconds < 0)
            => "its seconds are more than its context, or below 0",
        Signal { History: < 0 } => "its history is below 0",
        Signal signal when HasNull(signal.Context) => "its context has a null",
        Signal { Source: { Epoch: < 0 } or { Partition: < 0 } or { Offset: < 0 } or { Checkpoint: < 0 } } => "a number of its source is below 0",
        CatalogueChange { Metadata: { } metadata } => Problem(metadata),
        _ => null,
    };

    public static string? Problem(MovieMetadata metadata) =>
        HasNull(metadata.Genres) || HasNull(metadata.Directors) || HasNull(metadata.Cast) ? "a list of its has a null" : null;

    private static bool IsTime(DateTimeOffset at) => at.ToUnixTimeSeconds() is >= 0 and <= uint.MaxValue;

    private static bool IsPreference(double preference) => preference is >= -1 and <= 1;

    // Nullable annotations are checked by the serializer for properties, not for what stands in lists.
    private static bool HasNull(IReadOnlyList<string> list)
    {
        for (var i = 0; i < list.Count; i++)
        {
            if (list[i] is null)
            {
                return true;
            }
        }

        return false;
    }
}
