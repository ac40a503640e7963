using System.Globalization;
using System.Text;
using CsvHelper;
using CsvHelper.Configuration;

namespace Cinegrain.Ingest.Readers;

/// <summary>Rows of a delimited file, by CsvHelper's parser.</summary>
internal sealed class Delimited : IDisposable
{
    // Longer than any field of a sane file: a quote that is never closed would otherwise read the rest of the file into one field.
    private const int MaximumField = 1 << 20;

    private readonly string _file;
    private readonly CsvParser _parser;

    /// <param name="quoted">True for RFC 4180 quotes, false where a quote is a character like any other.</param>
    public Delimited(TextReader reader, string file, string delimiter, bool quoted)
    {
        _file = file;
        _parser = new CsvParser(reader, new CsvConfiguration(CultureInfo.InvariantCulture)
        {
            Delimiter = delimiter,
            Mode = quoted ? CsvMode.RFC4180 : CsvMode.NoEscape,
            BadDataFound = null,
            BufferSize = 1 << 16,
            MaxFieldSize = MaximumField,
        });
    }

    /// <summary>Name of the file.</summary>
    public string File => _file;

    /// <summary>Line in the file, from 1.</summary>
    public int Line => _parser.RawRow;

    /// <summary>Fields of the row.</summary>
    public int Count => _parser.Count;

    /// <summary>A field, or nothing where the row is too short.</summary>
    public string this[int index] => index >= 0 && index < _parser.Count ? _parser[index] : "";

    public static StreamReader Text(Stream stream) => new(stream, Encoding.UTF8, detectEncodingFromByteOrderMarks: true, 1 << 16);

    public bool Read()
    {
        try
        {
            return _parser.Read();
        }
        catch (MaxFieldSizeException e)
        {
            throw new DataSetException(
                $"{_file}, line {_parser.RawRow}: a field is longer than {MaximumField} characters; probably a quote is not closed", e);
        }
        catch (InvalidDataException e)
        {
            throw new DataSetException($"{_file} cannot be unpacked after line {_parser.RawRow}: the archive is broken; fetch it again", e);
        }
    }

    /// <summary>Reads the header and finds columns in it, any case.</summary>
    /// <exception cref="DataSetException">One of <paramref name="required"/> is not there.</exception>
    public Dictionary<string, int> ReadHeader(IReadOnlyList<string> required)
    {
        var columns = new Dictionary<string, int>(StringComparer.OrdinalIgnoreCase);
        if (Read())
        {
            for (var i = 0; i < Count; i++)
            {
                columns.TryAdd(this[i].Trim(), i);
            }
        }

        foreach (var name in required)
        {
            if (!columns.ContainsKey(name))
            {
                throw new DataSetException(
                    $"{_file}, line 1: expected a header with the column {name}, found {(columns.Count == 0 ? "nothing" : string.Join(", ", columns.Keys))}");
            }
        }

        return columns;
    }

    public void Dispose() => _parser.Dispose();
}
