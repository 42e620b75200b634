using FlashDrop.Core.Budgets;
using FlashDrop.Core.Callers;
using FlashDrop.Core.Reports;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Registers reports and usage sums.</summary>
public static class ReportsServiceCollectionExtensions
{
    /// <summary>
    /// Adds <see cref="IReporter"/>, <see cref="UsageQuery"/> and <see cref="IBudgetBook"/>. Part of <c>AddFlashDropCore</c>; the host adds the ports and the price
    /// book. Options come from <c>FlashDrop:Reports</c> and <c>FlashDrop:Budgets</c> and are checked at start.
    /// </summary>
    public static IServiceCollection AddFlashDropReports(this IServiceCollection services, IConfiguration configuration)
    {
        services.AddOptionsWithValidateOnStart<ReportOptions>().Bind(configuration.GetSection(ReportOptions.Section)).ValidateDataAnnotations();
        services.AddOptionsWithValidateOnStart<BudgetOptions>();
        var budgets = new BudgetOptionsSetup(configuration);
        services.AddSingleton<IConfigureOptions<BudgetOptions>>(budgets);
        services.AddSingleton<IValidateOptions<BudgetOptions>>(budgets);

        // What reports show is what admission goes by.
        services.TryAddSingleton<ICallerBook, NoCallers>();
        services.TryAddSingleton<BudgetCatalog>();
        services.TryAddSingleton<IBudgetBook, BudgetBook>();

        services.TryAddSingleton<DayAggregator>();
        services.TryAddSingleton<DigestWriter>();
        services.TryAddSingleton<DailyReporter>();
        services.TryAddSingleton<IReporter>(provider => provider.GetRequiredService<DailyReporter>());
        services.TryAddSingleton<UsageQuery>();
        return services;
    }
}
