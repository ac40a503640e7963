using Cinegrain.Cli.DataSets;

namespace Cinegrain.Cli.Evaluation;

/// <summary>Something that recommends and learns, one event at a time.</summary>
internal interface IMethod : IDisposable
{
    /// <summary>Length of a list.</summary>
    const int ListLength = 10;

    /// <summary>Name in the table.</summary>
    string Name { get; }

    /// <summary>
    /// Makes the list of the event's user from what was learned before the event, then learns the event. What the user has, according to the
    /// audience, is not on the list.
    /// </summary>
    /// <param name="listed">False when no list is wanted.</param>
    /// <param name="list">Takes the list, best first; at least <see cref="ListLength"/> long.</param>
    /// <returns>Length of the list.</returns>
    int TestThenLearn(in Rating rating, bool listed, Span<int> list);
}
