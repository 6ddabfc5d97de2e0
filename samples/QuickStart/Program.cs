using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using RePaViT;
using RePaViT.QuickStart;
using Spectre.Console;

var cifar = new Option<DirectoryInfo?>("--cifar10") { Description = "Train on CIFAR-10 (binary version) in this folder." };
var idx = new Option<DirectoryInfo?>("--idx") { Description = "Train on IDX files (MNIST and the like) in this folder." };
string presetNames = string.Join(", ", Architecture.Presets.Select(preset => preset.Key.ToLowerInvariant()));
var preset = new Option<Architecture?>("--preset")
{
    Description = $"Size of the network: {presetNames}. Default: a smaller one, made for this sample.",
    CustomParser = argument => Architecture.Presets
        .FirstOrDefault(preset => preset.Key.Equals(Value(argument), StringComparison.OrdinalIgnoreCase)).Value
        ?? Refuse<Architecture>(argument, presetNames),
};
var idleRatio = new Option<double?>("--idle-ratio")
{
    Description = "Share of hidden channels that skip the activation, 0 to 1. Default: the preset's own, mostly 0.75.",
    CustomParser = argument =>
        double.TryParse(Value(argument), CultureInfo.InvariantCulture, out double ratio) && ratio is >= 0 and <= 1
            ? ratio
            : Refuse<double?>(argument, "a number from 0 to 1"),
};
var epochs = new Option<int?>("--epochs")
{
    Description = "How often each training image is seen. Default: depends on the data.",
    CustomParser = argument =>
        int.TryParse(Value(argument), CultureInfo.InvariantCulture, out int count) && count is >= 1 and <= 100_000
            ? count
            : Refuse<int?>(argument, "a number from 1 to 100000"),
};
var output = new Option<DirectoryInfo>("--output")
{
    Description = "Folder for model.onnx, the report and the training checkpoint.",
    DefaultValueFactory = _ => new DirectoryInfo("quickstart-output"),
};
var resume = new Option<bool>("--resume") { Description = "Continue from the checkpoint in the output folder." };

var command = new RootCommand("Trains a vision transformer, deploys it channel-idle and reparameterized, and compares both.")
{
    cifar, idx, preset, idleRatio, epochs, output, resume,
};
command.Validators.Add(line =>
{
    if (line.GetResult(cifar) is not null && line.GetResult(idx) is not null)
    {
        line.AddError("--cifar10 and --idx cannot be combined: one data set is needed.");
    }
});
command.SetAction(line => Demonstration.Run(new Settings
{
    Cifar10 = line.GetValue(cifar),
    Idx = line.GetValue(idx),
    Preset = line.GetValue(preset),
    IdleRatio = line.GetValue(idleRatio),
    Epochs = line.GetValue(epochs),
    Output = line.GetValue(output)!,
    Resume = line.GetValue(resume),
}));

ParseResult commandLine = command.Parse(args);
if (commandLine.Errors.Count > 0)
{
    return Fail(commandLine.Errors[0].Message);
}

// Control sequences are for terminals; a file or a pipe gets plain text.
AnsiConsole.Profile.Capabilities.Ansi &= !Console.IsOutputRedirected;
try
{
    return commandLine.Invoke(new InvocationConfiguration { EnableDefaultExceptionHandler = false });
}
catch (Exception exception) when (
    exception is ArgumentException or InvalidDataException or IOException or UnauthorizedAccessException
        or NotSupportedException or TrainingDivergedException)
{
    return Fail(exception.Message);
}

static string Value(ArgumentResult argument) => argument.Tokens[^1].Value;

static T? Refuse<T>(ArgumentResult argument, string needed)
{
    argument.AddError($"{((OptionResult)argument.Parent!).Option.Name} {Value(argument)} is not accepted: {needed} is needed.");
    return default;
}

static int Fail(string message)
{
    Console.Error.WriteLine($"Error: {message}");
    return 1;
}
