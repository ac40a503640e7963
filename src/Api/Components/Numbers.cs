using System.Globalization;

namespace Cinegrain.Api.Components;

/// <summary>How numbers are written on the pages.</summary>
internal static class Numbers
{
    /// <summary>12,345.</summary>
    public static string Whole(double value) => value.ToString("#,0", CultureInfo.InvariantCulture);

    /// <summary>9.4, 120, 12,345: three digits that matter, for rates and times.</summary>
    public static string Short(double value) => value switch
    {
        0 => "0",
        < 0.1 => value.ToString("0.###", CultureInfo.InvariantCulture),
        < 10 => value.ToString("0.##", CultureInfo.InvariantCulture),
        < 100 => value.ToString("0.#", CultureInfo.InvariantCulture),
        _ => Whole(value),
    };

    /// <summary>12.3k, 4.5M from a hundred thousand on.</summary>
    public static string Compact(double value) => value switch
    {
        < 100_000 => Whole(value),
        < 1_000_000 => (value / 1e3).ToString("0", CultureInfo.InvariantCulture) + "k",
        < 1_000_000_000 => (value / 1e6).ToString("0.##", CultureInfo.InvariantCulture) + "M",
        _ => (value / 1e9).ToString("0.##", CultureInfo.InvariantCulture) + "B",
    };

    /// <summary>Three digits after the point, as recommendation quality is usually quoted.</summary>
    public static string Rate(double value) => value.ToString("0.000", CultureInfo.InvariantCulture);

    /// <summary>A CSS percentage.</summary>
    public static string Css(double value) => value.ToString("0.##", CultureInfo.InvariantCulture) + "%";

    /// <summary>
    /// Round marks of an axis from 0 that reach the greatest value: steps of 1, 2 or 5 times a power of ten.
    /// </summary>
    /// <param name="greatest">Greatest value to show.</param>
    /// <param name="whole">True when only whole numbers make sense.</param>
    public static IReadOnlyList<double> Axis(double greatest, bool whole)
    {
        if (!double.IsFinite(greatest) || greatest <= 0)
        {
            return [0, 1];
        }

        var rough = greatest / 4;
        var power = Math.Pow(10, Math.Floor(Math.Log10(rough)));
        var step = (rough / power) switch { <= 1 => 1, <= 2 => 2, <= 5 => 5, _ => 10 } * power;
        if (whole)
        {
            step = Math.Max(1, step);
        }

        var marks = new List<double>();
        for (var i = 0; ; i++)
        {
            marks.Add(i * step);
            if (i * step >= greatest - (step * 1e-9))
            {
                return marks;
            }
        }
    }
}
