namespace Cinegrain.Hosting;

/// <summary>Secrets, which come from the environment or from a file.</summary>
public static class Secrets
{
    /// <summary>The value, or else what the file holds; null when neither is given.</summary>
    /// <exception cref="SettingsException">The file cannot be read.</exception>
    public static string? Read(string? value, string? file, string setting)
    {
        if (file is null || value is not null)
        {
            return value;
        }

        try
        {
            return File.ReadAllText(file).Trim();
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new SettingsException([$"{SettingsReader.Name(setting)} cannot be read: {exception.Message}"]);
        }
    }
}
