using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using System.Text.Unicode;
using Cinegrain.Api.Dashboard;
using Cinegrain.Api.Health;
using Cinegrain.Api.Interactions;
using Cinegrain.Api.Movies;
using Cinegrain.Api.Problems;
using Cinegrain.Api.Recommendations;
using Cinegrain.Api.Users;
using Microsoft.AspNetCore.Http;

namespace Cinegrain.Api.Requests;

/// <summary>Source-generated JSON of everything that the API takes and answers.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    RespectNullableAnnotations = true,
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Skip)]
[JsonSerializable(typeof(Problem))]
[JsonSerializable(typeof(RecommendationsResponse))]
[JsonSerializable(typeof(InteractionInput))]
[JsonSerializable(typeof(IReadOnlyList<InteractionInput>))]
[JsonSerializable(typeof(InteractionsResponse))]
[JsonSerializable(typeof(ProfileResponse))]
[JsonSerializable(typeof(ExportResponse))]
[JsonSerializable(typeof(ErasureResponse))]
[JsonSerializable(typeof(ConsentInput))]
[JsonSerializable(typeof(ConsentResponse))]
[JsonSerializable(typeof(MovieInput))]
[JsonSerializable(typeof(IReadOnlyList<MovieInput>))]
[JsonSerializable(typeof(MovieResponse))]
[JsonSerializable(typeof(MoviePageResponse))]
[JsonSerializable(typeof(MoviesPutResponse))]
[JsonSerializable(typeof(SimilarResponse))]
[JsonSerializable(typeof(MovieListResponse))]
[JsonSerializable(typeof(DashboardResponse))]
[JsonSerializable(typeof(HealthResponse))]
internal sealed partial class ApiJson : JsonSerializerContext
{
    /// <summary>Letters of every script stay readable; what HTML could take for markup is escaped.</summary>
    public static readonly JavaScriptEncoder Encoder = JavaScriptEncoder.Create(UnicodeRanges.All);

    private static ApiJson? s_web;

    /// <summary>The context to use: as <c>Default</c>, with <see cref="Encoder"/>.</summary>
    public static ApiJson Web => s_web ??= new ApiJson(new JsonSerializerOptions(Default.Options) { Encoder = Encoder });
}

/// <summary>Writes JSON bodies.</summary>
internal static class Json
{
    public const string ContentType = "application/json; charset=utf-8";

    [ThreadStatic]
    private static Utf8JsonWriter? s_writer;

    [ThreadStatic]
    private static ArrayBufferWriter<byte>? s_buffer;

    /// <summary>A writer that belongs to this thread until <see cref="Take"/>. Nothing may be awaited in between.</summary>
    public static Utf8JsonWriter Rent()
    {
        var buffer = s_buffer ??= new ArrayBufferWriter<byte>(4096);
        buffer.ResetWrittenCount();
        var writer = s_writer ??= new Utf8JsonWriter(buffer, new JsonWriterOptions { Encoder = ApiJson.Encoder, SkipValidation = true });
        writer.Reset(buffer);
        return writer;
    }

    /// <summary>What was written since <see cref="Rent"/>, as an array of its own.</summary>
    public static byte[] Take(Utf8JsonWriter writer)
    {
        writer.Flush();
        var bytes = s_buffer!.WrittenSpan.ToArray();
        if (s_buffer.Capacity > 1_000_000)
        {
            s_buffer = null;
        }

        return bytes;
    }

    public static byte[] Serialize<T>(T value, JsonTypeInfo<T> type)
    {
        var writer = Rent();
        JsonSerializer.Serialize(writer, value, type);
        return Take(writer);
    }

    public static Task WriteAsync<T>(HttpContext context, T value, JsonTypeInfo<T> type, string contentType = ContentType) =>
        WriteAsync(context, Serialize(value, type), contentType);

    public static Task WriteAsync(HttpContext context, byte[] body, string contentType = ContentType)
    {
        var response = context.Response;
        response.ContentType = contentType;
        response.ContentLength = body.Length;
        return response.Body.WriteAsync(body, 0, body.Length, context.RequestAborted);
    }
}
