namespace Cinegrain.Model.Catalogue;

/// <summary>What divides a co-occurrence weight when entries are compared, as known in this process.</summary>
public interface IPopularity
{
    /// <summary>(N + 3)^−0.4 of the movie with this handle; that of N = 0 when it is not known.</summary>
    float Discount(int movie);
}
