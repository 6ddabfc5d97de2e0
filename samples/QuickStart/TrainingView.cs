using Spectre.Console;

namespace RePaViT.QuickStart;

/// <summary>Shows a training run: a live bar on a terminal, a line per epoch where output goes to a file or a pipe.</summary>
internal static class TrainingView
{
    /// <summary>Runs a training that reports its progress.</summary>
    public static TrainingResult Show(Func<IProgress<TrainingProgress>, TrainingResult> train)
    {
        if (!AnsiConsole.Profile.Capabilities.Ansi)
        {
            return train(new EpochLines());
        }

        return AnsiConsole.Progress()
            .Columns(new TaskDescriptionColumn { Alignment = Justify.Left }, new ProgressBarColumn { Width = 12 })
            .Start(context => train(new LiveBar(context.AddTask("Starting"))));
    }

    private sealed class LiveBar(ProgressTask task) : IProgress<TrainingProgress>
    {
        public void Report(TrainingProgress value)
        {
            task.MaxValue = value.Steps;
            task.Value = value.Step;
            task.Description = value.ToString();
        }
    }

    private sealed class EpochLines : IProgress<TrainingProgress>
    {
        public void Report(TrainingProgress value)
        {
            if (value.FinishedEpoch is not null)
            {
                Console.WriteLine(value);
            }
        }
    }
}
