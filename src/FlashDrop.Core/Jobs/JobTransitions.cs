namespace FlashDrop.Core.Jobs;

/// <summary>Decides every change of a job: pure functions of the job, what happened, the settings and the time.</summary>
public static class JobTransitions
{
}
