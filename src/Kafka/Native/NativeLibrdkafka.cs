using System.Reflection;
using System.Runtime.InteropServices;
using Confluent.Kafka;

namespace Cinegrain.Kafka.Native;

/// <summary>Finds librdkafka: the one beside the program when it was built with it, else the system's.</summary>
internal static class NativeLibrdkafka
{
    private const string Name = "librdkafka", SelfContained = "centos8-librdkafka";

    private static readonly Lazy<Exception?> Loading = new(Load);

    /// <exception cref="KafkaSetupException">It is not there; the message names what to install.</exception>
    public static void EnsureLoaded()
    {
        if (Loading.Value is { } failure)
        {
            throw new KafkaSetupException(
                "Kafka needs the native library librdkafka 2.0 or newer, which is not on this machine. Install it (Debian and Ubuntu: apt-get install "
                + "librdkafka1; Fedora: dnf install librdkafka; Alpine: apk add librdkafka; macOS: brew install librdkafka), or build with "
                + "-p:BundleLibrdkafka=true",
                failure);
        }
    }

    /// <summary>Names under which systems have it; that without a version is a link of the development package.</summary>
    internal static IEnumerable<string> Candidates()
    {
        yield return OperatingSystem.IsMacOS() ? "librdkafka.1.dylib" : OperatingSystem.IsWindows() ? "librdkafka.dll" : "librdkafka.so.1";
        if (OperatingSystem.IsMacOS())
        {
            yield return "/opt/homebrew/lib/librdkafka.1.dylib";
        }
    }

    private static Exception? Load()
    {
        var client = typeof(Library).Assembly;
        NativeLibrary.SetDllImportResolver(client, Resolve);
        try
        {
            _ = Library.Version;
            return Library.Version >= 0x02_00_00_00 ? null : new NotSupportedException($"librdkafka {Library.VersionString} is too old");
        }
        catch (Exception exception) when (exception is DllNotFoundException or TypeInitializationException or InvalidOperationException)
        {
            return exception;
        }
    }

    private static nint Resolve(string name, Assembly assembly, DllImportSearchPath? path)
    {
        // The package's library first, under the name that the client asks for: several builds of it may lie beside the program.
        if (NativeLibrary.TryLoad(name, assembly, path, out var handle))
        {
            return handle;
        }

        if (name == Name)
        {
            // The package's first library needs Cyrus SASL, which small images do not have; this one of it needs nothing.
            if (NativeLibrary.TryLoad(SelfContained, assembly, path, out handle))
            {
                return handle;
            }

            foreach (var candidate in Candidates())
            {
                if (NativeLibrary.TryLoad(candidate, out handle))
                {
                    return handle;
                }
            }
        }

        return 0;
    }
}
