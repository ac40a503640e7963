using System.CommandLine;

namespace Cinegrain.Cli.Importing;

/// <summary>Fetches data sets of GroupLens by name, once, after their licence was shown and accepted.</summary>
internal static class MovieLensDownload
{
    private const int BufferSize = 1 << 16;

    private static readonly Dictionary<string, string> Files = new(StringComparer.OrdinalIgnoreCase)
    {
        ["small"] = "ml-latest-small.zip",
        ["latest"] = "ml-latest.zip",
    };

    public static Option<bool> Yes { get; } = new("--yes", "-y") { Description = "Accept the licence of a data set that is downloaded, without being asked." };

    public static Option<string> Mirror { get; } = new("--mirror")
    {
        Description = "Where small and latest are downloaded from.",
        HelpName = "URL",
        DefaultValueFactory = _ => "https://files.grouplens.org/datasets/movielens/",
    };

    public static Option<string> Cache { get; } = new("--cache")
    {
        Description = "Folder that keeps what was downloaded.",
        HelpName = "DIR",
        DefaultValueFactory = _ => Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.LocalApplicationData), "cinegrain"),
    };

    /// <summary>The path of a data set: as given, or that of the download when it is the name of one.</summary>
    public static async Task<string> LocateAsync(string dataSet, ParseResult result, Terminal terminal, CancellationToken cancellationToken)
    {
        if (!Files.TryGetValue(dataSet, out var file))
        {
            return dataSet;
        }

        var path = Path.Combine(result.GetRequiredValue(Cache), file);
        if (File.Exists(path))
        {
            return path;
        }

        if (!Uri.TryCreate(result.GetRequiredValue(Mirror).TrimEnd('/') + "/" + file, UriKind.Absolute, out var address) || address.Scheme is not ("http" or "https"))
        {
            throw new CommandException("--mirror takes an address such as https://files.grouplens.org/datasets/movielens/.");
        }

        await terminal.Error.WriteLineAsync($"{file} comes from GroupLens, University of Minnesota, under this licence:\n\n{ReadLicence()}").ConfigureAwait(false);
        if (!result.GetValue(Yes) && !await terminal.ConfirmAsync($"It will be downloaded from {address}.", cancellationToken).ConfigureAwait(false))
        {
            throw new CommandException("Nothing was downloaded: accept the licence by answering yes or giving --yes, or name the path of a data set that you have.");
        }

        await terminal.WithProgressAsync(!result.GetValue(CommandLine.Quiet) && !result.GetValue(CommandLine.Json), async board =>
        {
            await DownloadAsync(address, path, board, cancellationToken).ConfigureAwait(false);
            return true;
        }).ConfigureAwait(false);
        return path;
    }

    private static async Task DownloadAsync(Uri address, string path, IProgressBoard board, CancellationToken cancellationToken)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(path))!);
        var partial = path + ".part";
        try
        {
            using var http = new HttpClient();
            using var response = await http.GetAsync(address, HttpCompletionOption.ResponseHeadersRead, cancellationToken).ConfigureAwait(false);
            response.EnsureSuccessStatusCode();
            var meter = board.Begin("Download (bytes)", response.Content.Headers.ContentLength ?? 0);
            await using var from = await response.Content.ReadAsStreamAsync(cancellationToken).ConfigureAwait(false);
            await using (var to = File.Create(partial))
            {
                var buffer = new byte[BufferSize];
                for (int read; (read = await from.ReadAsync(buffer, cancellationToken).ConfigureAwait(false)) > 0;)
                {
                    await to.WriteAsync(buffer.AsMemory(0, read), cancellationToken).ConfigureAwait(false);
                    meter.Report(to.Position);
                }
            }

            File.Move(partial, path, overwrite: true);
        }
        catch (HttpRequestException error)
        {
            throw new CommandException(
                $"{address} cannot be downloaded ({error.Message}): check the connection, or fetch the file on another machine and name its path.", error);
        }
        finally
        {
            File.Delete(partial);
        }
    }

    private static string ReadLicence()
    {
        using var stream = typeof(MovieLensDownload).Assembly.GetManifestResourceStream("movielens-licence.txt")!;
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }
}
