namespace Cinegrain.Standalone.Recommending;

/// <summary>How long things are kept.</summary>
/// <param name="Interactions">Records of users in the log.</param>
/// <param name="Signals">Records of movies in the log; they name no user.</param>
/// <param name="Rejected">Refused input.</param>
/// <param name="Audit">Entries of the audit trail.</param>
/// <param name="Documents">Interactions as analysts see them.</param>
/// <param name="Metrics">Metrics as analysts see them.</param>
internal sealed record StandaloneRetention(TimeSpan Interactions, TimeSpan Signals, TimeSpan Rejected, TimeSpan Audit, TimeSpan Documents, TimeSpan Metrics);
