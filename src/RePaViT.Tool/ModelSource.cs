using Microsoft.ML;
using RePaViT.MLNet.Training;

namespace RePaViT.Tool;

/// <summary>Opens a model of any kind.</summary>
internal static class ModelSource
{
    /// <exception cref="InvalidDataException">It is damaged or holds something else.</exception>
    /// <exception cref="IOException">It cannot be read.</exception>
    public static RePaViTModel Open(string path)
        => Path.GetExtension(path).Equals(".onnx", StringComparison.OrdinalIgnoreCase) ? RePaViTModel.Load(path)
            : ModelFiles.HoldsWeights(path) ? OpenWeights(PretrainedSource.FromFile(path))
            : new MLContext().Model.LoadRePaViT(path).Model;

    private static RePaViTModel OpenWeights(PretrainedSource source) => RePaViTModel.LoadPretrained(
        source, new PretrainedOptions { Report = found => Console.Error.WriteLine(TrainingLog.Describe(source, found)) });
}
