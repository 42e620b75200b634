namespace FlashDrop.Gateway.Dashboard;

/// <summary>Route templates of the pages for people, without a leading slash. They hold no data and need no key.</summary>
public static class DashboardRoutes
{
    /// <summary><c>GET</c>: the host's root, which leads to the dashboard. The Functions host matches its root by nothing else.</summary>
    public const string Root = "{ignored:maxlength(0)?}";

    /// <summary><c>GET</c>: the dashboard, its report viewer, and their files.</summary>
    public const string Page = "dashboard/{page?}";
}
