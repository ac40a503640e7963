namespace Cinegrain.Api.Requests;

internal enum QueryParameterKind
{
    Integer,
    Number,
    Boolean,
    Text,
    List,
}

/// <summary>A query parameter: said once, for the reader that checks it and for the OpenAPI document.</summary>
/// <param name="Name">Name, matched in any case.</param>
/// <param name="Kind">Type.</param>
/// <param name="Description">What it does.</param>
/// <param name="Minimum">Least value of a number, or least length of a text.</param>
/// <param name="Maximum">Greatest value of a number, or greatest length of a text or of an entry of a list.</param>
/// <param name="Default">Value when it is not given, as in the URL; null: none.</param>
/// <param name="Example">An example, as in the URL.</param>
/// <param name="MaximumCount">Most entries of a list.</param>
internal sealed record QueryParameter(
    string Name,
    QueryParameterKind Kind,
    string Description,
    double Minimum = 0,
    double Maximum = 0,
    string? Default = null,
    string? Example = null,
    int MaximumCount = 0)
{
    /// <summary>Says what a good value is.</summary>
    public string Expected => Kind switch
    {
        QueryParameterKind.Integer => $"a whole number from {Minimum:0} to {Maximum:0}",
        QueryParameterKind.Number => $"a number from {Minimum:0.###} to {Maximum:0.###}",
        QueryParameterKind.Boolean => "true or false",
        QueryParameterKind.List => $"up to {MaximumCount} entries of 1 to {Maximum:0} characters, separated by commas",
        _ => $"{Minimum:0} to {Maximum:0} characters, none of them a control character",
    };
}
