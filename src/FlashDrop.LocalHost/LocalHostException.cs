namespace FlashDrop.LocalHost;

/// <summary>Something a person can put right; shown as one line, without a stack trace.</summary>
/// <param name="problem">What is wrong, with the offending value.</param>
/// <param name="remedy">What to do about it.</param>
/// <param name="innerException">The cause, shown with <c>--verbose</c>.</param>
internal sealed class LocalHostException(string problem, string remedy, Exception? innerException = null)
    : Exception($"{problem} {remedy}", innerException);
