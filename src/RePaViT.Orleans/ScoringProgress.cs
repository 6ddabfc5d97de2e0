namespace RePaViT;

/// <summary>How far a job is.</summary>
/// <param name="Status">Where it stands.</param>
/// <param name="Images">The images of the list.</param>
/// <param name="ImagesDone">Those whose results are stored: those of whole parts.</param>
/// <param name="Errors">Those of them whose result is an error.</param>
/// <param name="Parts">The parts of the list.</param>
/// <param name="PartsDone">Those whose results are stored.</param>
/// <param name="ResultFile">
/// The file that holds all results once the job is completed: a line of JSON for each image, in the order of the list, with <c>index</c>
/// (from 0) and <c>file</c> (as the list has it), and either <c>class</c> and <c>probability</c>, or <c>error</c>.
/// </param>
/// <param name="Message">Why it failed, or what keeps it from continuing; null if there is nothing to report.</param>
[GenerateSerializer, Immutable, Alias("repavit.progress")]
public sealed record ScoringProgress(
    ScoringJobStatus Status, long Images, long ImagesDone, long Errors, int Parts, int PartsDone, string ResultFile, string? Message);
