using System.CommandLine;
using RePaViT.ClusterScoring;

var command = new RootCommand("Scores lists of image files on silos of Orleans: on this machine, with a file of SQLite that any of them survives.")
{
    SiloCommand.Create(),
    ScoreCommand.Create(),
    MeasureCommand.Create(),
};
return await command.Parse(args).InvokeAsync();
