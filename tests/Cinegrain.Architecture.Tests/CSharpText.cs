using System.Text;

namespace Cinegrain.Architecture.Tests;

/// <summary>As much of C#'s lexical grammar as it takes to look for words in code alone.</summary>
internal static class CSharpText
{
    /// <summary>
    /// The source with comments and the contents of string and character literals left out, line breaks kept. What stands in the holes of an
    /// interpolated string is left out too.
    /// </summary>
    public static string WithoutCommentsAndStrings(string source)
    {
        var code = new StringBuilder(source.Length);
        var i = 0;
        while (i < source.Length)
        {
            if (At("//"))
            {
                Skip(until: "\n", include: false);
            }
            else if (At("/*"))
            {
                i += 2;
                Skip(until: "*/", include: true);
            }
            else if (At("\"\"\""))
            {
                var quotes = 0;
                while (i + quotes < source.Length && source[i + quotes] == '"')
                {
                    quotes++;
                }

                i += quotes;
                Skip(until: new string('"', quotes), include: true);
                code.Append("\"\"");
            }
            else if (At("@\"") || At("$@\"") || At("@$\""))
            {
                i = source.IndexOf('"', i) + 1;
                SkipQuoted('"', verbatim: true);
                code.Append("\"\"");
            }
            else if (source[i] is '"' or '\'')
            {
                var quote = source[i++];
                SkipQuoted(quote, verbatim: false);
                code.Append(quote).Append(quote);
            }
            else
            {
                code.Append(source[i++]);
            }
        }

        return code.ToString();

        bool At(string text) => string.CompareOrdinal(source, i, text, 0, text.Length) == 0;

        void Skip(string until, bool include)
        {
            var end = source.IndexOf(until, i, StringComparison.Ordinal);
            var next = end < 0 ? source.Length : end + (include ? until.Length : 0);
            Keep(next);
        }

        void SkipQuoted(char quote, bool verbatim)
        {
            var end = i;
            while (end < source.Length && source[end] != quote)
            {
                end += !verbatim && source[end] == '\\' ? 2 : 1;
                if (verbatim && end + 1 < source.Length && source[end] == quote && source[end + 1] == quote)
                {
                    end += 2;
                }
            }

            Keep(Math.Min(end + 1, source.Length));
        }

        void Keep(int next)
        {
            code.Append('\n', source.AsSpan(i, next - i).Count('\n'));
            i = next;
        }
    }
}
