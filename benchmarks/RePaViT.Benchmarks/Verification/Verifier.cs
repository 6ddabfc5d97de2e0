using System.Numerics.Tensors;
using RePaViT.Benchmarks.Engines;
using RePaViT.Layers;
using RePaViT.Networks;
using RePaViT.Operators;
using RePaViT.Rewrites;

namespace RePaViT.Benchmarks.Verification;

/// <summary>Computes what a golden file holds, and compares.</summary>
/// <param name="engine">What runs networks; reparameterization, optimizers and schedules are the core's.</param>
internal sealed class Verifier(IBenchmarkEngine engine)
{
    private const double Tolerance = 1e-4;
    private const double GradientTolerance = 1e-3;

    // A bias in front of a batch normalization has no effect: where all channels are idle, its gradient is rounding noise
    // in the reference too. Gradients below this share of the largest are compared relative to this share.
    private const double SmallestGradient = 1e-3;

    /// <summary>Checks a file. One that cannot be read has failed.</summary>
    public FileReport Verify(string path)
    {
        string name = Path.GetFileName(path);
        try
        {
            GoldenFile file = GoldenFile.Read(path);
            IEnumerable<Check?>? comparisons = PretrainedFixture.Is(path) ? PretrainedFixture.Compare(file, path, engine) : Compare(file);
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
    private IEnumerable<Check?>? Compare(GoldenFile file) => file.Family switch
    {
        string family when GoldenArchitecture.Supports(family) => Compare(new NetworkFixture(file)),
        null when file.HasSetting("max_grad_norm") => [LambFixture.Compare(file, Tolerance)],
        null when file.HasSetting("base_lr") => [CosineFixture.Compare(file, Tolerance)],
        null => throw new InvalidDataException("The metadata describe neither a network nor an optimizer nor a schedule."),
        _ => null,
    };

    private IEnumerable<Check?> Compare(NetworkFixture fixture)
    {
        yield return CompareLogits("eval logits", "eval.logits", fixture.Logits, fixture.Trained, fixture.Input);
        if (fixture.HasReparameterized)
        {
            Network merged = FeedForwardMerging.Merge(fixture.Trained);
            yield return fixture.HasReparameterizedWeights ? CompareWeights(fixture, merged) : null;
            yield return CompareLogits(
                "reparameterized logits", "reparam.logits", fixture.ReparameterizedLogits, merged, fixture.Input);
        }

        if (fixture.Targets.Length > 0)
        {
            foreach (Check? check in CompareTraining(fixture))
            {
                yield return check;
            }
        }
    }

    private Check? CompareLogits(
        string quantity, string tensor, WeightTensor expected, Network network, WeightTensor images)
    {
        var comparison = new Comparison(quantity, Tolerance);
        comparison.Add(tensor, expected.Data, engine.Logits(network, images.Data, images.Shape[0]));
        return comparison.Result;
    }

    private static Check? CompareWeights(NetworkFixture fixture, Network merged)
    {
        var comparison = new Comparison("reparameterized weights", Tolerance);
        foreach (TensorSpec tensor in merged.Layers.OfType<ReparameterizedFeedForward>().SelectMany(layer => layer.Tensors))
        {
            comparison.Add(
                $"reparam.{tensor.Name}", fixture.Reparameterized(tensor.Name).Data, merged.Weights[tensor.Name].Data);
        }

        return comparison.Result;
    }

    /// <summary>One step forward and backward in training mode.</summary>
    private IEnumerable<Check?> CompareTraining(NetworkFixture fixture)
    {
        TrainingStep step = engine.Step(fixture.Trained, fixture.CreateBatch());

        var loss = new Comparison("loss", Tolerance);
        loss.Add("train.loss", fixture.Loss.Data, [(float)step.Loss]);
        var logits = new Comparison("training logits", Tolerance);
        logits.Add("train.logits", fixture.TrainingLogits.Data, step.Logits);

        TensorSpec[] tensors = [.. fixture.Trained.Layers.SelectMany(layer => layer.Tensors)];
        TensorSpec[] trained = [.. tensors.Where(tensor => tensor.IsTrained)];
        double largest = trained.Max(tensor => Math.Abs(TensorPrimitives.MaxMagnitude(fixture.Gradient(tensor.Name).Data)));
        var gradients = new Comparison("gradients", GradientTolerance, SmallestGradient * largest);
        foreach (TensorSpec tensor in trained)
        {
            gradients.Add($"grad.{tensor.Name}", fixture.Gradient(tensor.Name).Data, step.Gradients[tensor.Name].Data);
        }

        var statistics = new Comparison("running statistics", Tolerance);
        foreach (TensorSpec tensor in tensors.Except(trained))
        {
            statistics.Add($"after.{tensor.Name}", fixture.StatisticAfter(tensor.Name).Data, step.Weights[tensor.Name].Data);
        }

        return [loss.Result, logits.Result, gradients.Result, statistics.Result];
    }
}
