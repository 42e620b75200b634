using FlashDrop.Gateway.Http;
using Microsoft.AspNetCore.Http;

namespace FlashDrop.Gateway.Jobs;

/// <summary>The query of <c>DELETE</c> on a job. Whoever deletes says exactly what: nothing unknown is overlooked.</summary>
internal static class EraseQuery
{
    private const string Name = "erase";

    /// <summary>Reads the query.</summary>
    /// <param name="query">The query.</param>
    /// <param name="erase">Whether to remove everything.</param>
    /// <returns>What is wrong with it, or null.</returns>
    public static Problem? Parse(IQueryCollection query, out bool erase)
    {
        erase = false;
        var errors = new FieldErrors();
        foreach (var (name, values) in query)
        {
            if (!string.Equals(name, Name, StringComparison.Ordinal))
            {
                errors.Unknown(FieldErrors.Path("query", name), Name);
            }
            else if (values is ["true" or "false" or ""])
            {
                erase = values[0] == "true";
            }
            else
            {
                errors.Invalid($"query.{Name}", "The value is neither true nor false, or is repeated.", $"Send {Name}=true to remove everything, or leave it out to cancel.");
            }
        }

        return errors.Any ? Problem.InvalidRequest(errors.All) : null;
    }
}
