using System.Globalization;
using RePaViT.Cluster.Parts;

namespace RePaViT.Cluster.Jobs;

/// <summary>
/// Who works on which part. That is known by what silos say, and forgotten with the silo that holds the job; what became of parts is in
/// <see cref="JobState"/>, and stored. A part that two silos compute all the same has the same results twice in one place.
/// </summary>
/// <param name="plan">What the job is.</param>
/// <param name="state">How far it is; changed here, and stored by whoever calls.</param>
internal sealed class JobBoard(JobPlan plan, JobState state)
{
    private static readonly Assignment _nothingLeft = new(IsRunning: false, [], null);

    private readonly Dictionary<int, SiloAddress> _workers = [];
    // Some may be done or worked on: that shows when their turn comes.
    private readonly Queue<int> _waiting = new(Enumerable.Range(0, plan.Parts).Where(part => !state.IsDone(part)));
    private (SiloAddress Silo, string Text)? _obstacle;

    public bool IsRunning => state.Status == ScoringJobStatus.Running;

    public ScoringProgress Progress => new(
        state.Status, plan.Images, state.ImagesDone, state.Errors, plan.Parts, state.PartsDone,
        PartFiles.ResultFile(plan.Job!.OutputFolder), state.Message ?? (IsRunning ? _obstacle?.Text : null));

    // The number of a part after the last.
    private int Joining => plan.Parts;

    /// <summary>Takes in what a silo says, and finds work for it.</summary>
    /// <param name="report">What it says.</param>
    /// <param name="isAlive">Whether a silo is part of the cluster.</param>
    /// <param name="isChanged">Whether the state is another, and must be stored before the answer goes out.</param>
    public Assignment Exchange(SiloReport report, Func<SiloAddress, bool> isAlive, out bool isChanged)
    {
        isChanged = false;
        ReleaseWhere((_, worker) => !isAlive(worker));
        if (_obstacle is var (silo, _) && !isAlive(silo))
        {
            _obstacle = null;
        }

        if (IsRunning && state.Model is string model && model != report.Model)
        {
            string text = $"Silo {report.Silo} has a different model from the one that the job began with, and gets no parts of it.";
            _obstacle = (report.Silo, text);
            return new Assignment(IsRunning: true, [], text);
        }

        foreach (PartEnd end in report.Ended.TakeWhile(_ => IsRunning))
        {
            isChanged |= End(end, report.Silo);
        }

        if (!IsRunning)
        {
            return _nothingLeft;
        }

        // A part that it was given and does not know of: the answer was lost.
        ReleaseWhere((part, worker) => worker.Equals(report.Silo) && !report.Held.Contains(part));
        foreach (int part in report.Held.Where(part => !state.IsDone(part)))
        {
            _workers.TryAdd(part, report.Silo);
        }

        PartWork[] parts = Take(report);
        isChanged |= parts.Length > 0 || !IsRunning;
        return IsRunning ? new Assignment(IsRunning: true, parts, null) : _nothingLeft;
    }

    private void ReleaseWhere(Func<int, SiloAddress, bool> isFree)
    {
        foreach ((int part, _) in _workers.Where(entry => isFree(entry.Key, entry.Value)).ToArray())
        {
            Release(part);
        }
    }

    private void Release(int part)
    {
        _workers.Remove(part);
        if (part != Joining)
        {
            _waiting.Enqueue(part);
        }
    }

    /// <returns>Whether the state is another.</returns>
    private bool End(PartEnd end, SiloAddress silo)
    {
        bool isItsOwn = !_workers.TryGetValue(end.Part, out SiloAddress? worker) || worker.Equals(silo);
        switch (end.Outcome)
        {
            case PartOutcome.Done when !state.IsDone(end.Part):
                // Any other silo that works on it makes the same results.
                _workers.Remove(end.Part);
                state.Attempts.Remove(end.Part);
                Finish(end);
                return true;
            case PartOutcome.Returned when isItsOwn && !state.IsDone(end.Part):
                Release(end.Part);
                state.Attempts[end.Part] = Math.Max(0, state.Attempts.GetValueOrDefault(end.Part) - 1);
                return true;
            case PartOutcome.Failed when isItsOwn && !state.IsDone(end.Part):
                Release(end.Part);
                return FailIfTriedEnough(end.Part, end.Message);
            default:
                return false;
        }
    }

    private void Finish(PartEnd end)
    {
        if (end.Part == Joining)
        {
            state.Status = ScoringJobStatus.Completed;
            return;
        }

        state.SetDone(end.Part);
        state.PartsDone++;
        state.ImagesDone += plan.ImagesOf(end.Part);
        state.Errors += end.Errors;
    }

    private PartWork[] Take(SiloReport report)
    {
        var parts = new List<PartWork>();
        while (parts.Count < report.Free && Next() is int part)
        {
            if (FailIfTriedEnough(part, "each time, the silo that worked on it ended"))
            {
                return [];
            }

            state.Model = report.Model;
            state.Attempts[part] = state.Attempts.GetValueOrDefault(part) + 1;
            _workers[part] = report.Silo;
            parts.Add(ToWork(part));
        }

        return [.. parts];
    }

    private int? Next()
    {
        while (_waiting.TryDequeue(out int part))
        {
            if (!state.IsDone(part) && !_workers.ContainsKey(part))
            {
                return part;
            }
        }

        return state.PartsDone == plan.Parts && !_workers.ContainsKey(Joining) ? Joining : null;
    }

    private bool FailIfTriedEnough(int part, string? reason)
    {
        int attempts = state.Attempts.GetValueOrDefault(part);
        if (attempts < plan.Job!.MaxAttempts)
        {
            return false;
        }

        string what = part == Joining
            ? "Joining the results"
            : string.Create(
                CultureInfo.InvariantCulture,
                $"Part {part} (images {plan.FirstImage(part)} to {plan.FirstImage(part) + plan.ImagesOf(part) - 1} of the list)");
        state.Message = string.Create(CultureInfo.InvariantCulture, $"{what} was started {attempts} times and never finished: {reason}");
        state.Status = ScoringJobStatus.Failed;
        return true;
    }

    private PartWork ToWork(int part)
    {
        ScoringJob job = plan.Job!;
        return part == Joining
            ? new PartWork(part, job.ImageList, 0, 0, plan.Offsets[^1], plan.Images, 0, job.OutputFolder, IsJoin: true)
            : new PartWork(
                part, job.ImageList, plan.Offsets[part], plan.Offsets[part + 1], plan.Offsets[^1], plan.FirstImage(part),
                plan.ImagesOf(part), job.OutputFolder, IsJoin: false);
    }
}
