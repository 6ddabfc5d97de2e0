using System.CommandLine;
using RePaViT.Benchmarks;
using RePaViT.MLNet.Benchmarks;

var root = new RootCommand("Measures RePaViT beside what ML.NET has for few images.")
{
    Report.JsonOption,
    DecodeCommand.Create(),
    DistilCommand.Create(),
    ResNetCommand.Create(),
    ServingCommand.Create(),
};

return CommandLine.Invoke(root, args);
