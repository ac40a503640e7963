namespace Cinegrain.Api.Components;

/// <summary>One line of a <see cref="LineChart"/>.</summary>
/// <param name="Name">As in the legend.</param>
/// <param name="Class">CSS class that gives the colour and the dashes.</param>
/// <param name="Values">One value for each label.</param>
/// <param name="Filled">True to fill the area under the line.</param>
public sealed record LineSeries(string Name, string Class, IReadOnlyList<double> Values, bool Filled = false);
