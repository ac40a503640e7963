using Cinegrain.Api.Pages;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting.StaticWebAssets;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using MudBlazor;
using MudBlazor.Services;

namespace Cinegrain.Api;

/// <summary>The web pages: <c>/</c> to find and rate films, <c>/dashboard</c> with charts.</summary>
public static class CinegrainPagesExtensions
{
    // MudBlazor and Blazor write style elements; scripts come from files only.
    private const string ContentSecurityPolicy =
        "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self'; connect-src 'self'; " +
        "object-src 'none'; base-uri 'self'; form-action 'self'; frame-ancestors 'none'";

    /// <summary>Adds what the pages need; the host adds <see cref="IRecommender"/> and <see cref="Ingest.Pseudonymizer"/>.</summary>
    public static IServiceCollection AddCinegrainPages(this IServiceCollection services)
    {
        services.AddRazorComponents().AddInteractiveServerComponents(options =>
        {
            options.DisconnectedCircuitMaxRetained = 100;
            options.DisconnectedCircuitRetentionPeriod = TimeSpan.FromMinutes(2);
        });
        services.AddMudServices(options =>
        {
            options.SnackbarConfiguration.PositionClass = Defaults.Classes.Position.BottomCenter;
            options.SnackbarConfiguration.MaxDisplayedSnackbars = 2;
        });
        services.TryAddSingleton(TimeProvider.System);
        services.TryAddSingleton<IPageAccess, OpenAccess>();
        services.AddScoped<VisitorSession>();
        return services;
    }

    /// <summary>Maps the pages and their files. Call it after authentication and rate limits, where the endpoints are mapped.</summary>
    public static WebApplication MapCinegrainPages(this WebApplication app)
    {
        ArgumentNullException.ThrowIfNull(app);
        if (!app.Environment.IsDevelopment())
        {
            // Started from a build folder, the files of the libraries are named by a manifest; a published host has them in wwwroot.
            StaticWebAssetsLoader.UseStaticWebAssets(app.Environment, app.Configuration);
        }

        app.UseAntiforgery();
        app.MapStaticAssets();
        app.MapRazorComponents<App>()
            .AddInteractiveServerRenderMode(options => options.ContentSecurityFrameAncestorsPolicy = null)
            .Add(endpoint =>
            {
                var next = endpoint.RequestDelegate;
                endpoint.RequestDelegate = context =>
                {
                    var headers = context.Response.Headers;
                    headers.ContentSecurityPolicy = ContentSecurityPolicy;
                    headers.XContentTypeOptions = "nosniff";
                    headers["Referrer-Policy"] = "no-referrer";
                    return next!(context);
                };
            });
        return app;
    }

    private sealed class OpenAccess : IPageAccess
    {
        public bool IsKeyRequired => false;

        public PageScopes Check(string? key) => PageScopes.All;
    }
}
