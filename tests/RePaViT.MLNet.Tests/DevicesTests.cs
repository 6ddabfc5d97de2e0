using System.Reflection;
using Microsoft.ML;
using RePaViT.MLNet.Tests.Support;
using RePaViT.Tests.Support;
using RePaViT.Torch;

namespace RePaViT.MLNet.Tests;

/// <summary>No native package of TorchSharp is part of these tests, so there is never a GPU.</summary>
[TestClass]
public sealed class DevicesTests
{
    [TestMethod]
    public void Training_says_in_one_line_that_there_is_no_GPU_and_why()
    {
        using var setup = new TrainingSetup(images: 12);
        IDataView data = setup.Prepare(setup.LoadBytes());
        setup.CreateTrainer(TrainingSetup.Options with { Device = Device.Auto, Epoch = 1 }).Fit(data);
        Assert.AreEqual(
            $"Training on the CPU, {Environment.ProcessorCount} cores: {TorchLibrary.Current.Reason}", OnlyLine(setup, "Training on"));
    }

    [TestMethod]
    public void Loading_says_what_will_score()
    {
        using var setup = new TrainingSetup(images: 0);
        string path = setup.PathOf("model.onnx");
        TestModel.Create(["a", "b"]).Save(path);
        setup.Context.Model.LoadRePaViT(path, Device.Cpu);
        Assert.AreEqual(
            $"Scoring on the CPU, {Environment.ProcessorCount} cores: the CPU was requested.", OnlyLine(setup, "Scoring on"));
    }

    [TestMethod]
    public void A_GPU_that_is_not_there_is_refused_with_the_packages_that_are_needed()
    {
        using var setup = new TrainingSetup(images: 6);
        string path = setup.PathOf("model.onnx");
        TestModel.Create(["a", "b"]).Save(path);
        IDataView data = setup.Prepare(setup.LoadBytes());
        Action[] refused =
        [
            () => setup.CreateTrainer(TrainingSetup.Options with { Device = Device.Cuda }).Fit(data),
            () => setup.Context.Model.LoadRePaViT(path, Device.Cuda),
        ];
        foreach (Action action in refused)
        {
            string message = Assert.ThrowsExactly<NotSupportedException>(action).Message;
            StringAssert.Contains(message, "TorchSharp-cuda-windows");
            StringAssert.Contains(message, "TorchSharp-cuda-linux");
        }

        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => setup.Context.Model.LoadRePaViT(path, (Device)7));
    }

    [TestMethod]
    public void The_CPU_needs_no_TorchSharp()
    {
        using var child = new ChildProcess(CpuChild.Command);
        child.WaitForSuccess();
    }

    [TestMethod]
    public void A_GPU_is_named()
        => Assert.AreEqual("Training on NVIDIA H200, through TorchSharp.", Devices.Describe(new DeviceChoice(true, "NVIDIA H200"), "Training"));

    [TestMethod]
    [DataRow("0.103.1.0", false)]
    [DataRow("0.104.0.0", true)]
    [DataRow("0.106.0.0", true)]
    public void A_TorchSharp_that_breaks_the_stock_trainers_is_reported(string version, bool breaks)
    {
        var torch = new AssemblyName($"TorchSharp, Version={version}");
        var trainers = new AssemblyName("Microsoft.ML.TorchSharp, Version=1.0.0.0");
        Assert.IsNull(Devices.FindConflict([torch]));
        Assert.IsNull(Devices.FindConflict([trainers]));
        string? conflict = Devices.FindConflict([torch, trainers]);
        Assert.AreEqual(breaks, conflict is not null);
        if (conflict is not null)
        {
            StringAssert.Contains(conflict, version[..^2]);
            StringAssert.Contains(conflict, "0.103.1");
        }
    }

    private static string OnlyLine(TrainingSetup setup, string start)
        => setup.Log.Select(message => message.RawMessage).Single(message => message.StartsWith(start, StringComparison.Ordinal));
}
