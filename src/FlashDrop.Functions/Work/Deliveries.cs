using System.Globalization;
using Microsoft.Azure.Functions.Worker;

namespace FlashDrop.Functions.Work;

/// <summary>How often a queue message was delivered.</summary>
internal static class Deliveries
{
    /// <summary>The trigger's <c>DequeueCount</c>, which the host hands over as text; null when it does not.</summary>
    public static int? Of(FunctionContext context) =>
        context.BindingContext.BindingData.TryGetValue("DequeueCount", out var value)
        && int.TryParse(Convert.ToString(value, CultureInfo.InvariantCulture)?.Trim('"'), CultureInfo.InvariantCulture, out var count)
            ? count
            : null;
}
