using FlashDrop.Gateway;
using FlashDrop.Gateway.Callers;
using FlashDrop.Gateway.Dashboard;
using FlashDrop.Gateway.Drops;
using FlashDrop.Gateway.Reports;
using FlashDrop.Gateway.Usage;
using Microsoft.AspNetCore.Http;
using Microsoft.Azure.Functions.Worker;

namespace FlashDrop.Functions.Http;

/// <summary>The dashboard's pages, and the API they need beside the jobs.</summary>
/// <param name="pages">The pages.</param>
/// <param name="me">Who asks.</param>
/// <param name="drops">Files for the inbox.</param>
/// <param name="usage">Sums.</param>
/// <param name="reports">Stored reports.</param>
public sealed class DashboardFunctions(DashboardPages pages, MeApi me, DropsApi drops, UsageApi usage, ReportsApi reports)
{
    /// <summary>Leads from the root to the dashboard.</summary>
    [Function(nameof(Root))]
    public Task<IResult> Root([HttpTrigger(AuthorizationLevel.Anonymous, "get", Route = DashboardRoutes.Root)] HttpRequest request) =>
        pages.RootAsync(request);

    /// <summary>Serves the dashboard.</summary>
    [Function(nameof(Dashboard))]
    public Task<IResult> Dashboard([HttpTrigger(AuthorizationLevel.Anonymous, "get", Route = DashboardRoutes.Page)] HttpRequest request) =>
        pages.GetAsync(request, request.RouteValue("page"));

    /// <summary>Tells whose key it is.</summary>
    [Function(nameof(Me))]
    public Task<IResult> Me([HttpTrigger(AuthorizationLevel.Anonymous, "get", Route = Routes.Me)] HttpRequest request) => me.GetAsync(request);

    /// <summary>Puts a file into the inbox.</summary>
    [Function(nameof(DropsPost))]
    public Task<IResult> DropsPost([HttpTrigger(AuthorizationLevel.Anonymous, "post", Route = Routes.Drop)] HttpRequest request) =>
        drops.PostAsync(request, request.RouteValue("profile"), request.RouteValue("name"));

    /// <summary>Sums up usage.</summary>
    [Function(nameof(UsageGet))]
    public Task<IResult> UsageGet([HttpTrigger(AuthorizationLevel.Anonymous, "get", Route = Routes.Usage)] HttpRequest request) => usage.GetAsync(request);

    /// <summary>Lists reports.</summary>
    [Function(nameof(ReportsList))]
    public Task<IResult> ReportsList([HttpTrigger(AuthorizationLevel.Anonymous, "get", Route = Routes.Reports)] HttpRequest request) =>
        reports.ListAsync(request);

    /// <summary>Gives a report.</summary>
    [Function(nameof(ReportsGet))]
    public Task<IResult> ReportsGet([HttpTrigger(AuthorizationLevel.Anonymous, "get", Route = Routes.Report)] HttpRequest request) =>
        reports.GetAsync(request, request.RouteValue("kind"), request.RouteValue("period"), request.RouteValue("file"));
}
