namespace RePaViT.QuickStart;

/// <summary>Trains, saves what is to be deployed, opens the saved file again, and compares it with what was trained.</summary>
internal static class Demonstration
{
    private const string CheckpointName = "checkpoint.safetensors";
    private const string ModelName = "model.onnx";
    private const string ReportName = "report.html";

    /// <returns>The exit code.</returns>
    public static int Run(Settings settings)
    {
        string checkpoint = Path.Combine(settings.Output.FullName, CheckpointName);
        string modelFile = Path.Combine(settings.Output.FullName, ModelName);
        if (settings.Resume && !File.Exists(checkpoint))
        {
            throw new FileNotFoundException($"There is nothing to resume: '{checkpoint}' does not exist.");
        }

        LearningTask task = LearningTask.Create(settings);
        settings.Output.Create();
        var report = new ReportFile(Path.Combine(settings.Output.FullName, ReportName));
        Introduce(task);
        TrainingResult result = Train(task, checkpoint, settings.Resume);

        RePaViTModel trained = result.Model;
        result.Deploy().Save(modelFile);
        report.Write(TrainingReport.Measure(result, task.Training, task.Validation));

        // From here on only the file counts: what is compared and shown is what would be deployed.
        RePaViTModel deployed = RePaViTModel.Load(modelFile);
        new Comparison(trained, deployed, task.Test).Write();
        PredictionTable.Write(deployed, task.Test);
        Console.WriteLine($"Model:      {modelFile}");
        Console.WriteLine($"Report:     {report.Path}");
        Console.WriteLine($"Checkpoint: {checkpoint}{(result.CheckpointFailure is null ? "" : " (an earlier state)")}");
        return 0;
    }

    private static void Introduce(LearningTask task)
    {
        Architecture network = task.Architecture;
        Console.WriteLine(
            $"{task.Name}: {task.Training.Count} images for training, {task.Validation.Count} for validation, {task.Test.Count} for "
                + $"testing; {network.Classes} classes");
        Console.WriteLine(
            $"Network: {network.ImageSize} x {network.ImageSize} pixels, {network.BlockCount} blocks, {network.ActiveChannelsOf(0)} of {network.HiddenChannelsOf(0)} hidden channels active");
    }

    private static TrainingResult Train(LearningTask task, string checkpoint, bool resume)
    {
        (Rgb mean, Rgb deviation) = task.Training.MeasureChannels();
        var trainer = new Trainer(task.Architecture, task.Recipe, new TrainerOptions { CheckpointPath = checkpoint })
        {
            Preprocessing = new ImagePreprocessing { Mean = mean, StandardDeviation = deviation },
        };
        using var interruption = new Interruption();
        TrainingResult result = TrainingView.Show(progress => resume
            ? trainer.Resume(task.Training, task.Validation, progress, interruption.Token)
            : trainer.Fit(task.Training, task.Validation, progress, interruption.Token));
        if (result.IsCancelled)
        {
            Console.WriteLine("Cancelled. The results below are those of the best model so far; --resume continues training.");
        }

        return result;
    }
}
