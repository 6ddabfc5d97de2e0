namespace RePaViT.Tool;

/// <summary>Files that hold models, by their names.</summary>
internal static class ModelFiles
{
    /// <summary>What a command says about the file that it takes.</summary>
    public const string Description =
        "A model of this library (.onnx), an ML.NET model with one (.zip, .mlnet), or weights of timm, torchvision, Hugging Face or the paper's authors (.safetensors, .pth, .bin).";

    private static readonly string[] _weights = [".safetensors", ".pth", ".pt", ".bin", ".json"];

    /// <summary>Whether it is a file of weights, whose network others named.</summary>
    public static bool HoldsWeights(string path) => _weights.Contains(Path.GetExtension(path), StringComparer.OrdinalIgnoreCase);
}
