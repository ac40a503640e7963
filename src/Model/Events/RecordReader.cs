using System.Text.Json;

namespace Cinegrain.Model.Events;

/// <summary>
/// Reads the two kinds of record that nearly all of a log are, in half of the serializer's time and with half of its garbage. Each gives what
/// <see cref="WireFormat"/> gives, or null for what our own writers do not write (a field twice, a null, a field missing): the serializer then says what it is.
/// </summary>
internal static class RecordReader
{
    /// <exception cref="JsonException">It is no JSON.</exception>
    /// <exception cref="InvalidOperationException">A string in it is no Unicode.</exception>
    public static Interaction? Interaction(ReadOnlySpan<byte> json)
    {
        var fields = new Fields(json, "interaction"u8);
        int version = 0, year = 0;
        double value = 0, preference = 0;
        string? id = null, user = null, movie = null, language = null;
        List<string>? genres = null, people = null;
        DateTimeOffset at = default;
        InteractionKind kind = default;
        var idempotent = false;
        while (fields.Next(out var name))
        {
            _ = name.SequenceEqual("v"u8) ? fields.Take(1 << 0, out version)
                : name.SequenceEqual("id"u8) ? fields.Take(1 << 1, out id)
                : name.SequenceEqual("user"u8) ? fields.Take(1 << 2, out user)
                : name.SequenceEqual("at"u8) ? fields.Take(1 << 3, out at)
                : name.SequenceEqual("movie"u8) ? fields.Take(1 << 4, out movie)
                : name.SequenceEqual("kind"u8) ? fields.Take(1 << 5, out kind)
                : name.SequenceEqual("preference"u8) ? fields.Take(1 << 6, out preference)
                : name.SequenceEqual("value"u8) ? fields.Take(1 << 7, out value)
                : name.SequenceEqual("idempotent"u8) ? fields.Take(1 << 8, out idempotent)
                : name.SequenceEqual("genres"u8) ? fields.Take(1 << 9, 4, out genres)
                : name.SequenceEqual("year"u8) ? fields.Take(1 << 10, out year)
                : name.SequenceEqual("language"u8) ? fields.Take(1 << 11, out language)
                : name.SequenceEqual("people"u8) ? fields.Take(1 << 12, 8, out people)
                : fields.Skip(name);
        }

        return !fields.End(required: 0b111_1110) ? null : new Interaction
        {
            SchemaVersion = version,
            Id = id!,
            User = user!,
            At = at,
            Movie = movie!,
            Kind = kind,
            Value = fields.Has(1 << 7) ? value : null,
            Preference = preference,
            Idempotent = idempotent,
            Genres = genres!,
            Year = fields.Has(1 << 10) ? year : null,
            Language = language,
            People = people!,
        };
    }

    /// <inheritdoc cref="Interaction"/>
    public static Signal? Signal(ReadOnlySpan<byte> json)
    {
        var fields = new Fields(json, "signal"u8);
        int version = 0, history = 0, epoch = 0, partition = 0;
        long offset = 0, checkpoint = 0;
        uint liked = 0;
        double preference = 0;
        string? movie = null;
        List<string>? context = null;
        List<int>? seconds = null;
        DateTimeOffset at = default;
        InteractionKind kind = default;
        while (fields.Next(out var name))
        {
            _ = name.SequenceEqual("v"u8) ? fields.Take(1 << 0, out version)
                : name.SequenceEqual("movie"u8) ? fields.Take(1 << 1, out movie)
                : name.SequenceEqual("at"u8) ? fields.Take(1 << 2, out at)
                : name.SequenceEqual("kind"u8) ? fields.Take(1 << 3, out kind)
                : name.SequenceEqual("preference"u8) ? fields.Take(1 << 4, out preference)
                : name.SequenceEqual("context"u8) ? fields.Take(1 << 5, ModelConstants.ContextLength, out context)
                : name.SequenceEqual("source"u8) ? fields.Enter(1 << 6)
                : name.SequenceEqual("secondsBefore"u8) ? fields.Take(1 << 11, out seconds)
                : name.SequenceEqual("likedBefore"u8) ? fields.Take(1 << 12, out liked)
                : name.SequenceEqual("history"u8) ? fields.Take(1 << 13, out history)
                : fields.Skip(name);
            while (fields.IsInside && fields.Next(out name))
            {
                _ = name.SequenceEqual("epoch"u8) ? fields.Take(1 << 7, out epoch)
                    : name.SequenceEqual("partition"u8) ? fields.Take(1 << 8, out partition)
                    : name.SequenceEqual("offset"u8) ? fields.Take(1 << 9, out offset)
                    : name.SequenceEqual("checkpoint"u8) ? fields.Take(1 << 10, out checkpoint)
                    : fields.Skip(name);
            }
        }

        return !fields.End(required: 0b111_1111_1110) ? null : new Signal
        {
            SchemaVersion = version,
            Movie = movie!,
            At = at,
            Kind = kind,
            Preference = preference,
            Context = context!,
            SecondsBefore = seconds!,
            LikedBefore = liked,
            History = history,
            Source = new(epoch, partition, offset, checkpoint),
        };
    }

    /// <summary>The fields of a record, one after the other. Once one is not as it should be, no more come.</summary>
    private ref struct Fields
    {
        private delegate bool TryRead<T>(ref Utf8JsonReader reader, out T value);

        private Utf8JsonReader _reader;
        private int _seen;
        private bool _isOrdinary;

        /// <param name="kind">The record's, which its first field has to name.</param>
        public Fields(ReadOnlySpan<byte> json, ReadOnlySpan<byte> kind)
        {
            _reader = new(json);
            _isOrdinary = _reader.Read() && _reader.TokenType == JsonTokenType.StartObject
                && _reader.Read() && _reader.TokenType == JsonTokenType.PropertyName && _reader.ValueTextEquals("type"u8)
                && _reader.Read() && _reader.TokenType == JsonTokenType.String && _reader.ValueTextEquals(kind);
        }

        /// <summary>True inside of an object that was entered, until its last field was read.</summary>
        public bool IsInside { get; private set; }

        public readonly bool Has(int field) => (_seen & field) != 0;

        public bool Next(out ReadOnlySpan<byte> name)
        {
            name = default;
            if (!_isOrdinary || !_reader.Read() || _reader.TokenType != JsonTokenType.PropertyName)
            {
                IsInside = false;
                return false;
            }

            // An escaped name is none of ours.
            name = _reader.ValueSpan;
            return _isOrdinary = !_reader.ValueIsEscaped;
        }

        /// <summary>True when the record ended with all that it has to have, and nothing after it.</summary>
        public bool End(int required) =>
            _isOrdinary && (_seen & required) == required && _reader.TokenType == JsonTokenType.EndObject && _reader.CurrentDepth == 0 && !_reader.Read();

        /// <summary>Goes into an object, whose fields come next.</summary>
        public bool Enter(int field) => IsInside = Is(field, JsonTokenType.StartObject);

        /// <summary>Passes over a field that the kind does not have. What the serializer makes of its own names is left to it.</summary>
        public bool Skip(ReadOnlySpan<byte> name) =>
            _isOrdinary = name is not ([] or [(byte)'$', ..]) && !name.SequenceEqual("type"u8) && _reader.TrySkip();

        public bool Take(int field, out string? value) => (value = Is(field, JsonTokenType.String) ? _reader.GetString() : null) is not null;

        public bool Take(int field, out double value) =>
            Take(field, JsonTokenType.Number, static (ref reader, out read) => reader.TryGetDouble(out read), out value);

        public bool Take(int field, out int value) =>
            Take(field, JsonTokenType.Number, static (ref reader, out read) => reader.TryGetInt32(out read), out value);

        public bool Take(int field, out uint value) =>
            Take(field, JsonTokenType.Number, static (ref reader, out read) => reader.TryGetUInt32(out read), out value);

        public bool Take(int field, out long value) =>
            Take(field, JsonTokenType.Number, static (ref reader, out read) => reader.TryGetInt64(out read), out value);

        public bool Take(int field, out DateTimeOffset value) =>
            Take(field, JsonTokenType.String, static (ref reader, out read) => reader.TryGetDateTimeOffset(out read), out value);

        public bool Take(int field, out bool value)
        {
            _isOrdinary = IsFirst(field) && _reader.Read() && _reader.TokenType is JsonTokenType.True or JsonTokenType.False;
            value = _reader.TokenType == JsonTokenType.True;
            return _isOrdinary;
        }

        public bool Take(int field, out InteractionKind value)
        {
            value = default;
            if (!Is(field, JsonTokenType.String))
            {
                return false;
            }

            var name = _reader.ValueIsEscaped ? default : _reader.ValueSpan;
            (value, _isOrdinary) = name switch
            {
                _ when name.SequenceEqual("rate"u8) => (InteractionKind.Rate, true),
                _ when name.SequenceEqual("watch"u8) => (InteractionKind.Watch, true),
                _ when name.SequenceEqual("like"u8) => (InteractionKind.Like, true),
                _ when name.SequenceEqual("dislike"u8) => (InteractionKind.Dislike, true),
                _ when name.SequenceEqual("click"u8) => (InteractionKind.Click, true),
                _ when name.SequenceEqual("skip"u8) => (InteractionKind.Skip, true),
                _ when name.SequenceEqual("watchlist"u8) => (InteractionKind.Watchlist, true),
                _ => (default, false),
            };
            return _isOrdinary;
        }

        /// <param name="expected">How many values there are, more or less.</param>
        public bool Take(int field, int expected, out List<string>? values) =>
            TakeAll(field, JsonTokenType.String, static (ref reader, out read) => (read = reader.GetString()!) is not null, expected, out values);

        public bool Take(int field, out List<int>? values) =>
            TakeAll(field, JsonTokenType.Number, static (ref reader, out read) => reader.TryGetInt32(out read), 0, out values);

        private bool Take<T>(int field, JsonTokenType token, TryRead<T> tryRead, out T? value)
        {
            value = default;
            return _isOrdinary = Is(field, token) && tryRead(ref _reader, out value);
        }

        private bool TakeAll<T>(int field, JsonTokenType token, TryRead<T> tryRead, int expected, out List<T>? values)
        {
            values = null;
            if (!Is(field, JsonTokenType.StartArray))
            {
                return false;
            }

            values = new(expected);
            while (_reader.Read() && _reader.TokenType == token && tryRead(ref _reader, out var value))
            {
                values.Add(value);
            }

            return _isOrdinary = _reader.TokenType == JsonTokenType.EndArray;
        }

        private bool Is(int field, JsonTokenType token) => _isOrdinary = IsFirst(field) && _reader.Read() && _reader.TokenType == token;

        private bool IsFirst(int field)
        {
            var isFirst = !Has(field);
            _seen |= field;
            return isFirst;
        }
    }
}
