using RePaViT.Tests.Support;
using RePaViT.Torch.Tests.Support;
using RePaViT.Training;
using RePaViT.Training.Managed;
using RePaViT.Training.Pretraining;

namespace RePaViT.Torch.Tests;

/// <summary>Pretraining without labels: the public implementation's golden steps, and those of the managed engine.</summary>
[TestClass]
[DoNotParallelize]
public sealed class SelfDistillationTests : TorchTest
{
    private const double Tolerance = 1e-5;

    private static readonly SelfDistillation Options = new()
    {
        Epochs = 4, BatchSize = 6, LearningRate = 1e-3, DropPathRate = 0.3, LocalCrops = 3, Prototypes = 20, HiddenDim = 14, BottleneckDim = 8,
        FrozenEpochs = 1, FinalWeightDecay = 1, TeacherMomentum = 0.9,
    };

    public static IEnumerable<object[]> Families() =>
    [
        [new ViTArchitecture { ImageSize = 16, PatchSize = 4, Dim = 30, Depth = 2, Heads = 3, IdleRatio = 0.7 }],
        [new ViTArchitecture { ImageSize = 16, PatchSize = 4, Dim = 30, Depth = 2, Heads = 3, IdleRatio = null, RegisterTokens = 2 }],
        [new LVViTArchitecture { ImageSize = 16, PatchSize = 4, StemChannels = 10, Dim = 30, Depth = 2, Heads = 3, IdleRatio = 0.7 }],
        [new PoolFormerArchitecture { ImageSize = 16, Depths = [1, 2], Dims = [12, 20], LayerScale = 0.5, IdleRatio = 0.7 }],
        [new MixerArchitecture { ImageSize = 16, PatchSize = 4, Dim = 30, Depth = 2, IdleRatio = 0.7 }],
        [new SwinArchitecture { ImageSize = 16, PatchSize = 2, Dim = 12, Depths = [2, 1], Heads = [2, 3], Window = 4, IdleRatio = 0.7 }],
    ];

    [TestMethod]
    [DataRow("step-vanilla")]
    [DataRow("step-idle")]
    public void Two_steps_move_student_teacher_and_center_as_in_the_public_implementation(string name)
    {
        var run = GoldenSelfDistillation.Read(name);
        using ITrainingEngine engine = run.CreateEngine(new TorchBackend(Device, TorchPrecision.Float32));
        run.AssertSteps(engine, ((TorchEngine)engine).GetGradients, Tolerance);
    }

    [TestMethod]
    [DynamicData(nameof(Families))]
    public void Steps_are_those_of_the_managed_engine(Architecture architecture)
    {
        using ITrainingEngine expected = Engine(new ManagedBackend(), architecture, Options);
        using ITrainingEngine actual = Engine(new TorchBackend(Device, TorchPrecision.Float32), architecture, Options);

        // From any state, with a center and a teacher that are not where they began.
        CropPipeline pipeline = Pipeline(architecture, Options);
        TrainingBatch batch = pipeline.CreateBatch();
        pipeline.Fill(0, 0, batch);
        expected.Accumulate(batch, 1, 1);
        expected.Update(1e-2);
        actual.SetState(expected.GetState());

        pipeline.Fill(1, 0, batch);
        for (int part = 0; part < 2; part++)
        {
            BatchResult wanted = expected.Accumulate(batch, 0.5f, part);
            BatchResult result = actual.Accumulate(batch, 0.5f, part);
            Assert.AreEqual(wanted.Loss, result.Loss, Tolerance);
            Assert.AreEqual(wanted.Correct, result.Correct);
        }

        AssertClose(((ManagedSelfDistillationEngine)expected).GetGradients(), ((TorchEngine)actual).GetGradients(), 1e-4, 1e-3);
        Assert.AreEqual(1, actual.Update(1e-3) / expected.Update(1e-3), 1e-4, "norm");
        AssertClose(expected.GetState(), actual.GetState(), 1e-3, 1e-2);
    }

    [TestMethod]
    public void Steps_leave_nothing_behind()
    {
        Architecture architecture = (Architecture)Families().First()[0];
        long tensors = Tensors();
        using (ITrainingEngine engine = Engine(new TorchBackend(Device, TorchPrecision.Float32), architecture, Options))
        {
            CropPipeline pipeline = Pipeline(architecture, Options);
            TrainingBatch batch = pipeline.CreateBatch();
            pipeline.Fill(0, 0, batch);
            Step();
            long after = Tensors();
            for (int i = 0; i < 100; i++)
            {
                Step();
            }

            Assert.AreEqual(after, Tensors());

            void Step()
            {
                engine.Accumulate(batch, 1, 0);
                engine.Update(1e-3);
                engine.SetState(engine.GetState());
            }
        }

        Assert.AreEqual(tensors, Tensors());
    }

    [TestMethod]
    public void A_run_begun_on_one_engine_is_continued_on_the_other()
    {
        using var folder = new TemporaryFolder();
        InMemoryImageDataset images = Images(12);
        using var cancellation = new CancellationTokenSource();
        TrainingResult begun = Trainer(new TorchBackend(Device, TorchPrecision.Float32)).Pretrain(
            images, Options, new AfterEpoch(2, cancellation.Cancel), cancellation.Token);
        TrainingResult result = Trainer(new ManagedBackend()).ResumePretraining(images, Options);

        Assert.IsTrue(begun.IsCancelled);
        Assert.HasCount(4, result.History);
        CollectionAssert.AreEqual(new[] { new TorchBackend(Device, TorchPrecision.Float32).ComputesWith, new ManagedBackend().ComputesWith }, result.ComputedWith.ToArray());

        Trainer Trainer(ITrainingBackend backend) => new(
            (Architecture)Families().First()[0] with { Classes = 3 },
            new TrainingRecipe { ChannelIdleMethod = ChannelIdleMethod.Train },
            new TrainerOptions { CheckpointPath = folder.File("run.safetensors") },
            backend);
    }

    private static ITrainingEngine Engine(ITrainingBackend backend, Architecture architecture, SelfDistillation options)
    {
        SelfDistillation complete = options.Complete(architecture, images: 12, accumulation: 1);
        var recipe = new TrainingRecipe { Epochs = 4, BatchSize = 6, WarmupEpochs = 0, DropPathRate = options.DropPathRate, EmaDecay = null, Epsilon = 1e-4 };
        var networks = CropNetworks.Create(architecture.CreateNetwork(seed: 3), architecture, complete, seed: 3);
        return backend.CreateSelfDistillation(networks, complete, new SelfDistillationSchedule(complete, stepsPerEpoch: 2), recipe, threads: 2);
    }

    private static CropPipeline Pipeline(Architecture architecture, SelfDistillation options)
        => new(Images(12), new ImagePreprocessing(), options.Complete(architecture, images: 12, accumulation: 1), architecture.ImageSize, seed: 5);

    private static InMemoryImageDataset Images(int count)
    {
        var random = new Random(1);
        byte[] Pixels()
        {
            byte[] pixels = new byte[3 * 20 * 20];
            random.NextBytes(pixels);
            return pixels;
        }

        return new InMemoryImageDataset(Enumerable.Range(0, count).Select(_ => new RgbImage(20, 20, Pixels())), new int[count], ["none"]);
    }
}
