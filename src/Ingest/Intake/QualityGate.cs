using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text.Json;
using System.Text.Unicode;
using Cinegrain.Model.Events;

namespace Cinegrain.Ingest;

/// <summary>
/// Judges one line <c>{"user","movie","kind","value","at","id"}</c>: a checked, normalised and enriched <see cref="Interaction"/>, or a
/// refusal that says what would be right. Fields that are not on this list are skipped and never kept; of a field that stands
/// twice nobody knows which was meant, so the line is refused. <c>value</c> must be a number wherever it stands, and is dropped for the
/// kinds that have none. An <c>at</c> slightly ahead of the clock becomes the present. Safe for concurrent use.
/// </summary>
internal sealed class QualityGate(IMovieLookup movies, Pseudonymizer pseudonymizer, IntakeOptions options)
{
    private const int FieldLength = 100;

    // More bytes than the longest id can take with every character escaped and some white space around it.
    private const int MaximumTextBytes = 2048;

    // Unix times from here on are milliseconds: in seconds this is the year 5138, in milliseconds 1973.
    private const long FirstMilliseconds = 100_000_000_000;

    private static readonly ConditionalWeakTable<MovieMetadata, string[]> People = [];

    private readonly string _tooLarge = $"the line is longer than {options.MaximumLineBytes} bytes";

    private readonly string _futureTime =
        $"at is more than {options.MaximumAhead.TotalMinutes:0.##} minutes ahead of the server's clock; send the time of the event in UTC, or leave it out for now";

    private readonly string _ancientTime =
        $"at is before {options.Earliest.UtcDateTime:yyyy-MM-dd}; send ISO 8601 with an offset, or Unix seconds or milliseconds";

    [Flags]
    private enum Seen
    {
        None = 0,
        User = 1,
        Movie = 2,
        Kind = 4,
        Value = 8,
        At = 16,
        Id = 32,
    }

    /// <summary>Judges a line.</summary>
    /// <param name="idempotencyKey">Checked key of the caller's, or null.</param>
    /// <param name="now">Present time; at a full millisecond.</param>
    public Verdict Judge(IntakeLine line, string? idempotencyKey, DateTimeOffset now)
    {
        var json = line.Utf8Json.Span;
        if (json.Length > options.MaximumLineBytes)
        {
            return Refuse(RejectionReason.TooLarge, _tooLarge, json: default, user: null);
        }

        if (!Utf8.IsValid(json))
        {
            return Refuse(RejectionReason.MalformedJson, "the line is not valid UTF-8", json: default, user: null);
        }

        if (json.StartsWith("\uFEFF"u8))
        {
            json = json[3..];
        }

        var fields = new Fields(stackalloc char[MaximumTextBytes], stackalloc char[Pseudonymizer.MaximumLength]);
        try
        {
            if (!Read(json, ref fields))
            {
                return Refuse(fields.Reason!, fields.Detail!, json: default, user: null);
            }
        }
        catch (JsonException e)
        {
            return Refuse(
                RejectionReason.MalformedJson,
                $"""not valid JSON at byte {e.BytePositionInLine}; send one object such as {"{"}"user":"u1","movie":"m1","kind":"rate","value":4.5{"}"}""",
                json: default,
                user: null);
        }

        if (fields.Pseudonym is null)
        {
            fields.Fail(RejectionReason.MissingField, "user is missing; send the id of the user as a string or an integer");
        }

        if (fields.Movie is null)
        {
            fields.Fail(RejectionReason.MissingField, "movie is missing; send the catalogue id of the movie as a string or an integer");
        }

        if (fields.Kind is null)
        {
            fields.Fail(RejectionReason.MissingField, "kind is missing; send rate, watch, like, dislike, click, skip or watchlist");
        }
        else
        {
            CheckValue(ref fields);
        }

        var at = CheckTime(ref fields, now);
        if (fields.Reason is not null)
        {
            return Refuse(fields.Reason, fields.Detail!, json, fields.Pseudonym);
        }

        if (!movies.TryGet(fields.Movie!, out var movie))
        {
            return Refuse(
                RejectionReason.UnknownMovie,
                "the catalogue has no movie of this id; add it with PUT /v1/movies/{id}, or correct the id",
                json,
                fields.Pseudonym);
        }

        UInt128? chosenId = fields.IdLength > 0
            ? pseudonymizer.DeriveId(fields.Pseudonym!, "id", fields.Id, 0)
            : idempotencyKey is not null ? pseudonymizer.DeriveId(fields.Pseudonym!, "key", idempotencyKey, line.Number) : null;
        var kind = fields.Kind!.Value;
        var interaction = new Interaction
        {
            Id = chosenId is { } chosen ? Text(chosen) : Ulid.NewUlid(now).ToString(),
            User = fields.Pseudonym!,
            At = at,
            Movie = movie.Id,
            Kind = kind,
            Value = fields.Value,
            Preference = Normalisation.Preference(kind, fields.Value),
            Idempotent = chosenId is not null,
            Genres = movie.Genres,
            Year = movie.Year,
            Language = movie.Language,
            People = People.GetValue(movie, static m => [.. m.People()]),
        };
        return new Verdict(interaction, chosenId, null);
    }

    private static string Text(UInt128 id)
    {
        Span<byte> bytes = stackalloc byte[16];
        System.Buffers.Binary.BinaryPrimitives.WriteUInt128BigEndian(bytes, id);
        return new Ulid(bytes).ToString();
    }

    /// <summary>Reads every field; false when the line as a whole is of no use.</summary>
    private bool Read(ReadOnlySpan<byte> json, ref Fields fields)
    {
        var reader = new Utf8JsonReader(json, isFinalBlock: true, state: default);
        reader.Read();
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            fields.Fail(RejectionReason.MalformedJson, "the line is not a JSON object; send one object a line");
            return false;
        }

        var seen = Seen.None;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var field = FieldOf(ref reader);
            if (field == Seen.None)
            {
                reader.Skip();
                continue;
            }

            if ((seen & field) != 0)
            {
                (fields.Reason, fields.Detail) = (RejectionReason.MalformedJson, "a field stands twice in the object; send it once");
                return false;
            }

            seen |= field;
            reader.Read();
            if (reader.TokenType != JsonTokenType.Null)
            {
                ReadField(ref reader, field, ref fields);
            }

            if (reader.TokenType is JsonTokenType.StartObject or JsonTokenType.StartArray)
            {
                reader.Skip();
            }
        }

        // Finds what stands after the object.
        reader.Read();
        return true;
    }

    private void ReadField(ref Utf8JsonReader reader, Seen field, ref Fields fields)
    {
        switch (field)
        {
            case Seen.User:
                if (ReadId(ref reader, "user", ref fields, out var user))
                {
                    // Checked above: a pseudonym can be made.
                    pseudonymizer.TryPseudonym(user, out fields.Pseudonym, out _);
                }
                break;
            case Seen.Movie:
                if (ReadId(ref reader, "movie", ref fields, out var movie))
                {
                    fields.Movie = movie.ToString();
                }

                break;
            case Seen.Id:
                if (ReadId(ref reader, "id", ref fields, out var id))
                {
                    id.CopyTo(fields.IdBuffer);
                    fields.IdLength = id.Length;
                }

                break;
            case Seen.Kind:
                ReadKind(ref reader, ref fields);
                break;
            case Seen.Value:
                if (reader.TokenType != JsonTokenType.Number)
                {
                    fields.Fail(RejectionReason.WrongType, "value is not a number; send 0.5 to 5 for rate, 0 to 1 for watch");
                }
                else
                {
                    // A number beyond the range of a double is infinite here, and fails the check of the range.
                    fields.Value = reader.TryGetDouble(out var value) ? value : double.PositiveInfinity;
                }

                break;
            case Seen.At:
                ReadTime(ref reader, ref fields);
                break;
            default:
                throw new ArgumentOutOfRangeException(nameof(field), field, "not a field");
        }
    }

    /// <summary>Reads an id, which may be an integer, into the scratch buffer.</summary>
    private static bool ReadId(ref Utf8JsonReader reader, string name, ref Fields fields, out ReadOnlySpan<char> id)
    {
        id = default;
        if (reader.TokenType == JsonTokenType.Number && reader.TryGetInt64(out var number))
        {
            number.TryFormat(fields.Scratch, out var length, default, CultureInfo.InvariantCulture);
            id = fields.Scratch[..length];
            return true;
        }

        if (reader.TokenType != JsonTokenType.String)
        {
            fields.Fail(RejectionReason.WrongType, $"{name} is neither a string nor an integer of 64 bits; send an id of 1 to {Pseudonymizer.MaximumLength} characters");
            return false;
        }

        if (!ReadText(ref reader, ref fields, out id))
        {
            fields.Fail(RejectionReason.InvalidId, $"{name} is longer than {Pseudonymizer.MaximumLength} characters, or is not valid Unicode");
            return false;
        }

        if (Pseudonymizer.Check(ref id, name) is { } wrong)
        {
            fields.Fail(RejectionReason.InvalidId, wrong);
            return false;
        }

        return true;
    }

    private static bool ReadText(ref Utf8JsonReader reader, ref Fields fields, out ReadOnlySpan<char> text)
    {
        text = default;
        if (reader.ValueSpan.Length > MaximumTextBytes)
        {
            return false;
        }

        try
        {
            text = fields.Scratch[..reader.CopyString(fields.Scratch)];
            return true;
        }
        catch (InvalidOperationException)
        {
            // An escaped half of a surrogate pair.
            return false;
        }
    }

    private static void ReadKind(ref Utf8JsonReader reader, ref Fields fields)
    {
        if (reader.TokenType != JsonTokenType.String)
        {
            fields.Fail(RejectionReason.WrongType, "kind is not a string; send rate, watch, like, dislike, click, skip or watchlist");
            return;
        }

        fields.Kind = KindOf(ref reader);
        if (fields.Kind is null)
        {
            fields.Fail(RejectionReason.UnknownKind, "kind is not known; send rate, watch, like, dislike, click, skip or watchlist, in lower case");
        }
    }

    private static InteractionKind? KindOf(ref Utf8JsonReader reader)
    {
        try
        {
            return
                reader.ValueTextEquals("rate"u8) ? InteractionKind.Rate :
                reader.ValueTextEquals("watch"u8) ? InteractionKind.Watch :
                reader.ValueTextEquals("like"u8) ? InteractionKind.Like :
                reader.ValueTextEquals("dislike"u8) ? InteractionKind.Dislike :
                reader.ValueTextEquals("click"u8) ? InteractionKind.Click :
                reader.ValueTextEquals("skip"u8) ? InteractionKind.Skip :
                reader.ValueTextEquals("watchlist"u8) ? InteractionKind.Watchlist : null;
        }
        catch (InvalidOperationException)
        {
            // Text with an escaped half of a surrogate pair is no kind.
            return null;
        }
    }

    private static void ReadTime(ref Utf8JsonReader reader, ref Fields fields)
    {
        const string Form = "send ISO 8601 with an offset such as 2024-05-01T20:15:00Z, or Unix seconds or milliseconds";
        if (reader.TokenType == JsonTokenType.Number)
        {
            // A double holds every millisecond of the next 280,000 years.
            var number = reader.TryGetDouble(out var n) ? n : double.PositiveInfinity;
            var milliseconds = Math.Abs(number) < FirstMilliseconds ? number * 1000 : number;
            fields.AtMs = (long)Math.Clamp(
                Math.Floor(milliseconds), DateTimeOffset.MinValue.ToUnixTimeMilliseconds(), DateTimeOffset.MaxValue.ToUnixTimeMilliseconds());
        }
        else if (reader.TokenType != JsonTokenType.String)
        {
            fields.Fail(RejectionReason.WrongType, $"at is neither a string nor a number; {Form}");
        }
        else if (!ReadText(ref reader, ref fields, out var text) || !reader.TryGetDateTimeOffset(out var at))
        {
            fields.Fail(RejectionReason.InvalidTime, $"at is not a time; {Form}");
        }
        else if (!(text.EndsWith('Z') || (text.Length > 6 && text[^6] is '+' or '-' && text.Contains('T'))))
        {
            fields.Fail(RejectionReason.InvalidTime, $"at has no offset from UTC; {Form}");
        }
        else
        {
            fields.AtMs = at.ToUnixTimeMilliseconds();
        }
    }

    private static void CheckValue(ref Fields fields)
    {
        var value = fields.Value;
        switch (fields.Kind)
        {
            case InteractionKind.Rate when value is null:
                fields.Fail(RejectionReason.MissingField, "value is missing; a rating needs 0.5 to 5");
                break;
            case InteractionKind.Rate when value is not (>= 0.5 and <= 5):
                fields.Fail(RejectionReason.ValueOutOfRange, "value is out of range; a rating is 0.5 to 5");
                break;
            case InteractionKind.Watch when value is null:
                fields.Fail(RejectionReason.MissingField, "value is missing; a watch needs the fraction watched, 0 to 1");
                break;
            case InteractionKind.Watch when value is not (>= 0 and <= 1):
                fields.Fail(RejectionReason.ValueOutOfRange, "value is out of range; the fraction watched is 0 to 1");
                break;
            case InteractionKind.Rate or InteractionKind.Watch:
                // Minus zero becomes zero.
                fields.Value = value + 0.0;
                break;
            default:
                fields.Value = null;
                break;
        }
    }

    private DateTimeOffset CheckTime(ref Fields fields, DateTimeOffset now)
    {
        if (fields.AtMs is not { } milliseconds)
        {
            return now;
        }

        var at = DateTimeOffset.FromUnixTimeMilliseconds(milliseconds);
        if (at < options.Earliest)
        {
            fields.Fail(RejectionReason.AncientTime, _ancientTime);
        }
        else if (at > now)
        {
            if (at - now > options.MaximumAhead)
            {
                fields.Fail(RejectionReason.FutureTime, _futureTime);
            }

            at = now;
        }

        return at;
    }

    private static Verdict Refuse(string reason, string detail, ReadOnlySpan<byte> json, string? user) =>
        new(null, null, new Rejection(reason, detail, user, Describe(json)));

    /// <summary>The fields of a refused line that may be kept, as text; one that shows the raw user id is withheld.</summary>
    private static Dictionary<string, string> Describe(ReadOnlySpan<byte> json)
    {
        var fields = new Dictionary<string, string>(4);
        if (json.IsEmpty)
        {
            return fields;
        }

        string? user = null;
        var reader = new Utf8JsonReader(json, isFinalBlock: true, state: default);
        reader.Read();
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var field = FieldOf(ref reader);
            reader.Read();
            if (field is not (Seen.None or Seen.Id))
            {
                var text = Describe(ref reader);
                if (field == Seen.User)
                {
                    user = text;
                }
                else if (text is not null)
                {
                    fields[NameOf(field)] = text;
                }
            }

            reader.Skip();
        }

        foreach (var (name, text) in fields)
        {
            fields[name] = Shows(text, user) ? "(withheld: shows the user id)" : Cut(text);
        }

        return fields;
    }

    private static string? Describe(ref Utf8JsonReader reader)
    {
        switch (reader.TokenType)
        {
            case JsonTokenType.Null:
                return null;
            case JsonTokenType.StartObject:
                return "(object)";
            case JsonTokenType.StartArray:
                return "(array)";
            case JsonTokenType.String:
                try
                {
                    return reader.GetString();
                }
                catch (InvalidOperationException)
                {
                    return "(broken Unicode)";
                }

            default:
                return System.Text.Encoding.UTF8.GetString(reader.ValueSpan);
        }
    }

    // A short id such as "1" stands in many numbers by chance.
    private static bool Shows(string text, string? user)
    {
        var id = user?.Trim() ?? "";
        return id.Length > 0 && (id.Length < 4
            ? text.Trim().Equals(id, StringComparison.OrdinalIgnoreCase)
            : text.Contains(id, StringComparison.OrdinalIgnoreCase));
    }

    private static string Cut(string text) =>
        text.Length <= FieldLength ? text : text[..(char.IsHighSurrogate(text[FieldLength - 1]) ? FieldLength - 1 : FieldLength)];

    private static Seen FieldOf(ref Utf8JsonReader reader)
    {
        try
        {
            return
                reader.ValueTextEquals("user"u8) ? Seen.User :
                reader.ValueTextEquals("movie"u8) ? Seen.Movie :
                reader.ValueTextEquals("kind"u8) ? Seen.Kind :
                reader.ValueTextEquals("value"u8) ? Seen.Value :
                reader.ValueTextEquals("at"u8) ? Seen.At :
                reader.ValueTextEquals("id"u8) ? Seen.Id : Seen.None;
        }
        catch (InvalidOperationException)
        {
            // A name with an escaped half of a surrogate pair is none of these.
            return Seen.None;
        }
    }

    private static string NameOf(Seen field) => field switch
    {
        Seen.Movie => "movie",
        Seen.Kind => "kind",
        Seen.Value => "value",
        Seen.At => "at",
        _ => throw new ArgumentOutOfRangeException(nameof(field), field, "not a field that is kept"),
    };

    private ref struct Fields(Span<char> scratch, Span<char> idBuffer)
    {
        public readonly Span<char> Scratch = scratch;
        public readonly Span<char> IdBuffer = idBuffer;
        public int IdLength;
        public string? Pseudonym;
        public string? Movie;
        public InteractionKind? Kind;
        public double? Value;
        public long? AtMs;
        public string? Reason;
        public string? Detail;

        public readonly ReadOnlySpan<char> Id => IdBuffer[..IdLength];

        /// <summary>Notes a failure; the first one counts.</summary>
        public void Fail(string reason, string detail)
        {
            Reason ??= reason;
            Detail ??= detail;
        }
    }
}
