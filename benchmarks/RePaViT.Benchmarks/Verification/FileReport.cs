namespace RePaViT.Benchmarks.Verification;

/// <summary>What came of a golden file.</summary>
internal enum Verdict
{
    Passed,
    Failed,
    Unsupported,
}

/// <summary>A golden file, compared.</summary>
/// <param name="File">Its name.</param>
/// <param name="Verdict">Whether it passed.</param>
/// <param name="Checks">What was compared.</param>
/// <param name="Message">Why nothing could be compared, or null.</param>
internal sealed record FileReport(string File, Verdict Verdict, IReadOnlyList<Check> Checks, string? Message);

/// <summary>All golden files of a folder.</summary>
internal sealed record VerifyReport(IReadOnlyList<FileReport> Files)
{
    public int Passed => Count(Verdict.Passed);

    public int Failed => Count(Verdict.Failed);

    public int Unsupported => Count(Verdict.Unsupported);

    private int Count(Verdict verdict) => Files.Count(file => file.Verdict == verdict);
}
