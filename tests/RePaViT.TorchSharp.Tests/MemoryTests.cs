using System.Diagnostics;
using System.Runtime.CompilerServices;
using RePaViT.Networks;
using RePaViT.Objectives;
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
        new() { ImageSize = 8, PatchSize = 4, Dim = 12, Depth = 2, Heads = 3, Classes = 3 };

    [TestMethod]
    [DataRow(0.75, false)]
    [DataRow(0.75, true)]
    [DataRow(null, false)]
    public void A_thousand_steps_leave_nothing_behind(double? idleRatio, bool half)
    {
        // Pages that allocators and the runtime hold on to; 1,000 steps that leaked a batch each would take far more.
        const long Slack = 32 << 20;
        var recipe = new TrainingRecipe { BatchSize = 32, Optimizer = OptimizerKind.Lamb, DropPathRate = 0.2 };
        Network network = RandomWeights.Network(Architecture with { IdleRatio = idleRatio }, seed: 1);
        using var engine = new TorchTrainingEngine(network, new CrossEntropy(), recipe, Device, half ? TorchPrecision.BFloat16 : TorchPrecision.Float32);
        TrainingBatch batch = Batch(network, 32, seed: 1);
        Train(50);
        (long tensors, long bytes) = (Tensors(), Bytes());
        Train(1000);
        Assert.AreEqual(tensors, Tensors());
        Assert.IsTrue(Bytes() - bytes <= Slack, $"{(Bytes() - bytes) >> 20} MiB more");

        void Train(int steps)
        {
            for (int step = 0; step < steps; step++)
            {
                engine.Accumulate(batch, 0.5f, 2 * step);
                engine.Accumulate(batch, 0.5f, 2 * step + 1);
                engine.Update(1e-3);
            }
        }
    }

    [TestMethod]
    public void Validations_leave_nothing_behind()
    {
        var backend = new TorchBackend(Device, TorchPrecision.Float32);
        NamedTensors weights = RandomWeights.Network(Architecture, seed: 1).Weights;
        var description = new ModelDescription
        {
            Architecture = Architecture, Form = NetworkForm.Trained, ClassNames = ["a", "b", "c"], Preprocessing = new(),
        };
        RgbImage[] images = [.. Enumerable.Range(0, 70).Select(i => new RgbImage(8, 8, Enumerable.Repeat((byte)i, 3 * 64).ToArray()))];
        var dataset = new InMemoryImageDataset(images, [.. images.Select((_, i) => i % 3)], description.ClassNames);
        long tensors = Tensors();
        for (int i = 0; i < 20; i++)
        {
            backend.Evaluate(description, weights, dataset, threads: 2, CancellationToken.None);
        }

        Assert.AreEqual(tensors, Tensors());
    }

    [TestMethod]
    public void Engines_give_everything_back()
    {
        long tensors = Tensors();
        Network network = RandomWeights.Network(Architecture, seed: 1);
        TrainingBatch batch = Batch(network, 4, seed: 1);
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
            training.Accumulate(Batch(network, 4, seed: 1), 1, 0);
            Assert.IsTrue(double.IsFinite(training.Update(1e-3)));
        }
    }

    [TestMethod]
    public void What_is_too_large_for_the_device_is_said_with_what_to_do()
    {
        const long More = 1L << 50;
        InsufficientMemoryException failure = Assert.ThrowsExactly<InsufficientMemoryException>(
            () => DeviceMemory.Compute("7 images", "take fewer", () => torch.empty(More, device: Device)));
        Assert.Contains("7 images", failure.Message);
        Assert.Contains("take fewer", failure.Message);
        Assert.IsNotNull(failure.InnerException);
    }

    [TestMethod]
    public void Where_memory_is_short_what_nobody_holds_is_collected_first()
    {
        int attempts = 0;
        long tensors = Tensors();
        long during = 0;
        int result = DeviceMemory.ComputeRepeatable("a network", "take a smaller one", () =>
        {
            if (attempts++ == 0)
            {
                Abandon();
                torch.empty(1L << 50, device: Device);
            }

            during = torch.Tensor.TotalCount;
            return 5;
        });
        Assert.AreEqual(5, result);
        Assert.AreEqual(2, attempts);
        Assert.AreEqual(tensors, during);

        [MethodImpl(MethodImplOptions.NoInlining)]
        static void Abandon() => torch.zeros(1000, device: Device);
    }

    private static long Bytes()
    {
        Collect();
        using Process process = Process.GetCurrentProcess();
        return process.WorkingSet64;
    }
}
