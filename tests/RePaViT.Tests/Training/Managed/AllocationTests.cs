using RePaViT.Objectives;
using RePaViT.Tests.Support;
using RePaViT.Training;
using RePaViT.Training.Managed;

namespace RePaViT.Tests.Training.Managed;

[TestClass]
public sealed class AllocationTests
{
    private static readonly ViTArchitecture ViT = new() { ImageSize = 16, PatchSize = 4, Dim = 48, Depth = 2, Heads = 3, Classes = 5 };
    private static readonly MixerArchitecture Mixer = new() { ImageSize = 16, PatchSize = 4, Dim = 48, Depth = 2, Classes = 5 };

    public static IEnumerable<object[]> Runs() =>
    [
        [ViT with { IdleRatio = null }, OptimizerKind.AdamW],
        [ViT, OptimizerKind.AdamW],
        [ViT, OptimizerKind.Lamb],
        [Mixer with { IdleRatio = null }, OptimizerKind.AdamW],
        [Mixer, OptimizerKind.Lamb],
    ];

    [TestMethod]
    [DynamicData(nameof(Runs))]
    public void Steps_allocate_nothing_after_the_first(Architecture architecture, OptimizerKind optimizer)
    {
        const int Images = 24;
        var recipe = new TrainingRecipe { BatchSize = Images, DropPathRate = 0.2, Optimizer = optimizer, EmaDecay = 0.9 };
        using var engine = new ManagedTrainingEngine(RandomWeights.Network(architecture, seed: 1), new CrossEntropy(), recipe, threads: 2);
        var batch = new TrainingBatch(Images, 3 * 16 * 16, architecture.Classes) { Count = Images };
        RandomWeights.Floats(batch.Images.Length, seed: 2).CopyTo(batch.Images, 0);
        for (int image = 0; image < Images; image++)
        {
            batch.Targets[image * architecture.Classes + image % architecture.Classes] = 1;
        }

        Run(steps: 3);
        long before = GC.GetAllocatedBytesForCurrentThread();
        Run(steps: 5);
        Assert.AreEqual(before, GC.GetAllocatedBytesForCurrentThread());

        void Run(int steps)
        {
            for (int step = 0; step < steps; step++)
            {
                engine.Accumulate(batch, 1, step);
                engine.Update(1e-4);
            }
        }
    }
}
