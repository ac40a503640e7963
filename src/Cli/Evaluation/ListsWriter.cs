using Cinegrain.Cli.DataSets;

namespace Cinegrain.Cli.Evaluation;

/// <summary>Writes the list of each scored event: <c>line,movie movie …</c>, best first, in order of the events.</summary>
internal sealed class ListsWriter(TextWriter writer, RatingData data)
{
    public void Write(in Rating rating, ReadOnlySpan<int> list)
    {
        writer.Write(rating.Line);
        for (var place = 0; place < list.Length; place++)
        {
            writer.Write(place == 0 ? ',' : ' ');
            writer.Write(data.Movies[list[place]].Id);
        }

        if (list.IsEmpty)
        {
            writer.Write(',');
        }

        writer.Write('\n');
    }
}
