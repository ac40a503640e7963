using Cinegrain.Cli.DataSets;
using Cinegrain.Model;
using Cinegrain.Model.Events;
using Cinegrain.Model.Ranking;

namespace Cinegrain.Cli.Evaluation;

/// <summary>Which lists of the model are measured.</summary>
internal sealed record CinegrainOptions
{
    /// <summary>True for the lists of stage 1 alone.</summary>
    public bool Stage1 { get; init; }

    /// <summary>Seed of the first weights of stage 2.</summary>
    public int Seed { get; init; } = new ModelOptions().Seed;

    /// <summary>Groups of features that stage 2 does without.</summary>
    public IReadOnlyList<string> Ablate { get; init; } = [];

    /// <summary>0: by score alone; 1: as different from each other as possible.</summary>
    public double Diversity { get; init; }
}

/// <summary>The model of the servers, in lockstep; each list is the one that a server would show just before the event.</summary>
internal sealed class CinegrainMethod : IMethod
{
    private readonly RatingData _data;
    private readonly CinegrainOptions _options;
    private readonly SequentialModel _model;
    private readonly RecommendationQuery? _query;
    private readonly List<string> _list = [];

    public CinegrainMethod(RatingData data, CinegrainOptions options)
    {
        _data = data;
        _options = options;
        _model = new SequentialModel(new ModelOptions { Stage1Share = options.Stage1 ? 1 : 0, Seed = options.Seed, Ablate = options.Ablate });

        // The list without diversity is that of the test, which is made anyway.
        _query = options.Diversity > 0 ? new RecommendationQuery { Count = IMethod.ListLength, Diversity = options.Diversity } : null;
        for (var movie = 0; movie < data.CatalogueSize; movie++)
        {
            _model.Put(data.Movies[movie]);
        }
    }

    public string Name =>
        _options.Stage1 ? "Cinegrain stage 1"
        : _options.Ablate.Count > 0 ? $"Cinegrain without {string.Join(", ", _options.Ablate)}"
        : "Cinegrain";

    public int TestThenLearn(in Rating rating, bool listed, Span<int> list)
    {
        var metadata = _data.Movies[rating.Movie];
        var interaction = new Interaction
        {
            Id = "",
            User = _data.Users[rating.User],
            Movie = metadata.Id,
            Kind = InteractionKind.Rate,
            Value = rating.Value,
            Preference = Normalisation.Preference(InteractionKind.Rate, rating.Value),
            At = DateTimeOffset.FromUnixTimeSeconds(rating.Seconds),
            Genres = metadata.Genres,
            Year = metadata.Year,
            Language = metadata.Language,
            People = [.. metadata.People()],
        };
        var spread = listed && _query is not null ? _model.User(interaction.User).Recommend(_query, rating.Seconds) : null;
        _model.Learn(interaction, test: true, listed && spread is null ? _list : null);
        if (rating.Movie >= _data.CatalogueSize && _model.Shared.View.Metadata(metadata.Id) is null)
        {
            _model.Put(metadata);
        }

        if (!listed)
        {
            return 0;
        }

        var movies = spread?.Items.Select(item => item.Movie).ToList() ?? _list;
        for (var place = 0; place < movies.Count; place++)
        {
            list[place] = _data.MovieOf(movies[place]);
        }

        return movies.Count;
    }

    public void Dispose() => _model.Dispose();
}
