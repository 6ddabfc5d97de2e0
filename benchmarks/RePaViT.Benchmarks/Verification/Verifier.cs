using RePaViT.Architectures;
using RePaViT.Inference;
using RePaViT.Reparameterization;

namespace RePaViT.Benchmarks.Verification;

/// <summary>Computes what a golden file holds, and compares.</summary>
internal static class Verifier
{
    private const double Tolerance = 1e-4;

    /// <summary>Checks a file. One that cannot be read has failed.</summary>
    public static FileReport Verify(string path)
    {
        string name = Path.GetFileName(path);
        try
        {
            GoldenFile file = GoldenFile.Read(path);
            IEnumerable<Check?>? comparisons = Compare(file);
            if (comparisons is null)
            {
                return new FileReport(name, Verdict.Unsupported, [], $"Networks of family '{file.Family}' are not supported.");
            }

            Check[] checks = [.. comparisons.OfType<Check>()];
            return new FileReport(name, checks.All(check => check.Passed) ? Verdict.Passed : Verdict.Failed, checks, null);
        }
        catch (Exception exception) when (
            // All arguments come from the file, so one that is refused is the file's fault.
            exception is InvalidDataException or ArgumentException or IOException or UnauthorizedAccessException)
        {
            return new FileReport(name, Verdict.Failed, [], exception.Message);
        }
    }

    /// <returns>What was compared; null for a family that has no implementation yet.</returns>
    private static IEnumerable<Check?>? Compare(GoldenFile file) => file.Family switch
    {
        "vit" => Compare(new ViTFixture(file)),
        "swin" or "lvvit" => null,
        null when file.HasSetting("max_grad_norm") => [LambFixture.Compare(file, Tolerance)],
        null when file.HasSetting("base_lr") => [CosineFixture.Compare(file, Tolerance)],
        null => throw new InvalidDataException("The metadata describe neither a network nor an optimizer nor a schedule."),
        _ => throw new InvalidDataException($"Networks of family '{file.Family}' are not known."),
    };

    private static IEnumerable<Check?> Compare(ViTFixture fixture)
    {
        yield return CompareLogits("eval logits", "eval.logits", fixture.Logits, fixture.Trained, fixture.Input);
        if (fixture.HasReparameterized)
        {
            Network merged = Reparameterizer.Merge(fixture.Trained);
            yield return CompareWeights(fixture, merged);
            yield return CompareLogits(
                "reparameterized logits", "reparam.logits", fixture.ReparameterizedLogits, merged, fixture.Input);
        }
    }

    private static Check? CompareLogits(
        string quantity, string tensor, WeightTensor expected, Network network, WeightTensor images)
    {
        int count = images.Shape[0];
        float[] logits = new float[count * network.Layers.OfType<Projection>().Last().Outputs];
        InferencePlan.Compile(network).Run(images.Data, count, logits);
        var comparison = new Comparison(quantity, Tolerance);
        comparison.Add(tensor, expected.Data, logits);
        return comparison.Result;
    }

    private static Check? CompareWeights(ViTFixture fixture, Network merged)
    {
        var comparison = new Comparison("reparameterized weights", Tolerance);
        NamedTensors golden = fixture.Reparameterized;
        foreach (TensorSpec tensor in merged.Layers.OfType<ReparameterizedFeedForward>().SelectMany(layer => layer.Tensors))
        {
            if (!golden.TryGet(tensor.Name, out WeightTensor? expected))
            {
                throw new InvalidDataException($"Tensor 'reparam.{tensor.Name}' is missing.");
            }

            comparison.Add($"reparam.{tensor.Name}", expected.Data, merged.Weights[tensor.Name].Data);
        }

        return comparison.Result;
    }
}
