using System.Reflection;
using Xunit;

namespace Cinegrain.Contracts;

/// <summary>The tests of a contract as rows of a theory: inherited facts cannot be skipped where there is no server, rows can.</summary>
public static class ContractRows
{
    /// <summary>Name and arguments of each test of a contract.</summary>
    public static TheoryData<string, object?[]> Of<TContract>()
    {
        var tests = new TheoryData<string, object?[]>();
        foreach (var method in typeof(TContract).GetMethods().Where(method => method.IsDefined(typeof(FactAttribute))))
        {
            var rows = method.GetCustomAttributes<InlineDataAttribute>().SelectMany(row => row.GetData(method)).ToList();
            foreach (var row in rows.Count > 0 ? rows : [[]])
            {
                tests.Add(method.Name, row);
            }
        }

        return tests;
    }

    /// <summary>Runs one test of a contract, from its initialisation to its disposal.</summary>
    public static async Task RunAsync<TContract>(TContract contract, string test, object?[] arguments)
        where TContract : IAsyncLifetime
    {
        await contract.InitializeAsync();
        try
        {
            if (typeof(TContract).GetMethod(test)!.Invoke(contract, arguments) is Task running)
            {
                await running;
            }
        }
        finally
        {
            await contract.DisposeAsync();
        }
    }
}
