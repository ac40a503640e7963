using System.Globalization;
using Cinegrain.Api.Problems;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.WebUtilities;

namespace Cinegrain.Api.Requests;

/// <summary>
/// Reads a query string against the parameters that an operation takes. Collects everything that is wrong; <see cref="ThrowIfInvalid"/>
/// then tells it all at once.
/// </summary>
internal struct QueryReader
{
    private static readonly string[] NoEntries = [];

    private readonly QueryParameter[] _known;
    private readonly string?[]? _values;
    private Dictionary<string, string[]>? _errors;

    public QueryReader(HttpRequest request, QueryParameter[] known)
    {
        _known = known;
        var query = request.QueryString.Value;
        if (string.IsNullOrEmpty(query) || query.Length == 1)
        {
            return;
        }

        _values = new string?[known.Length];
        foreach (var pair in new QueryStringEnumerable(query))
        {
            var name = pair.DecodeName().Span;
            if (name.IsEmpty && pair.EncodedValue.IsEmpty)
            {
                continue;
            }

            var index = IndexOf(name);
            if (index < 0)
            {
                // The name is the caller's text: shortened, it tells the typing error and no more.
                var shown = name.Length <= 40 ? name.ToString() : string.Concat(name[..40], "…");
                Fail(shown, known.Length == 0
                    ? "This address takes no parameters; leave it out."
                    : $"There is no such parameter here. Use {string.Join(", ", known.Select(p => p.Name))}.");
                continue;
            }

            var value = pair.DecodeValue().ToString();
            if (_values[index] is not { } before)
            {
                _values[index] = value;
            }
            else if (known[index].Kind == QueryParameterKind.List)
            {
                _values[index] = $"{before},{value}";
            }
            else
            {
                Fail(known[index].Name, "It is given twice; give it once.");
            }
        }
    }

    /// <summary>True when nothing is given, so that every parameter has its default.</summary>
    public readonly bool IsEmpty => _values is null;

    public int? Integer(QueryParameter parameter)
    {
        if (Value(parameter) is not { } text)
        {
            return parameter.Default is null ? null : int.Parse(parameter.Default, CultureInfo.InvariantCulture);
        }

        if (int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var value) &&
            value >= parameter.Minimum && value <= parameter.Maximum)
        {
            return value;
        }

        FailExpected(parameter);
        return null;
    }

    public double? Number(QueryParameter parameter)
    {
        if (Value(parameter) is not { } text)
        {
            return parameter.Default is null ? null : double.Parse(parameter.Default, CultureInfo.InvariantCulture);
        }

        // NaN fails both comparisons.
        if (double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var value) &&
            value >= parameter.Minimum && value <= parameter.Maximum)
        {
            return value;
        }

        FailExpected(parameter);
        return null;
    }

    public bool Boolean(QueryParameter parameter)
    {
        switch (Value(parameter))
        {
            case null:
                return parameter.Default == "true";
            case "" or "1":
                return true;
            case "0":
                return false;
            case var text when bool.TryParse(text, out var value):
                return value;
            default:
                FailExpected(parameter);
                return false;
        }
    }

    public string? Text(QueryParameter parameter)
    {
        if (Value(parameter) is not { } text)
        {
            return parameter.Default;
        }

        if (text.Length >= parameter.Minimum && text.Length <= parameter.Maximum && !Texts.HasControl(text))
        {
            return text;
        }

        FailExpected(parameter);
        return null;
    }

    public IReadOnlyList<string> List(QueryParameter parameter)
    {
        if (Value(parameter) is not { } text)
        {
            return NoEntries;
        }

        var entries = text.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        if (entries.Length <= parameter.MaximumCount && Array.TrueForAll(entries, e => e.Length <= parameter.Maximum && !Texts.HasControl(e)))
        {
            return entries;
        }

        FailExpected(parameter);
        return NoEntries;
    }

    public void Fail(string parameter, string sentence) => (_errors ??= [])[parameter] = [sentence];

    public readonly void ThrowIfInvalid()
    {
        if (_errors is not null)
        {
            throw new ProblemException(
                ProblemType.InvalidParameters,
                _errors.Count == 1 ? "A parameter is not valid; errors says which and why." : $"{_errors.Count} parameters are not valid; errors says which and why.",
                _errors);
        }
    }

    private void FailExpected(QueryParameter parameter) => Fail(parameter.Name, $"It must be {parameter.Expected}.");

    private readonly string? Value(QueryParameter parameter) => _values?[Array.IndexOf(_known, parameter)];

    private readonly int IndexOf(ReadOnlySpan<char> name)
    {
        for (var i = 0; i < _known.Length; i++)
        {
            if (name.Equals(_known[i].Name, StringComparison.OrdinalIgnoreCase))
            {
                return i;
            }
        }

        return -1;
    }
}
