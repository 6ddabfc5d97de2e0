using System.Globalization;

namespace RePaViT.Tests.Training;

/// <summary>A training run in a process of its own.</summary>
internal static class TrainingChild
{
    public const string Command = "train";
    public const string Started = "started";

    /// <summary>Least time that a whole run takes; a kill before must find it at work.</summary>
    public const int LeastMilliseconds = MillisecondsPerImage * Images * 3;

    private const int MillisecondsPerImage = 10;
    private const int Images = 60;

    public static string[] Arguments(string checkpoint, string weights, int threads)
        => [Command, checkpoint, weights, threads.ToString(CultureInfo.InvariantCulture)];

    /// <summary>Resumes the run where there is a checkpoint, and writes the weights it ends with.</summary>
    public static void Run(string[] arguments)
    {
        string checkpoint = arguments[0];
        string weights = arguments[1];
        int threads = int.Parse(arguments[2], CultureInfo.InvariantCulture);
        var trainer = new Trainer(
            TrainingRun.Architecture,
            TrainingRun.Recipe,
            new TrainerOptions { CheckpointPath = checkpoint, CheckpointEverySteps = 1, Threads = threads });
        var training = new SlowDataset(TrainingRun.Dataset(Images, seed: 1));
        InMemoryImageDataset validation = TrainingRun.Dataset(9, seed: 2);
        bool isResumed = File.Exists(checkpoint);
        Console.WriteLine(Started);
        TrainingResult result = isResumed ? trainer.Resume(training, validation) : trainer.Fit(training, validation);
        Safetensors.Write(weights, result.Model.Weights);
    }

    /// <summary>Gives one image at a time, and not before some time has passed.</summary>
    private sealed class SlowDataset(IImageDataset images) : IImageDataset
    {
        private readonly Lock _lock = new();

        public IReadOnlyList<string> ClassNames => images.ClassNames;

        public int Count => images.Count;

        public RgbImage GetImage(int index)
        {
            lock (_lock)
            {
                Thread.Sleep(MillisecondsPerImage);
            }

            return images.GetImage(index);
        }

        public int GetLabel(int index) => images.GetLabel(index);
    }
}
