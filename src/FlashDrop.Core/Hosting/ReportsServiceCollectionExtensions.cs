using FlashDrop.Core.Reports;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Registers reports and usage sums.</summary>
public static class ReportsServiceCollectionExtensions
{
    /// <summary>
    /// Adds <see cref="IReporter"/> and <see cref="UsageQuery"/>. Part of <c>AddFlashDropCore</c>; the host adds the ports and the price
    /// book. Options come from <c>FlashDrop:Reports</c> and <c>FlashDrop:Budgets</c> and are checked at start.
    /// </summary>
    public static IServiceCollection AddFlashDropReports(this IServiceCollection services, IConfiguration configuration)
    {
        services.AddOptionsWithValidateOnStart<ReportOptions>().Bind(configuration.GetSection(ReportOptions.Section)).ValidateDataAnnotations();
        services.AddOptionsWithValidateOnStart<BudgetOptions>();
        var budgets = new BudgetOptionsSetup(configuration);
        services.AddSingleton<IConfigureOptions<BudgetOptions>>(budgets);
        services.AddSingleton<IValidateOptions<BudgetOptions>>(budgets);

        services.TryAddSingleton<DayAggregator>();
        services.TryAddSingleton<DigestWriter>();
        services.TryAddSingleton<DailyReporter>();
        services.TryAddSingleton<IReporter>(provider => provider.GetRequiredService<DailyReporter>());
        services.TryAddSingleton<UsageQuery>();
        return services;
    }
}
