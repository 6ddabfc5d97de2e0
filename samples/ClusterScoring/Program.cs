using System.CommandLine;
using RePaViT.ClusterScoring;

var command = new RootCommand("Scores lists of image files on Orleans silos on this machine. "
    + "They share an SQLite file, and any of them may be killed.")
{
    SiloCommand.Create(),
    ScoreCommand.Create(),
    MeasureCommand.Create(),
};
return await command.Parse(args).InvokeAsync();
