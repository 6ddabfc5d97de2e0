using RePaViT.Benchmarks.Engines;
using RePaViT.Randomness;
using RePaViT.Training;

namespace RePaViT.Benchmarks.Reference;

/// <summary>What is done to a vanilla network and to its channel-idle counterpart.</summary>
internal enum BenchmarkTask
{
    /// <summary>Forward, of the vanilla and of the deployed network.</summary>
    Inference,

    /// <summary>Steps of LAMB with drop path and averaged weights, of the vanilla and of the trained network.</summary>
    Training,
}

/// <summary>What both implementations do, on one device.</summary>
internal sealed record Workload(
    BenchmarkTask Task, string Preset, double IdleRatio, int Batch, int ImageSize, EngineChoice Engine)
{
    /// <summary>The channel-idle form that the task is about.</summary>
    public ExportForm IdleForm => Task == BenchmarkTask.Inference ? ExportForm.Deployed : ExportForm.Trained;

    public Architecture Architecture(ExportForm form) => RePaViT.Architecture.Preset(Preset) with
    {
        ImageSize = ImageSize,
        IdleRatio = form == ExportForm.Vanilla ? null : IdleRatio,
    };

    /// <summary>A batch of noise.</summary>
    public TrainingBatch CreateBatch()
    {
        int classes = Architecture(ExportForm.Vanilla).Classes;
        var batch = new TrainingBatch(Batch, RePaViT.Architecture.Channels * ImageSize * ImageSize, classes) { Count = Batch };
        var random = new RandomStream(0, RandomPurpose.Initialization);
        foreach (ref float value in batch.Images.AsSpan())
        {
            value = (float)random.NextNormal();
        }

        for (int image = 0; image < Batch; image++)
        {
            batch.Targets[image * classes + image % classes] = 1;
        }

        return batch;
    }
}
