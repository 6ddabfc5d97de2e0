using RePaViT.Tests.Support;

namespace RePaViT.Tests.Hardening;

/// <summary>A process that saves one model and another in turns under the same names, until it is killed.</summary>
internal static class SavingChild
{
    public const string Command = "save";
    public const string Started = "started";

    private const string Network = "model.onnx";
    private const string Weights = "weights.safetensors";

    // Some hundred kilobytes: long enough for kills to find it half-written.
    private static readonly ViTArchitecture Architecture = new() { ImageSize = 16, PatchSize = 4, Dim = 96, Depth = 3, Heads = 3, Classes = 2 };

    /// <summary>What is saved.</summary>
    public static IReadOnlyList<string> FileNames { get; } = [Network, Weights];

    public static void Run(string[] arguments)
    {
        RePaViTModel[] models = [Model(1), Model(2)];
        Save(models[0], arguments[0]);
        Console.WriteLine(Started);
        for (int i = 1; ; i++)
        {
            Save(models[i % 2], arguments[0]);
        }
    }

    /// <summary>One of the two models.</summary>
    public static RePaViTModel Model(int number)
        => new(Architecture, NetworkForm.Trained, RandomWeights.Network(Architecture, number).Weights, ["a", "b"]);

    public static void Save(RePaViTModel model, string folder)
    {
        model.Save(Path.Combine(folder, Network));
        Safetensors.Write(Path.Combine(folder, Weights), model.Weights);
    }
}
