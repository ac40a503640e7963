namespace Cinegrain.Hosting;

/// <summary>A setting of a server: a text, a number or a flag, by the type of the property.</summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class SettingAttribute(string description) : Attribute
{
    /// <summary>What it is, for the help.</summary>
    public string Description => description;

    /// <summary>Least number.</summary>
    public double Least { get; init; } = double.MinValue;

    /// <summary>Largest number.</summary>
    public double Most { get; init; } = double.MaxValue;

    /// <summary>The texts that may be; empty when any may.</summary>
    public string[] Choices { get; init; } = [];

    /// <summary>True for what comes from the environment or the settings file alone: the command line can be read by everybody on the machine.</summary>
    public bool IsSecret { get; init; }
}

/// <summary>Settings that cannot be; the message names each.</summary>
public sealed class SettingsException(IReadOnlyList<string> failures) : Exception(string.Join(Environment.NewLine, failures));
