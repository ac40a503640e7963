using System.Reflection;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Confluent.Kafka;

namespace Cinegrain.Streaming.Tests.Support;

/// <summary>Finds the system's librdkafka, whose name has a version where its development package is not installed. The provider leaves that to its host.</summary>
internal static class NativeKafka
{
#pragma warning disable CA2255 // The resolver must be there before the first use of the client, wherever that is.
    [ModuleInitializer]
#pragma warning restore CA2255
    internal static void Initialize() => NativeLibrary.SetDllImportResolver(typeof(Library).Assembly, Resolve);

    private static nint Resolve(string name, Assembly assembly, DllImportSearchPath? path) =>
        NativeLibrary.TryLoad(name, assembly, path, out var handle) || (name == "librdkafka" && NativeLibrary.TryLoad("librdkafka.so.1", out handle)) ? handle : 0;
}
