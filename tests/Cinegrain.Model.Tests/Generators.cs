using Cinegrain.Model.Events;
using FsCheck;
using FsCheck.Fluent;

namespace Cinegrain.Model.Tests;

/// <summary>A user's log as FsCheck makes it, shrunk by leaving records out.</summary>
public sealed record UserLog(IReadOnlyList<UserRecord> Records)
{
    public override string ToString() => string.Join('\n', Records);
}

/// <summary>Signals to one movie, each of another source, shrunk by leaving some out.</summary>
public sealed record SignalLog(IReadOnlyList<Signal> Signals)
{
    public override string ToString() => string.Join('\n', Signals);
}

/// <summary>What FsCheck draws the records of properties from.</summary>
public static class Generators
{
    private static readonly string[] Genres = ["Drama", "Comedy", "Action", "Horror", "Sci-Fi", "Romance", "Film-Noir"];
    private static readonly string[] People = ["Agnès Varda", "Akira Kurosawa", "Bong Joon-ho", "Jane Campion", "Yasujirō Ozu", "Alfred Hitchcock"];

    private static Gen<long> Seconds => Gen.Choose(0, 50_000_000).Select(seconds => (long)seconds);

    private static Gen<string> MovieId => Gen.Choose(0, 79).Select(number => $"m{number}");

    private static Gen<T[]> SomeOf<T>(T[] values, int most) =>
        Gen.Choose(0, most).SelectMany(count => Gen.Shuffle(values).Select(shuffled => shuffled[..count]));

    private static Gen<UserRecord> Interactions =>
        from movie in MovieId
        from seconds in Seconds
        from kind in Gen.Elements(Enum.GetValues<InteractionKind>())
        from value in Gen.Choose(1, 10)
        from idempotent in Gen.Choose(0, 4)
        from id in Gen.Choose(0, 200)
        from genres in SomeOf(Genres, 4)
        from year in Gen.Choose(1920, 2030)
        from people in SomeOf(People, 4)
        from language in Gen.Elements("en", "fr", "ja", null)
        select (UserRecord)(Make.Interaction(
            movie,
            seconds,
            kind,
            kind == InteractionKind.Rate ? value / 2.0 : kind == InteractionKind.Watch ? value / 10.0 : null,
            id: idempotent == 0 ? $"id{id}" : null) with { Genres = genres, Year = year > 2026 ? null : year, People = people, Language = language });

    private static Gen<UserRecord> Records => Gen.Frequency(
        (40, Interactions),
        (1, Gen.Elements(true, false).Select(learning => (UserRecord)Make.Consent(learning))),
        (1, Gen.Constant((UserRecord)Make.Erasure())));

    public static Arbitrary<UserLog> UserLogs() => Arb.From(
        Gen.Sized(size => Gen.Choose(0, size * 3).SelectMany(count => Gen.ArrayOf(Records, count))).Select(records => new UserLog(records)),
        log => Without(log.Records).Select(records => new UserLog(records)));

    public static Arbitrary<SignalLog> SignalLogs()
    {
        var one =
            from seconds in Seconds
            from length in Gen.Choose(0, 22)
            from context in Gen.ArrayOf(MovieId, length)
            select (Seconds: seconds, Context: context.Distinct().ToArray());
        return Arb.From(
            Gen.ArrayOf(one).Select(signals => new SignalLog([.. signals.Select((signal, i) => Make.Signal(
                "subject", new SignalSource(0, i % 3, i / 3, 0), signal.Seconds, signal.Context))])),
            log => Without(log.Signals).Select(signals => new SignalLog(signals)));
    }

    private static IEnumerable<IReadOnlyList<T>> Without<T>(IReadOnlyList<T> all)
    {
        for (var length = all.Count / 2; length > 0; length /= 2)
        {
            for (var start = 0; start + length <= all.Count; start += length)
            {
                yield return [.. all.Take(start), .. all.Skip(start + length)];
            }
        }
    }
}
