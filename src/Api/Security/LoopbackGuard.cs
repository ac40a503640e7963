using System.Net;
using Microsoft.AspNetCore.Http;

namespace Cinegrain.Api.Security;

/// <summary>Without API keys a host listens on this machine only.</summary>
public static class LoopbackGuard
{
    /// <summary>Checks the addresses that a host is about to listen on, before it starts.</summary>
    /// <param name="urls">Addresses as Kestrel takes them, such as <c>http://localhost:5080</c>.</param>
    /// <param name="keys">The host's keys.</param>
    /// <returns>A sentence that says what to do, when the host must not start; else null.</returns>
    public static string? Refusal(IEnumerable<string> urls, ApiKeyStore keys)
    {
        if (keys.HasKeys)
        {
            return null;
        }

        var folder = Path.GetDirectoryName(keys.FilePath);
        return urls.FirstOrDefault(url => !IsLoopback(url)) is { } open
            ? $"Refusing to listen on {open}: there are no API keys, so anyone who reaches that address could read and erase everything. " +
              $"Create a key first (cinegrain keys create --scope admin --data {folder}), or listen on this machine only (http://localhost:5080)."
            : null;
    }

    private static bool IsLoopback(string url)
    {
        BindingAddress address;
        try
        {
            address = BindingAddress.Parse(url);
        }
        catch (FormatException)
        {
            // The server says better what is wrong with it.
            return true;
        }

        // "*", "+" and any other name mean every address of the machine.
        return address.IsUnixPipe || address.IsNamedPipe || address.Host.Equals("localhost", StringComparison.OrdinalIgnoreCase) ||
            (IPAddress.TryParse(address.Host.Trim('[', ']'), out var ip) && IPAddress.IsLoopback(ip));
    }
}
