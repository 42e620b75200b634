using FlashDrop.Core.Budgets;
using FlashDrop.Core.Jobs;
using FlashDrop.EvoLink.Errors;
using FlashDrop.EvoLink.Generation;
using FlashDrop.Testing.Upstream;

namespace FlashDrop.Core.Tests.Jobs;

/// <summary>What people read when something went wrong, word for word: what happened, and what to do.</summary>
public sealed class JobErrorsTests
{
    private static readonly BudgetRefusal Refusal = new(5m, 0.1234567m, BudgetRefusalKind.Spent, default);

    [Fact]
    public void FileThatCannotBeUsed_SaysWhyAndWhatToDo()
    {
        AssertText(
            JobErrors.EmptyFile("a.mp3"),
            "empty_file", "'a.mp3' is empty (0 bytes).", "Drop the file again with its content; a copy that was cut short often leaves an empty file.");
        AssertText(
            JobErrors.UnsupportedType("a.psd", "a Photoshop file", "PNG, JPEG"),
            "unsupported_type", "'a.psd' is a Photoshop file, which the model does not take.", "Convert it and drop it again. Supported: PNG, JPEG.");
        AssertText(
            JobErrors.UnacceptedType("a.mp3", "audio", "photos", "images"),
            "type_not_accepted", "'a.mp3' is audio, which the profile 'photos' does not accept.", "Drop it under another profile, or convert it. This profile accepts: images.");
        AssertText(
            JobErrors.TooLarge("a.mp4", "video", 2_000_000, 1_500_000),
            "too_large", "'a.mp4' has 2,000,000 bytes; the limit for video is 1,500,000.", "Shrink, split or re-encode it and drop it again.");
        AssertText(
            JobErrors.Damaged("a.pdf", "cut short"),
            "damaged_file", "'a.pdf' is cut short.", "Open it to see whether it is whole, save or export it again, and drop it again.");
        AssertText(
            JobErrors.TooLong("a.mp4", "3 h", "1 h"),
            "too_long", "'a.mp4' has 3 h; the limit is 1 h.", "Split it and drop the parts, or raise the limit in the profile or in FlashDrop:Media.");
        AssertText(
            JobErrors.TooManyTokens(1_200_000, 1_048_576),
            "too_long", "The request has about 1,200,000 tokens; the model takes 1,048,576.", "Split the input, or ask with mediaResolution MEDIA_RESOLUTION_LOW.");
        AssertText(
            JobErrors.InvalidOverrides("a.jpg", "no."),
            "invalid_overrides", "The settings given with 'a.jpg' cannot be used: no.", "Correct the metadata or the .job.json file, then drop the file again.");
        AssertText(
            JobErrors.InvalidBundle("b/bundle.json", "no."),
            "invalid_bundle", "'b/bundle.json' cannot be used: no.", "Correct bundle.json and drop it again.");
        AssertText(
            JobErrors.BundleIncomplete("b/bundle.json", "a.jpg"),
            "bundle_incomplete",
            "'b/bundle.json' names the file 'a.jpg', which is not in the bundle or was replaced meanwhile.",
            "Put every file into the bundle's folder first, then drop bundle.json again.");
        AssertText(
            JobErrors.UnknownProfile("foto", "foto/a.jpg", ["default", "photos"]),
            "unknown_profile",
            "There is no profile 'foto' (the first folder of 'foto/a.jpg' names it).",
            "Use one of: default, photos; or add profiles/foto.json; or put the file at the root for 'default'.");
        AssertText(
            JobErrors.InvalidProfile("photos", "no."),
            "invalid_profile", "profiles/photos.json cannot be used: no.", "Correct the profile, then drop the file again.");
        AssertText(
            JobErrors.InputMissing("a.jpg"),
            "input_missing", "The input 'a.jpg' does not exist any more.", "Upload it again and submit a new job.");
        AssertText(
            JobErrors.InputChanged("a.jpg"),
            "input_changed", "'a.jpg' was replaced while its job was under way.", "Nothing to do: the newer version is processed as a drop of its own.");
        AssertText(
            JobErrors.RequestUnreadable("no."),
            "invalid_request", "The request cannot be used: no.", "Correct the request and submit it again.");
    }

    [Fact]
    public void JobThatCannotGoOn_SaysWhyAndWhatToDo()
    {
        AssertText(
            JobErrors.OverBudget("web", Refusal),
            "over_budget",
            "The daily budget of 'web', 5 USD, leaves no room for it at present; it may cost up to 0.123457 USD.",
            "Nothing to do: it goes on by itself when there is room, the day turns (UTC) or the budget is raised.");
        AssertText(
            JobErrors.BudgetTooSmall("web", Refusal with { NeededUsd = 7m }),
            "budget_too_small",
            "It may cost up to 7 USD, more than the whole daily budget of 'web', 5 USD.",
            "Ask for less (a lower maxOutputTokens, smaller inputs), or raise the budget, and submit it again.");
        AssertText(
            JobErrors.Poisoned("submit-poison"),
            "processing_failed",
            "Processing failed too often; its message went to 'submit-poison'.",
            "Look at the application log for this job id, correct the cause, and submit it again.");
        AssertText(
            JobErrors.Misfit(["$.a is missing.", "$.b is no number."], repaired: false),
            "answer_misfit",
            "The answer does not fit the schema: $.a is missing. $.b is no number.",
            "Submit it again; if it keeps happening, make the schema simpler or its descriptions clearer, or set 'repair' in the profile.");
        Assert.Equal(
            "The answer does not fit the schema, not even after it was sent back for repair: $.a is missing.", JobErrors.Misfit(["$.a is missing."], repaired: true).Message);
    }

    [Theory]
    [InlineData(1_440, "24 h")]
    [InlineData(90, "1.5 h")]
    [InlineData(60, "1 h")]
    [InlineData(45, "45 min")]
    public void Deadline_IsToldInHoursOrMinutes(int minutes, string told) => AssertText(
        JobErrors.Deadline(TimeSpan.FromMinutes(minutes)),
        "deadline_exceeded", $"No result within {told}.", "Submit it again; if it keeps happening, raise FlashDrop:Pipeline:Deadline or look at the upstream's state.");

    [Fact]
    public void LastAttempt_IsToldWithItsReasonAndTheUpstreamsWords()
    {
        var last = new JobError("task_timeout", "It took too long.", "Use smaller media.") { RequestId = "r1" };

        Assert.Equal(
            new JobError("attempts_exhausted", "Gave up after 5 attempts. Last: It took too long.", "Submit it again later. Use smaller media.") { UpstreamCode = "task_timeout", RequestId = "r1" },
            JobErrors.AttemptsExhausted(5, last));
        Assert.Equal("service_error", JobErrors.AttemptsExhausted(5, last with { UpstreamCode = "service_error" }).UpstreamCode);
    }

    [Theory]
    [InlineData("MAX_TOKENS", null, "", "output_limit", null, false, "The model used up the output limit before it wrote any text (thinking counts against it).", "Raise generationConfig.maxOutputTokens or lower thinkingConfig.thinkingBudget in the profile or request.")]
    [InlineData("MAX_TOKENS", null, "Two", "truncated", null, false, "The answer was cut off at the output limit, so it is not complete.", "Raise generationConfig.maxOutputTokens in the profile or request, lower the thinking budget, or ask for less.")]
    [InlineData("SAFETY", null, "", "refused", "SAFETY", false, "The model refused the content (SAFETY).", "Change the content or the prompt; sending the same again will be refused again.")]
    [InlineData("STOP", "BLOCKLIST", "", "refused", "BLOCKLIST", false, "The model refused the content (BLOCKLIST).", "Change the content or the prompt; sending the same again will be refused again.")]
    [InlineData("MALFORMED_RESPONSE", null, "Two", "no_answer", "MALFORMED_RESPONSE", true, "The model returned no usable answer (finish reason MALFORMED_RESPONSE).", "Submit it again, or rephrase the prompt.")]
    [InlineData(null, null, "", "no_answer", null, true, "The model returned no usable answer (finish reason not given).", "Submit it again, or rephrase the prompt.")]
    public void AnswerThatCannotBeHandedOut_SaysWhy(string? finish, string? block, string text, string code, string? upstreamCode, bool retryable, string message, string remedy) =>
        Assert.Equal(
            new AnswerDefect(new JobError(code, message, remedy) { UpstreamCode = upstreamCode }, retryable),
            JobErrors.DefectOf(new Answer { Text = text, FinishReason = finish, BlockReason = block }));

    [Fact]
    public void WholeAnswer_HasNoDefect() => Assert.Null(JobErrors.DefectOf(Answers.Text("Two ships.")));

    public static TheoryData<UpstreamError, string, string, string> UpstreamFailures { get; } = new()
    {
        { Errors.Timeout, nameof(AttemptFailure.Unanswered), "unanswered", "The call may have been charged. Submit it again; for long media use a smaller file." },
        { Errors.Timeout, nameof(AttemptFailure.GivenUp), "task_timeout", "Submit it again; if it keeps happening, use smaller media." },
        { Errors.AccountEmpty, nameof(AttemptFailure.Refused), "upstream_balance", "Top up the EvoLink account or raise the key's limit; held jobs resume by themselves." },
        { Errors.Of(ErrorKind.Fix, "request_too_large_error", 413), nameof(AttemptFailure.Refused), "too_large", "Shrink or split the input and submit it again." },
        { Errors.TaskLost, nameof(AttemptFailure.Refused), "task_lost", "Submit it again." },
        { Errors.TaskUnreadable, nameof(AttemptFailure.Refused), "unreadable_answer", "Report it with the job id: the upstream answered in a form nobody knows yet." },
        { Errors.InvalidRequest, nameof(AttemptFailure.Refused), "upstream_rejected", "Correct the profile or request as the message says and submit it again." },
        { Errors.ContentRefused, nameof(AttemptFailure.Refused), "refused", "Change the content or the prompt; sending the same again will be refused again." },
        { Errors.Unauthorized, nameof(AttemptFailure.Refused), "upstream_unauthorized", "An operator has to set a valid upstream key (see docs/operations.md), then submit it again." },
        { Errors.ModelGone, nameof(AttemptFailure.Refused), "model_retired", "An operator has to set another model id in FlashDrop:Upstream:Models, then submit it again." },
        { Errors.ServiceError(), nameof(AttemptFailure.Refused), "upstream_failed", "Submit it again later." },
    };

    [Theory]
    [MemberData(nameof(UpstreamFailures))]
    public void UpstreamFailure_IsToldInWordsAPersonCanActOn(UpstreamError error, string failure, string code, string remedy) => Assert.Equal(
        new JobError(code, $"The upstream answered: {error.Message}", remedy) { UpstreamCode = error.Code, RequestId = "r1" },
        JobErrors.FromUpstream(error with { RequestId = "r1" }, Enum.Parse<AttemptFailure>(failure)));

    private static void AssertText(JobError error, string code, string message, string remedy) => Assert.Equal(new JobError(code, message, remedy), error);
}
