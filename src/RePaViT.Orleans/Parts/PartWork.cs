namespace RePaViT.Cluster.Parts;

/// <summary>A part of a job: lines of its list. Or, finally, the joining of all parts.</summary>
/// <param name="Part">Its number, from 0; that of joining is the number of parts.</param>
/// <param name="ImageList">The list.</param>
/// <param name="Start">Where its lines begin, in bytes.</param>
/// <param name="End">Where they end.</param>
/// <param name="ListLength">The length of the list, which must be the same as ever.</param>
/// <param name="FirstImage">The number of its first image.</param>
/// <param name="Images">How many it has.</param>
/// <param name="OutputFolder">The folder of the job.</param>
/// <param name="IsJoin">Whether it is the joining.</param>
[GenerateSerializer, Immutable, Alias("repavit.part")]
internal sealed record PartWork(
    int Part, string ImageList, long Start, long End, long ListLength, long FirstImage, int Images, string OutputFolder, bool IsJoin);
