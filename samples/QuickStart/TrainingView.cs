using Spectre.Console;

namespace RePaViT.QuickStart;

/// <summary>Shows a training run: a live bar on a terminal, a line per epoch where output goes to a file or a pipe.</summary>
internal static class TrainingView
{
    /// <summary>Runs a training that reports its progress.</summary>
    public static TrainingResult Show(Func<IProgress<TrainingProgress>, TrainingResult> train)
    {
        bool isLive = AnsiConsole.Profile.Capabilities.Ansi;
        var checkpoint = new CheckpointLine(isLive ? AnsiConsole.WriteLine : Console.WriteLine);
        TrainingResult result = isLive
            ? AnsiConsole.Progress()
                .Columns(new TaskDescriptionColumn { Alignment = Justify.Left }, new ProgressBarColumn { Width = 12 })
                .Start(context => train(new LiveBar(context.AddTask("Starting"), checkpoint)))
            : train(new EpochLines(checkpoint));
        checkpoint.Update(result.CheckpointFailure);
        return result;
    }

    /// <summary>A line when the checkpoint can no longer be written, and one when it can again.</summary>
    private sealed class CheckpointLine(Action<string> write)
    {
        private bool _fails;

        public void Update(string? failure)
        {
            if (_fails != failure is not null)
            {
                _fails = failure is not null;
                write(failure ?? "The checkpoint has been written again.");
            }
        }
    }

    private sealed class LiveBar(ProgressTask task, CheckpointLine checkpoint) : IProgress<TrainingProgress>
    {
        public void Report(TrainingProgress value)
        {
            checkpoint.Update(value.CheckpointFailure);
            task.MaxValue = value.Steps;
            task.Value = value.Step;
            task.Description = value.ToString();
        }
    }

    private sealed class EpochLines(CheckpointLine checkpoint) : IProgress<TrainingProgress>
    {
        public void Report(TrainingProgress value)
        {
            checkpoint.Update(value.CheckpointFailure);
            if (value.FinishedEpoch is not null)
            {
                Console.WriteLine(value);
            }
        }
    }
}
