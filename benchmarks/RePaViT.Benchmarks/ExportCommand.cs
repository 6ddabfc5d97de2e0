using System.CommandLine;
using RePaViT.Networks;
using Spectre.Console;

namespace RePaViT.Benchmarks;

/// <summary><c>export</c>: writes a preset as an ONNX file.</summary>
internal static class ExportCommand
{
    public static Command Create()
    {
        var output = new Option<string>("--out") { Description = "The ONNX file to write.", Required = true };
        var weights = new Option<string?>("--weights")
        {
            Description = "A safetensors file in trained or deployed form; without it, weights are those of an untrained network.",
        };
        var imageSize = new Option<int>("--image-size") { Description = "In pixels.", DefaultValueFactory = _ => 224 };
        var classes = new Option<int>("--classes") { Description = "Number of classes.", DefaultValueFactory = _ => 1000 };
        var command = new Command("export", "Writes a preset as an ONNX file.")
        {
            output, weights, imageSize, classes,
        };
        var preset = new PresetOptions(command);
        command.SetAction(commandLine =>
        {
            (Architecture architecture, ExportForm form) = preset.Read(commandLine);
            architecture = architecture with
            {
                ImageSize = commandLine.GetValue(imageSize),
                Classes = commandLine.GetValue(classes),
            };
            ExportReport report = Run(
                architecture, form, commandLine.GetRequiredValue(output), commandLine.GetValue(weights));
            Report.Write(commandLine, report, Print);
        });
        return command;
    }

    /// <exception cref="ArgumentException">The architecture is not valid, or the weights are not its weights.</exception>
    /// <exception cref="InvalidDataException">The weights are no safetensors file.</exception>
    /// <exception cref="IOException">A file cannot be read or written.</exception>
    public static ExportReport Run(Architecture architecture, ExportForm form, string output, string? weightsFile)
    {
        architecture.Validate();
        NamedTensors weights = weightsFile is null
            ? WeightInitializer.Create(architecture.Layers(NetworkForm.Trained), seed: 0)
            : Safetensors.Read(weightsFile).Tensors;
        // Merging leaves other tensors than those of the training form.
        bool deployed = architecture.Layers(NetworkForm.Trained).SelectMany(layer => layer.Tensors)
            .Any(tensor => !weights.TryGet(tensor.Name, out _))
            && architecture.Layers(NetworkForm.Deployed).SelectMany(layer => layer.Tensors)
            .All(tensor => weights.TryGet(tensor.Name, out _));
        if (deployed && form == ExportForm.Trained)
        {
            throw new ArgumentException($"{weightsFile} holds weights in deployed form; there is no way back to the trained form.");
        }

        string[] classNames = [.. Enumerable.Range(0, architecture.Classes).Select(label => $"class {label}")];
        var model = new RePaViTModel(
            architecture, deployed ? NetworkForm.Deployed : NetworkForm.Trained, weights, classNames);
        if (form == ExportForm.Deployed)
        {
            model = model.Reparameterize();
        }

        model.Save(output);
        return new ExportReport(output, form, model.Cost.Parameters, new FileInfo(output).Length);
    }

    private static void Print(ExportReport report)
        => Report.Text.WriteLine($"Wrote {report.File}: {report.Form}, {report.Parameters:N0} parameters, {report.Bytes:N0} bytes");
}

/// <summary>What is exported.</summary>
internal enum ExportForm
{
    Deployed,
    Trained,
    Vanilla,
}

/// <summary>What was exported.</summary>
internal sealed record ExportReport(string File, ExportForm Form, long Parameters, long Bytes);
