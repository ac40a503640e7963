using System.CommandLine;

namespace Cinegrain.Hosting;

/// <summary><c>health</c>: asks a running host whether it is ready, for images that have no other program to ask with.</summary>
public static class HealthCommand
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(4);

    private static readonly Argument<string> Url = new("url") { Description = "Address of the host.", DefaultValueFactory = _ => "http://localhost:5080" };

    /// <summary>The command.</summary>
    public static Command Create()
    {
        var command = new Command("health", "Ask a running host whether it is ready: exit code 0 when it is, 1 when it is not.") { Url };
        command.SetAction(async (result, cancellationToken) =>
        {
            using var http = new HttpClient { Timeout = Limit };
            try
            {
                using var answer = await http.GetAsync($"{result.GetRequiredValue(Url).TrimEnd('/')}/health/ready", cancellationToken);
                return answer.IsSuccessStatusCode ? 0 : 1;
            }
            catch (Exception exception) when (exception is HttpRequestException or OperationCanceledException or UriFormatException or InvalidOperationException)
            {
                await Console.Error.WriteLineAsync($"cinegrain: {exception.Message}");
                return 1;
            }
        });
        return command;
    }
}
