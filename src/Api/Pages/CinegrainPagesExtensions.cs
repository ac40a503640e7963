using Cinegrain.Api.Pages;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting.StaticWebAssets;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using MudBlazor;
using MudBlazor.Services;

namespace Cinegrain.Api;

/// <summary>The web pages: <c>/</c> to find and rate films, <c>/dashboard</c> with charts.</summary>
public static class CinegrainPagesExtensions
{
    /// <summary>Adds what the pages need beside the REST API (<see cref="CinegrainApi.AddCinegrainApi"/>).</summary>
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
        services.AddSingleton<VisitorLimit>();
        services.AddScoped<VisitorSession>();
        return services;
    }

    /// <summary>
    /// Maps the pages and their files. Call it after <see cref="CinegrainApi.MapCinegrainApi"/>: its headers hold for the pages, too. The
    /// pages ask for an API key themselves when there are any. An executable without Razor files of its own needs
    /// <c>RequiresAspNetWebAssets</c> in its project, or the script of Blazor is missing.
    /// </summary>
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
        app.MapRazorComponents<App>().AddInteractiveServerRenderMode(options => options.ContentSecurityFrameAncestorsPolicy = null);
        return app;
    }
}
