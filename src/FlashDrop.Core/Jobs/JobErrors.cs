using System.Globalization;
using FlashDrop.Core.Budgets;
using FlashDrop.EvoLink.Errors;
using FlashDrop.EvoLink.Generation;

namespace FlashDrop.Core.Jobs;

/// <summary>Every way a job can fail, with its remedy. Codes are stable and listed in <c>docs/errors.md</c>.</summary>
internal static class JobErrors
{
    public const string Interrupted = "interrupted";
    public const string Unanswered = "unanswered";
    public const string GivenUp = "task_timeout";
    public const string AnswerMisfit = "answer_misfit";

    public static JobError EmptyFile(string name) => new(
        "empty_file", $"'{name}' is empty (0 bytes).", "Drop the file again with its content; a copy that was cut short often leaves an empty file.");

    public static JobError UnsupportedType(string name, string found, string supported) => new(
        "unsupported_type", $"'{name}' is {found}, which the model does not take.", $"Convert it and drop it again. Supported: {supported}.");

    public static JobError UnacceptedType(string name, string found, string profile, string accepted) => new(
        "type_not_accepted", $"'{name}' is {found}, which the profile '{profile}' does not accept.", $"Drop it under another profile, or convert it. This profile accepts: {accepted}.");

    public static JobError TooLarge(string name, string kind, long bytes, long limit) => new(
        "too_large", $"'{name}' has {bytes:N0} bytes; the limit for {kind} is {limit:N0}.", "Shrink, split or re-encode it and drop it again.");

    public static JobError Damaged(string name, string what) => new(
        "damaged_file", $"'{name}' is {what}.", "Open it to see whether it is whole, save or export it again, and drop it again.");

    public static JobError TooLong(string name, string found, string limit) => new(
        "too_long", $"'{name}' has {found}; the limit is {limit}.", "Split it and drop the parts, or raise the limit in the profile or in FlashDrop:Media.");

    public static JobError TooManyTokens(long tokens, long limit) => new(
        "too_long", $"The request has about {tokens:N0} tokens; the model takes {limit:N0}.", "Split the input, or ask with mediaResolution MEDIA_RESOLUTION_LOW.");

    public static JobError InvalidOverrides(string name, string reason) => new(
        "invalid_overrides", $"The settings given with '{name}' cannot be used: {reason}", "Correct the metadata or the .job.json file, then drop the file again.");

    public static JobError InvalidBundle(string name, string reason) => new(
        "invalid_bundle", $"'{name}' cannot be used: {reason}", "Correct bundle.json and drop it again.");

    public static JobError BundleIncomplete(string name, string file) => new(
        "bundle_incomplete", $"'{name}' names the file '{file}', which is not in the bundle or was replaced meanwhile.", "Put every file into the bundle's folder first, then drop bundle.json again.");

    public static JobError UnknownProfile(string profile, string path, IEnumerable<string> known) => new(
        "unknown_profile",
        $"There is no profile '{profile}' (the first folder of '{path}' names it).",
        $"Use one of: {string.Join(", ", known)}; or add profiles/{profile}.json; or put the file at the root for 'default'.");

    public static JobError InvalidProfile(string profile, string reason) => new(
        "invalid_profile", $"profiles/{profile}.json cannot be used: {reason}", "Correct the profile, then drop the file again.");

    public static JobError InputMissing(string name) => new(
        "input_missing", $"The input '{name}' does not exist any more.", "Upload it again and submit a new job.");

    public static JobError InputChanged(string name) => new(
        "input_changed", $"'{name}' was replaced while its job was under way.", "Nothing to do: the newer version is processed as a drop of its own.");

    public static JobError RequestUnreadable(string reason) => new(
        "invalid_request", $"The request cannot be used: {reason}", "Correct the request and submit it again.");

    public static JobError OverBudget(string caller, BudgetRefusal refusal) => new(
        "over_budget",
        string.Create(
            CultureInfo.InvariantCulture,
            $"The daily budget of '{caller}', {refusal.BudgetUsd} USD, leaves no room for it at present; it may cost up to {refusal.NeededUsd:0.######} USD."),
        "Nothing to do: it goes on by itself when there is room, the day turns (UTC) or the budget is raised.");

    public static JobError BudgetTooSmall(string caller, BudgetRefusal refusal) => new(
        "budget_too_small",
        string.Create(
            CultureInfo.InvariantCulture,
            $"It may cost up to {refusal.NeededUsd:0.######} USD, more than the whole daily budget of '{caller}', {refusal.BudgetUsd} USD."),
        "Ask for less (a lower maxOutputTokens, smaller inputs), or raise the budget, and submit it again.");

    public static JobError Deadline(TimeSpan deadline) => new(
        "deadline_exceeded", $"No result within {Describe(deadline)}.", "Submit it again; if it keeps happening, raise FlashDrop:Pipeline:Deadline or look at the upstream's state.");

    public static JobError Poisoned(string queue) => new(
        "processing_failed", $"Processing failed too often; its message went to '{queue}'.", "Look at the application log for this job id, correct the cause, and submit it again.");

    public static JobError AttemptsExhausted(int attempts, JobError last) => new(
        "attempts_exhausted",
        $"Gave up after {attempts} attempts. Last: {last.Message}",
        $"Submit it again later. {last.Remedy}")
    {
        UpstreamCode = last.UpstreamCode ?? last.Code,
        RequestId = last.RequestId,
    };

    public static JobError Misfit(IReadOnlyList<string> misfits, bool repaired) => new(
        AnswerMisfit,
        $"The answer does not fit the schema{(repaired ? ", not even after it was sent back for repair" : "")}: {string.Join(" ", misfits.Take(10))}",
        "Submit it again; if it keeps happening, make the schema simpler or its descriptions clearer, or set 'repair' in the profile.");

    /// <summary>Why an answer cannot be handed out, or null when it can.</summary>
    public static AnswerDefect? DefectOf(Answer answer) => answer.Quality switch
    {
        AnswerQuality.Complete => null,
        AnswerQuality.Truncated when answer.Text.Length == 0 => new AnswerDefect(
            new JobError(
                "output_limit",
                "The model used up the output limit before it wrote any text (thinking counts against it).",
                "Raise generationConfig.maxOutputTokens or lower thinkingConfig.thinkingBudget in the profile or request."),
            Retryable: false),
        AnswerQuality.Truncated => new AnswerDefect(
            new JobError(
                "truncated",
                "The answer was cut off at the output limit, so it is not complete.",
                "Raise generationConfig.maxOutputTokens in the profile or request, lower the thinking budget, or ask for less."),
            Retryable: false),
        AnswerQuality.Refused => new AnswerDefect(
            new JobError(
                "refused",
                $"The model refused the content ({answer.BlockReason ?? answer.FinishReason}).",
                "Change the content or the prompt; sending the same again will be refused again.")
            {
                UpstreamCode = answer.BlockReason ?? answer.FinishReason,
            },
            Retryable: false),
        _ => new AnswerDefect(
            new JobError(
                "no_answer",
                $"The model returned no usable answer (finish reason {answer.FinishReason ?? "not given"}).",
                "Submit it again, or rephrase the prompt.")
            {
                UpstreamCode = answer.FinishReason,
            },
            Retryable: true),
    };

    /// <summary>An upstream failure in words a person can act on.</summary>
    public static JobError FromUpstream(UpstreamError error, AttemptFailure failure)
    {
        var (code, remedy) = (failure, error.Kind) switch
        {
            (AttemptFailure.Unanswered, _) => (Unanswered, "The call may have been charged. Submit it again; for long media use a smaller file."),
            (AttemptFailure.GivenUp, _) => (GivenUp, "Submit it again; if it keeps happening, use smaller media."),
            (_, ErrorKind.Hold) => ("upstream_balance", "Top up the EvoLink account or raise the key's limit; held jobs resume by themselves."),
            (_, ErrorKind.Fix) when error.HttpStatus == 413 => ("too_large", "Shrink or split the input and submit it again."),
            (_, ErrorKind.Retry) when error.Code is "resource_not_found" => ("task_lost", "Submit it again."),
            (_, ErrorKind.Fix) when error.Code is "unreadable_result" => ("unreadable_answer", "Report it with the job id: the upstream answered in a form nobody knows yet."),
            (_, ErrorKind.Fix) => ("upstream_rejected", "Correct the profile or request as the message says and submit it again."),
            (_, ErrorKind.Refused) => ("refused", "Change the content or the prompt; sending the same again will be refused again."),
            (_, ErrorKind.Stop) => ("upstream_unauthorized", "An operator has to set a valid upstream key (see docs/operations.md), then submit it again."),
            (_, ErrorKind.Retired) => ("model_retired", "An operator has to set another model id in FlashDrop:Upstream:Models, then submit it again."),
            _ => ("upstream_failed", "Submit it again later."),
        };
        return new JobError(code, $"The upstream answered: {error.Message}", remedy) { UpstreamCode = error.Code, RequestId = error.RequestId };
    }

    private static string Describe(TimeSpan time) => time.TotalHours >= 1 ? $"{time.TotalHours:0.#} h" : $"{time.TotalMinutes:0.#} min";
}
