using Microsoft.AspNetCore.Http;

namespace Cinegrain.Api.Problems;

/// <summary>A kind of problem (RFC 9457). The list below is all there are; the OpenAPI document prints it.</summary>
/// <param name="Code">Last segment of the type URI; stable.</param>
/// <param name="Status">HTTP status.</param>
/// <param name="Title">The kind in a few words; the same for every occurrence.</param>
/// <param name="Remedy">What a caller does about it.</param>
internal sealed record ProblemType(string Code, int Status, string Title, string Remedy)
{
    public const string BaseUri = "https://cinegrain.dev/problems/";

    public static readonly ProblemType BadRequest = new(
        "bad-request", StatusCodes.Status400BadRequest, "The request cannot be read", "Correct what the detail names.");

    public static readonly ProblemType InvalidParameters = new(
        "invalid-parameters", StatusCodes.Status400BadRequest, "Parameters are not valid", "Each entry of errors names a parameter and what would be right.");

    public static readonly ProblemType MalformedJson = new(
        "malformed-json", StatusCodes.Status400BadRequest, "The body is not valid JSON", "Correct the body at the line and byte that the detail names.");

    public static readonly ProblemType Unauthorized = new(
        "unauthorized", StatusCodes.Status401Unauthorized, "An API key is needed",
        "Send a valid key as Authorization: Bearer KEY or X-Api-Key: KEY.");

    public static readonly ProblemType Forbidden = new(
        "forbidden", StatusCodes.Status403Forbidden, "Not allowed", "Use a key with the scope that the detail names.");

    public static readonly ProblemType LocalOnly = new(
        "local-only", StatusCodes.Status403Forbidden, "Without API keys only this machine may call",
        "Create a key with cinegrain keys create, or call by the name localhost from the same machine.");

    public static readonly ProblemType NotFound = new(
        "not-found", StatusCodes.Status404NotFound, "There is no such thing", "Check the address and the id.");

    public static readonly ProblemType MethodNotAllowed = new(
        "method-not-allowed", StatusCodes.Status405MethodNotAllowed, "The method does not fit the address", "Use a method that the Allow header names.");

    public static readonly ProblemType TooLarge = new(
        "too-large", StatusCodes.Status413PayloadTooLarge, "The body is too large", "Send it in several requests.");

    public static readonly ProblemType UnsupportedMediaType = new(
        "unsupported-media-type", StatusCodes.Status415UnsupportedMediaType, "The content type does not fit", "Send a content type that the detail names.");

    public static readonly ProblemType Rejected = new(
        "rejected", StatusCodes.Status422UnprocessableEntity, "Nothing was accepted", "Each entry of rejected names a line, a reason and what would be right.");

    public static readonly ProblemType TooManyRequests = new(
        "too-many-requests", StatusCodes.Status429TooManyRequests, "Too many requests", "Wait as long as Retry-After says.");

    public static readonly ProblemType Internal = new(
        "internal", StatusCodes.Status500InternalServerError, "The server failed", "Try again; if it stays, tell the operator the traceId.");

    public static readonly ProblemType Unavailable = new(
        "unavailable", StatusCodes.Status503ServiceUnavailable, "Not available now", "Try again after as long as Retry-After says.");

    public static readonly ProblemType NotCaughtUp = new(
        "not-caught-up", StatusCodes.Status503ServiceUnavailable, "The write is not included yet", "Try again after as long as Retry-After says.");

    /// <summary>Any other status that the server gives by itself, such as 408.</summary>
    public static readonly ProblemType Other = new(
        "http", 0, "The request was refused", "See the HTTP status.");

    public static readonly IReadOnlyList<ProblemType> All =
    [
        BadRequest, InvalidParameters, MalformedJson, Unauthorized, Forbidden, LocalOnly, NotFound, MethodNotAllowed, TooLarge,
        UnsupportedMediaType, Rejected, TooManyRequests, Internal, Unavailable, NotCaughtUp, Other,
    ];

    public string Uri => BaseUri + Code;

    /// <summary>The kind for a status that was set without a body.</summary>
    public static (ProblemType Type, string Detail) ForStatus(int status) => status switch
    {
        400 => (BadRequest, "The request could not be read. Check its address, headers and body."),
        401 => (Unauthorized, Unauthorized.Remedy),
        403 => (Forbidden, "This is not allowed."),
        404 => (NotFound, "There is nothing at this address. The addresses are listed at /openapi/v1.json and /docs."),
        405 => (MethodNotAllowed, "The address exists, but not for this method. " + MethodNotAllowed.Remedy),
        413 => (TooLarge, TooLarge.Remedy),
        415 => (UnsupportedMediaType, "Send the body as application/json."),
        429 => (TooManyRequests, TooManyRequests.Remedy),
        500 => (Internal, Internal.Remedy),
        503 => (Unavailable, Unavailable.Remedy),
        _ => (Other, "The server refused the request with this status."),
    };
}
