using Cinegrain.Cli.DataSets;
using Cinegrain.Model;
using Cinegrain.Model.Events;

namespace Cinegrain.Cli.Evaluation;

/// <summary>The model of the servers, in lockstep; each list is the one that a server would show just before the event.</summary>
internal sealed class CinegrainMethod : IMethod
{
    private readonly RatingData _data;
    private readonly SequentialModel _model = new(new ModelOptions());
    private readonly List<string> _list = [];

    public CinegrainMethod(RatingData data)
    {
        _data = data;
        for (var movie = 0; movie < data.CatalogueSize; movie++)
        {
            _model.Put(data.Movies[movie]);
        }
    }

    public string Name => "Cinegrain";

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
        _model.Learn(interaction, test: true, listed ? _list : null);
        if (rating.Movie >= _data.CatalogueSize && _model.Shared.View.Metadata(metadata.Id) is null)
        {
            _model.Put(metadata);
        }

        if (!listed)
        {
            return 0;
        }

        for (var place = 0; place < _list.Count; place++)
        {
            list[place] = _data.MovieOf(_list[place]);
        }

        return _list.Count;
    }

    public void Dispose() => _model.Dispose();
}
