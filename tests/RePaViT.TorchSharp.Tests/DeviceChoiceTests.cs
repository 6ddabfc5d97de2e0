using System.Reflection;
using System.Runtime.Loader;
using RePaViT.Tests.Support;

namespace RePaViT.Torch.Tests;

/// <summary>These run without the native library too.</summary>
[TestClass]
public sealed class DeviceChoiceTests
{
    [TestMethod]
    public void Auto_is_the_GPU_exactly_if_there_is_one()
    {
        TorchLibrary library = TorchLibrary.Current;
        Assert.AreEqual(new DeviceChoice(library.HasCuda, library.Reason), DeviceChoice.Of(Device.Auto));
        Assert.IsFalse(DeviceChoice.Of(Device.Cpu).IsCuda);
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => DeviceChoice.Of((Device)7));
    }

    [TestMethod]
    [DataRow(Device.Auto, "TorchSharp cannot be loaded")]
    [DataRow(Device.Cpu, "the CPU was requested")]
    public void Without_the_managed_part_of_TorchSharp_the_CPU_computes(Device device, string reason)
    {
        var context = new ContextWithoutTorch();
        try
        {
            Assembly library = context.LoadFromAssemblyName(typeof(DeviceChoice).Assembly.GetName());
            MethodInfo of = library.GetType(typeof(DeviceChoice).FullName!)!.GetMethod(nameof(DeviceChoice.Of))!;
            object choice = of.Invoke(null, [(int)device])!;
            StringAssert.Contains(choice.ToString(), $"IsCuda = False, Reason = {reason}");
            Assert.IsNull(choice.GetType().GetMethod(nameof(DeviceChoice.CreateBackend))!.Invoke(choice, []));
        }
        finally
        {
            context.Unload();
        }
    }

    [TestMethod]
    public void A_trainer_and_a_model_are_what_they_were_on_a_device()
    {
        var architecture = new ViTArchitecture { Dim = 16, Depth = 1, Heads = 2, ImageSize = 8, PatchSize = 4, Classes = 2 };
        var model = new RePaViTModel(
            architecture, NetworkForm.Trained, RandomWeights.Network(architecture, seed: 1).Weights, ["a", "b"]);
        float[] images = [.. Enumerable.Range(0, 3 * 8 * 8).Select(i => (float)(i * 37 % 256))];
        float[] expected = new float[2];
        float[] actual = new float[2];
        model.ComputeLogits(images, expected);
        model.On(Device.Cpu).ComputeLogits(images, actual);
        CollectionAssert.AreEqual(expected, actual);

        // The CPU is not faster with less.
        model.On(Device.Cpu).WithPrecision(InferencePrecision.BFloat16).ComputeLogits(images, actual);
        CollectionAssert.AreEqual(expected, actual);
        model.WithPrecision(InferencePrecision.EightBit).ComputeLogits(images, expected);
        model.WithPrecision(InferencePrecision.EightBit).On(Device.Cpu).ComputeLogits(images, actual);
        CollectionAssert.AreEqual(expected, actual);

        RgbImage[] colors = [.. Enumerable.Range(0, 4).Select(i => new RgbImage(8, 8, Enumerable.Repeat((byte)(60 * i), 3 * 8 * 8).ToArray()))];
        var data = new InMemoryImageDataset(colors, [0, 1, 0, 1], ["a", "b"]);
        var recipe = new TrainingRecipe { Epochs = 1, BatchSize = 4, WarmupEpochs = 0 };
        var trainer = new Trainer(architecture, recipe) { InitialModel = model };
        WeightTensor here = trainer.Fit(data).Model.Weights["head.weight"];
        WeightTensor there = trainer.On(Device.Cpu).Fit(data).Model.Weights["head.weight"];
        CollectionAssert.AreEqual(here.Data.ToArray(), there.Data.ToArray());
    }

    /// <summary>This library in a process in which there is no TorchSharp.dll.</summary>
    private sealed class ContextWithoutTorch() : AssemblyLoadContext(isCollectible: true)
    {
        protected override Assembly? Load(AssemblyName assemblyName) => assemblyName.Name switch
        {
            "TorchSharp" => throw new FileNotFoundException($"There is no {assemblyName}."),
            "RePaViT" or "RePaViT.TorchSharp" => LoadFromAssemblyPath(Path.Combine(AppContext.BaseDirectory, $"{assemblyName.Name}.dll")),
            _ => null,
        };
    }
}
