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

    public Architecture Architecture(ExportForm form)
    {
        Architecture architecture = RePaViT.Architecture.Preset(Preset) with
        {
            ImageSize = ImageSize,
            IdleRatio = form == ExportForm.Vanilla ? null : IdleRatio,
        };
        return architecture is SwinArchitecture swin ? swin with { Window = UnpaddedWindow(swin) } : architecture;
    }

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

    /// <summary>
    /// The largest window, up to the preset's, that cuts every map without a rest: the reference implementation fills no map up.
    /// </summary>
    private static int UnpaddedWindow(SwinArchitecture swin)
    {
        int[] sizes = [.. Enumerable.Range(0, swin.Depths.Count).Select(stage => swin.ImageSize / swin.PatchSize >> stage)];
        int window = swin.Window;
        while (sizes.Any(size => size > window && size % window != 0))
        {
            window--;
        }

        return window;
    }
}
