using System.Diagnostics;
using RePaViT.Architectures;
using RePaViT.Tests.Support;
using RePaViT.Torch.Tests.Support;
using RePaViT.Training;
using TorchSharp;

namespace RePaViT.Torch.Tests;

[TestClass]
[DoNotParallelize]
public sealed class MemoryTests : TorchTest
{
    private static readonly ViTArchitecture Architecture =
        new() { ImageSize = 8, PatchSize = 4, Dim = 12, Depth = 1, Heads = 3, Classes = 3 };

    [TestMethod]
    public void A_thousand_steps_leave_nothing_behind()
    {
        // Pages that allocators and the runtime hold on to; 1,000 steps that leaked a batch each would take far more.
        const long Slack = 32 << 20;
        var recipe = new TrainingRecipe { BatchSize = 64, Optimizer = OptimizerKind.Lamb };
        using TorchTrainingEngine engine = Engine(RandomWeights.Network(Architecture, seed: 1), recipe);
        TrainingBatch batch = Batch(Architecture, 64, seed: 1);
        Train(100);
        (long tensors, long bytes) = (Tensors(), Bytes());
        Train(1000);
        Assert.AreEqual(tensors, Tensors());
        Assert.IsTrue(Bytes() - bytes <= Slack, $"{(Bytes() - bytes) >> 20} MiB more");

        void Train(int steps)
        {
            for (int step = 0; step < steps; step++)
            {
                engine.Accumulate(batch, 1, step);
                engine.Update(1e-3);
            }
        }
    }

    [TestMethod]
    public void Engines_give_everything_back()
    {
        long tensors = Tensors();
        Network network = RandomWeights.Network(Architecture, seed: 1);
        TrainingBatch batch = Batch(Architecture, 4, seed: 1);
        using (TorchTrainingEngine training = Engine(network, new TrainingRecipe { BatchSize = 4 }))
        {
            training.Accumulate(batch, 1, 0);
            training.Update(1e-3);
            training.SetState(training.GetState());
            training.GetGradients();
        }

        using (var inference = new TorchInferenceEngine(network, Device, TorchPrecision.Float32))
        {
            inference.Run(batch.Images, 4, new float[12]);
        }

        Assert.AreEqual(tensors, Tensors());
    }

    [TestMethod]
    public void A_scope_around_an_engine_does_not_end_its_tensors()
    {
        Network network = RandomWeights.Network(Architecture, seed: 1);
        TorchTrainingEngine training;
        using (torch.NewDisposeScope())
        {
            training = Engine(network, new TrainingRecipe { BatchSize = 4 });
        }

        using (training)
        {
            training.Accumulate(Batch(Architecture, 4, seed: 1), 1, 0);
            Assert.IsTrue(double.IsFinite(training.Update(1e-3)));
        }
    }

    [TestMethod]
    public void What_is_too_large_for_the_device_is_said_with_what_to_do()
    {
        const long More = 1L << 50;
        InsufficientMemoryException failure = Assert.ThrowsExactly<InsufficientMemoryException>(
            () => DeviceMemory.Compute(7, "take fewer", () => torch.empty(More)));
        Assert.Contains("7 images", failure.Message);
        Assert.Contains("take fewer", failure.Message);
        Assert.IsNotNull(failure.InnerException);
    }

    /// <summary>Tensors that are alive because nobody disposed them; those that the collector could end are ended.</summary>
    private static long Tensors() => torch.Tensor.TotalCount;

    private static long Bytes()
    {
        GC.Collect();
        GC.WaitForPendingFinalizers();
        GC.Collect();
        using Process process = Process.GetCurrentProcess();
        return process.WorkingSet64;
    }
}
