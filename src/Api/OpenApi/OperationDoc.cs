using System.Text.Json.Serialization.Metadata;
using Cinegrain.Api.Problems;
using Cinegrain.Api.Requests;
using Cinegrain.Api.Security;

namespace Cinegrain.Api.OpenApi;

/// <summary>What the OpenAPI document says of an operation, and the scope that its callers need. Metadata of the endpoint.</summary>
internal sealed record OperationDoc(string Id, string Tag, string Summary, string Description)
{
    /// <summary>Scope that a key needs; null: anyone.</summary>
    public ApiScope? Scope { get; init; }

    /// <summary>False for probes, which no rate limit holds back.</summary>
    public bool IsLimited { get; init; } = true;

    public QueryParameter[] Query { get; init; } = [];

    public IReadOnlyList<HeaderDoc> Headers { get; init; } = [];

    public BodyDoc? Body { get; init; }

    public required IReadOnlyList<ResponseDoc> Responses { get; init; }

    /// <summary>Problems of this operation, beside those that every operation may answer with.</summary>
    public IReadOnlyList<ProblemType> Problems { get; init; } = [];

    /// <summary>Every problem that it may answer with.</summary>
    public IEnumerable<ProblemType> AllProblems()
    {
        IEnumerable<ProblemType> common = [ProblemType.BadRequest, ProblemType.InvalidParameters, ProblemType.LocalOnly, ProblemType.TooManyRequests, ProblemType.Internal, ProblemType.Unavailable];
        if (Scope is not null)
        {
            common = common.Concat([ProblemType.Unauthorized, ProblemType.Forbidden]);
        }

        if (Body is not null)
        {
            common = common.Concat([ProblemType.MalformedJson, ProblemType.TooLarge, ProblemType.UnsupportedMediaType]);
        }

        return common.Concat(Problems).Distinct().OrderBy(p => p.Status);
    }
}

/// <summary>A header of a request or a response.</summary>
internal sealed record HeaderDoc(string Name, string Description, string Example);

/// <summary>A request body.</summary>
/// <param name="Type">Type of one object.</param>
/// <param name="Many">True when an array and NDJSON are taken, too.</param>
internal sealed record BodyDoc(Type Type, bool Many, string Description, IReadOnlyList<ExampleDoc> Examples);

/// <summary>A good answer.</summary>
internal sealed record ResponseDoc(int Status, string Description, Type? Type = null, ExampleDoc? Example = null)
{
    public string ContentType { get; init; } = Bodies.JsonType;

    public IReadOnlyList<HeaderDoc> Headers { get; init; } = [];
}

/// <summary>An example, as JSON.</summary>
/// <param name="ContentType">Media type that it is an example of.</param>
internal sealed record ExampleDoc(string Name, string Json, string ContentType = Bodies.JsonType)
{
    public static ExampleDoc Of<T>(string name, T value, JsonTypeInfo<T> type) =>
        new(name, System.Text.Encoding.UTF8.GetString(Requests.Json.Serialize(value, type)));
}
