using System.CommandLine;
using RePaViT.Benchmarks;
using RePaViT.Benchmarks.Comparison;

var root = new RootCommand("Measures and checks RePaViT.")
{
    Report.JsonOption,
    CompareCommand.Create(),
    ConvertCommand.Create(),
    ConvertPresetCommand.Create(),
    EvaluateCommand.Create(),
    ExportCommand.Create(),
    InferenceCommand.Create(),
    InspectCommand.Create(),
    LearnCommand.Create(),
    LibraryEngine.Create(),
    PipelineCommand.Create(),
    PretrainCommand.Create(),
    ProfileCommand.Create(),
    ReferenceCommand.Create(),
    SmallDataCommand.Create(),
    TrainingCommand.Create(),
    TransferCommand.Create(),
    VerifyCommand.Create(),
};

return CommandLine.Invoke(root, args);
