namespace Cinegrain.Api;

/// <summary>Makes the pseudonym of a raw user id: the only form in which a user id leaves the edge.</summary>
public delegate string PseudonymOf(string rawUserId);
