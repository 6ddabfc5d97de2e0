using System.CommandLine;

namespace RePaViT.Tool;

/// <summary><c>export</c>: a model in another format.</summary>
internal static class ExportCommand
{
    public static Command Create()
    {
        var model = new Argument<string>("MODEL") { Description = ModelFiles.Description };
        var output = new Argument<string>("OUTPUT") { Description = "The file to write: .onnx, or .safetensors for the weights." };
        var naming = new Option<WeightNaming>("--naming") { Description = "Whose names the weights get: reference or timm." };
        var command = new Command("export", "Writes a model as an ONNX file, or its weights as safetensors.") { model, output, naming };
        command.SetAction(line => Run(line.GetRequiredValue(model), line.GetRequiredValue(output), line.GetValue(naming)));
        return command;
    }

    private static void Run(string path, string output, WeightNaming naming)
    {
        Action<RePaViTModel> save = Path.GetExtension(output).ToLowerInvariant() switch
        {
            ".onnx" => model => model.Reparameterize().Save(output),
            ".safetensors" => model => model.SaveWeights(output, naming),
            _ => throw new ArgumentException($"'{output}' is not accepted: a name that ends with .onnx or .safetensors is needed."),
        };
        save(ModelSource.Open(path));
        Console.WriteLine($"Wrote {Path.GetFullPath(output)}");
    }
}
