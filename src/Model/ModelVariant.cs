namespace Cinegrain.Model;

/// <summary>Variants of the model that are compared live, each on its share of the users.</summary>
public enum ModelVariant : byte
{
    /// <summary>The blend alone.</summary>
    Stage1,

    /// <summary>The blend, then the ranker over its best.</summary>
    Stage2,
}
