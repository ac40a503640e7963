namespace Cinegrain.Api.Pages;

/// <summary>What a visitor of the web pages may do.</summary>
[Flags]
internal enum PageScopes
{
    None = 0,

    /// <summary>See lists, films, the profile and the dashboard.</summary>
    Read = 1,

    /// <summary>Send interactions.</summary>
    Write = 2,

    /// <summary>Erase a user.</summary>
    Erase = 4,

    All = Read | Write | Erase,
}

/// <summary>Decides what a visitor of the web pages may do, by the same keys as the REST API.</summary>
internal interface IPageAccess
{
    /// <summary>True when the pages show nothing without a key.</summary>
    bool IsKeyRequired { get; }

    /// <summary>What the holder of a key may do now; asked before every call, so a withdrawn key ends at once.</summary>
    /// <param name="key">Null when the visitor has given none.</param>
    PageScopes Check(string? key);
}
