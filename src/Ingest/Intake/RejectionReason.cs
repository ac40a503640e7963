namespace Cinegrain.Ingest;

/// <summary>Codes of the reasons why a line is refused.</summary>
public static class RejectionReason
{
    /// <summary>Not one JSON object in UTF-8, or a field of it stands twice.</summary>
    public const string MalformedJson = "malformed-json";

    /// <summary>The line is longer than the limit.</summary>
    public const string TooLarge = "too-large";

    /// <summary>A field that is needed is absent or null.</summary>
    public const string MissingField = "missing-field";

    /// <summary>A field has another JSON type than it should.</summary>
    public const string WrongType = "wrong-type";

    /// <summary>The kind is none of those known.</summary>
    public const string UnknownKind = "unknown-kind";

    /// <summary>The value is outside the range of its kind.</summary>
    public const string ValueOutOfRange = "value-out-of-range";

    /// <summary>The time is text in another form than ISO 8601 with an offset.</summary>
    public const string InvalidTime = "invalid-time";

    /// <summary>The time is too far in the future.</summary>
    public const string FutureTime = "future-time";

    /// <summary>The time is too long ago.</summary>
    public const string AncientTime = "ancient-time";

    /// <summary>An id is empty, too long, or has control characters or broken Unicode.</summary>
    public const string InvalidId = "invalid-id";

    /// <summary>The catalogue has no such movie.</summary>
    public const string UnknownMovie = "unknown-movie";
}
