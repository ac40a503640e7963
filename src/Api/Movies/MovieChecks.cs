using Cinegrain.Api.Requests;
using Cinegrain.Model.Events;

namespace Cinegrain.Api.Movies;

/// <summary>Checks movies that callers send.</summary>
internal static class MovieChecks
{
    private const int MaximumTitle = 500;
    private const int MaximumName = 200;

    /// <summary>The movie as it is kept, or every fault by field.</summary>
    public static MovieMetadata? Check(MovieInput input, string? id, out Dictionary<string, string[]> errors)
    {
        var faults = errors = [];
        void Expect(bool good, string field, string sentence)
        {
            if (!good)
            {
                faults[field] = [sentence];
            }
        }

        Expect(RouteIds.Fault(id) is null, "id", RouteIds.Fault(id) ?? "");
        Expect(
            !string.IsNullOrWhiteSpace(input.Title) && input.Title.Length <= MaximumTitle && !Texts.HasControl(input.Title), "title",
            $"It must be 1 to {MaximumTitle} characters, none of them a control character.");
        Expect(input.Year is null or (>= 1800 and <= 2200), "year", "It must be a year from 1800 to 2200, or left out.");
        Expect(input.Released is not { Year: < 1800 or > 2200 }, "released", "It must be a day of the years 1800 to 2200, or left out.");
        Expect(
            input.Language is null || (input.Language.Length is 2 or 3 && input.Language.All(char.IsAsciiLetter)), "language",
            "It must be a code of ISO 639, such as en, or left out.");
        ExpectNames(input.Genres, "genres", 20);
        ExpectNames(input.Directors, "directors", 20);
        ExpectNames(input.Cast, "cast", 100);
        if (errors.Count > 0)
        {
            return null;
        }

        return new MovieMetadata
        {
            Id = id!,
            Title = input.Title.Trim(),
            Year = input.Year ?? input.Released?.Year,
            Released = input.Released,
            Genres = input.Genres ?? [],
            Language = input.Language?.ToLowerInvariant(),
            Directors = input.Directors ?? [],
            Cast = input.Cast ?? [],
        };

        void ExpectNames(IReadOnlyList<string>? names, string field, int maximum) => Expect(
            names is null || (names.Count <= maximum && names.All(n => !string.IsNullOrWhiteSpace(n) && n.Length <= MaximumName && !Texts.HasControl(n))), field,
            $"It must be at most {maximum} names of 1 to {MaximumName} characters, none of them a control character.");
    }
}
