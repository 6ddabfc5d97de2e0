using Microsoft.ML;
using RePaViT.MLNet.Training;

namespace RePaViT.Tool;

/// <summary>Opens a model of any kind.</summary>
internal static class ModelSource
{
    /// <summary>What the verbs say about the file that they take.</summary>
    public const string Description =
        "A model of this library (.onnx), an ML.NET model with one (.zip, .mlnet), or weights of timm, torchvision, Hugging Face or the paper's authors (.safetensors, .pth, .bin).";

    private static readonly string[] _weights = [".safetensors", ".pth", ".pt", ".bin", ".json"];

    /// <exception cref="InvalidDataException">It is damaged or holds something else.</exception>
    /// <exception cref="IOException">It cannot be read.</exception>
    public static RePaViTModel Open(string path)
    {
        string extension = Path.GetExtension(path).ToLowerInvariant();
        return extension == ".onnx" ? RePaViTModel.Load(path)
            : _weights.Contains(extension) ? OpenWeights(PretrainedSource.FromFile(path))
            : new MLContext().Model.LoadRePaViT(path).Model;
    }

    private static RePaViTModel OpenWeights(PretrainedSource source) => RePaViTModel.LoadPretrained(
        source, new PretrainedOptions { Report = found => Console.Error.WriteLine(TrainingLog.Describe(source, found)) });
}
