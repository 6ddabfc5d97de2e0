using System.Globalization;
using System.Text.Json;
using RePaViT.Training;
using RePaViT.Training.Pretraining;

namespace RePaViT.Tests.Support;

/// <summary>Two training steps of Fixtures/Dino, for any engine.</summary>
internal sealed class GoldenSelfDistillation
{
    private const int Images = 3;
    private const int Prototypes = 10;

    private readonly SafetensorsFile _file;
    private readonly ViTArchitecture _architecture;

    private GoldenSelfDistillation(SafetensorsFile file)
        => (_file, _architecture) = (file, JsonSerializer.Deserialize<ViTArchitecture>(file.Metadata["architecture"], JsonSerializerOptions.Web)!);

    // Chosen so that the schedules give the numbers of the file's two steps.
    private SelfDistillation Options => new()
    {
        Epochs = 2,
        BatchSize = Images,
        WeightDecay = Number("step1.weight_decay"),
        FinalWeightDecay = 2 * Number("step2.weight_decay") - Number("step1.weight_decay"),
        LocalCrops = 2,
        LocalCropSize = 8,
        Prototypes = Prototypes,
        HiddenDim = (int)Number("hidden_dim"),
        BottleneckDim = (int)Number("bottleneck_dim"),
        StudentTemperature = Number("student_temperature"),
        WarmupTeacherTemperature = Number("step1.teacher_temperature"),
        TeacherTemperature = Number("step2.teacher_temperature"),
        TeacherWarmupEpochs = 1,
        TeacherMomentum = Number("step1.teacher_momentum"),
        CenterMomentum = Number("center_momentum"),
        FrozenEpochs = 1,
    };

    public static GoldenSelfDistillation Read(string name) => new(Fixture.Read($"Dino/{name}"));

    /// <summary>An engine with the weights that the file starts from.</summary>
    public ITrainingEngine CreateEngine(ITrainingBackend backend)
    {
        var recipe = new TrainingRecipe { Epochs = 2, BatchSize = Images, WarmupEpochs = 0, DropPathRate = 0, GradientClipNorm = null, EmaDecay = null };
        var networks = CropNetworks.Create(_architecture.CreateNetwork(seed: 1), _architecture, Options, seed: 1);
        var schedule = new SelfDistillationSchedule(Options, stepsPerEpoch: 1);
        Assert.AreEqual(Number("step2.weight_decay"), schedule.WeightDecay(1), 1e-12);
        Assert.AreEqual(1 - Number("step2.teacher_momentum"), schedule.TeacherGain(1), 1e-7);
        ITrainingEngine engine = backend.CreateSelfDistillation(networks, Options, schedule, recipe, threads: 2);
        var state = new NamedTensors();
        foreach ((string name, WeightTensor tensor) in engine.GetState())
        {
            string start = name.StartsWith("average.", StringComparison.Ordinal) ? name["average.".Length..] : name;
            state.Add(name, _file.Tensors.TryGet($"start.{start}", out WeightTensor? stored) ? stored : tensor);
        }

        engine.SetState(state);
        return engine;
    }

    /// <summary>Takes both steps and compares all that they change.</summary>
    public void AssertSteps(ITrainingEngine engine, Func<NamedTensors> gradients, double tolerance)
    {
        for (int step = 1; step <= 2; step++)
        {
            BatchResult result = engine.Accumulate(Batch(step), scale: 1, dropPathKey: step);
            Assert.AreEqual(_file.Tensors[$"step{step}.loss"].Data[0], result.Loss, tolerance, $"loss of step {step}");
            AssertSame(gradients(), $"step{step}.grad.", tolerance);
            engine.Update(Number($"step{step}.learning_rate"));
            NamedTensors state = engine.GetState();
            AssertSame(engine.GetWeights(averaged: false), $"step{step}.student.", tolerance);
            AssertSame(engine.GetWeights(averaged: true), $"step{step}.teacher.", tolerance);
            Assert.IsLessThan(tolerance, Difference.Relative(_file.Tensors[$"step{step}.center"].Data, state[EngineState.CenterName].Data), $"center of step {step}");
        }
    }

    private TrainingBatch Batch(int step)
    {
        (int size, int local) = (3 * 16 * 16, 3 * 8 * 8);
        var batch = new TrainingBatch(Images, 2 * size, targetLength: 0, localLength: 2 * local) { Count = Images };
        ToImages(_file.Tensors[$"step{step}.global"], batch.Images, size);
        ToImages(_file.Tensors[$"step{step}.local"], batch.LocalCrops, local);
        return batch;

        // The file has the first crop of all images, then the second.
        static void ToImages(WeightTensor crops, float[] images, int length)
        {
            for (int crop = 0; crop < 2; crop++)
            {
                for (int image = 0; image < Images; image++)
                {
                    crops.Data.Slice((crop * Images + image) * length, length).CopyTo(images.AsSpan((image * 2 + crop) * length));
                }
            }
        }
    }

    private void AssertSame(NamedTensors actual, string prefix, double tolerance)
    {
        int compared = 0;
        foreach ((string name, WeightTensor tensor) in actual)
        {
            WeightTensor expected = _file.Tensors[prefix + name];
            float[] values = tensor.ToArray();
            float[] wanted = expected.ToArray();
            if (!prefix.EndsWith("grad.", StringComparison.Ordinal))
            {
                LeaveOutUndecided(name, values, wanted);
            }

            Assert.IsLessThan(tolerance, Difference.Relative(wanted, values, smallestMagnitude: 0.1), prefix + name);
            compared++;
        }

        Assert.AreEqual(_file.Tensors.Count(pair => pair.Key.StartsWith(prefix, StringComparison.Ordinal)), compared, prefix);
    }

    /// <summary>
    /// The gradients of some biases are 0 whatever the input, and rounding decides where the optimizer moves them; with them moves the running
    /// mean of what they are added to.
    /// </summary>
    private void LeaveOutUndecided(string name, float[] values, float[] wanted)
    {
        bool isKeys = name.EndsWith(".qkv.bias", StringComparison.Ordinal);
        bool isIdle = !_architecture.IsVanilla
            && (name.EndsWith(".fc1.bias", StringComparison.Ordinal) || name.EndsWith(".norm2.running_mean", StringComparison.Ordinal));
        if (isKeys || isIdle)
        {
            values.AsSpan(8, 8).CopyTo(wanted.AsSpan(8, 8));
        }
    }

    private double Number(string key) => double.Parse(_file.Metadata[key], CultureInfo.InvariantCulture);
}
