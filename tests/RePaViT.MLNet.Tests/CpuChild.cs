using Microsoft.ML;
using RePaViT.MLNet.Tests.Support;

namespace RePaViT.MLNet.Tests;

/// <summary>A program that trains, saves, loads and scores on the CPU, and fails if that loaded TorchSharp.</summary>
internal static class CpuChild
{
    public const string Command = "cpu";

    public static void Run()
    {
        using var setup = new TrainingSetup(images: 12);
        IDataView data = setup.Prepare(setup.LoadBytes());
        string path = setup.PathOf("model.onnx");
        setup.CreateTrainer(TrainingSetup.Options with { Device = Device.Cpu, Epoch = 1 }).Fit(data).SaveAsOnnx(path);
        TrainingSetup.Scores(setup.Context.Model.LoadRePaViT(path, Device.Cpu), data);
        if (AppDomain.CurrentDomain.GetAssemblies().Any(assembly => assembly.GetName().Name == "TorchSharp"))
        {
            throw new InvalidOperationException("TorchSharp was loaded.");
        }
    }
}
