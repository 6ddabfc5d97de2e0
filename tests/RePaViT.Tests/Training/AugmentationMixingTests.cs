using RePaViT.Randomness;
using RePaViT.Training;

namespace RePaViT.Tests.Training;

[TestClass]
public class AugmentationMixingTests
{
    private const int Size = 6;
    private const int Length = 3 * Size * Size;
    private const int Classes = 5;
    private const double Smoothing = 0.1;

    private static readonly int[] Labels = [0, 1, 2, 3, 4];

    [TestMethod]
    public void Targets_are_those_of_timm()
    {
        // mixup_target of timm for labels [2, 0], 4 classes, lam 0.75, smoothing 0.1: off 0.025, on 0.925.
        float[] targets = new float[8];
        int[] labels = [2, 0];
        AugmentationMixing.WriteTargets(targets, labels, 4, share: 0.75, smoothing: 0.1);
        double[] expected = [0.25, 0.025, 0.7, 0.025, 0.7, 0.025, 0.25, 0.025];
        for (int i = 0; i < targets.Length; i++)
        {
            Assert.IsTrue(Math.Abs(targets[i] - expected[i]) <= 1e-6);
        }
    }

    [TestMethod]
    public void Mixup_blends_every_image_with_its_partner_by_the_share_in_the_targets()
    {
        TrainingBatch original = Batch();
        TrainingBatch mixed = Mix(AugmentationOptions.None with { MixupAlpha = 0.8 });
        double share = Share(mixed);
        Assert.IsTrue(share is > 0.001 and < 0.999);
        for (int i = 0; i < mixed.Count * Length; i++)
        {
            double expected = share * original.Images[i] + (1 - share) * Partner(original, i);
            Assert.IsTrue(Math.Abs(mixed.Images[i] - expected) <= 1e-5);
        }
    }

    [TestMethod]
    public void Cutmix_exchanges_a_box_of_the_area_in_the_targets()
    {
        AugmentationOptions options = AugmentationOptions.None with { CutmixAlpha = 1 };
        TrainingBatch original = Batch();
        int cut = 0;
        for (ulong seed = 0; seed < 50; seed++)
        {
            TrainingBatch mixed = Mix(options, seed);
            int[] exchanged = [.. Enumerable.Range(0, Length).Where(i => mixed.Images[i] != original.Images[i])];
            Assert.IsTrue(exchanged.All(i => mixed.Images[i] == Partner(original, i)));
            double area = exchanged.Length / (double)Length;
            Assert.IsTrue(Math.Abs(1 - area - Share(mixed)) <= 1e-6);
            cut += area > 0 ? 1 : 0;

            // All three planes lose the same box.
            int[] xs = [.. exchanged.Select(i => i % Size).Distinct()];
            int[] ys = [.. exchanged.Select(i => i / Size % Size).Distinct()];
            Assert.AreEqual(exchanged.Length, 3 * xs.Length * ys.Length);
        }

        Assert.IsTrue(cut > 25);
    }

    [TestMethod]
    public void Without_mixing_images_stay_and_targets_are_only_smoothed()
    {
        foreach (AugmentationOptions options in new[]
            { AugmentationOptions.None, AugmentationOptions.None with { MixupAlpha = 1, CutmixAlpha = 1, MixProbability = 0 } })
        {
            TrainingBatch batch = Mix(options);
            CollectionAssert.AreEqual(Batch().Images, batch.Images);
            Assert.IsTrue(Math.Abs(Share(batch) - 1) <= 1e-6);
        }
    }

    [TestMethod]
    public void Cutmix_replaces_mixup_as_often_as_asked_for()
    {
        AugmentationOptions options = AugmentationOptions.None with { MixupAlpha = 1, CutmixAlpha = 1, MixSwitchProbability = 0.25 };
        TrainingBatch original = Batch();
        int mixup = 0;
        for (ulong seed = 0; seed < 400; seed++)
        {
            // Cutmix leaves every value that it does not exchange; mixup changes all.
            float[] images = Mix(options, seed).Images;
            mixup += Enumerable.Range(0, Length).Any(i => images[i] != original.Images[i] && images[i] != Partner(original, i)) ? 1 : 0;
        }

        // 300 of 400; four deviations are 35.
        Assert.IsTrue(Math.Abs(mixup - 300) <= 35);
    }

    [TestMethod]
    [DataRow(0.2)]
    [DataRow(0.8)]
    [DataRow(1.0)]
    [DataRow(3.0)]
    public void Beta_variates_have_their_mean_and_variance(double alpha)
    {
        const int draws = 20_000;
        var random = new RandomStream(5, RandomPurpose.Mixing);
        double sum = 0;
        double squares = 0;
        for (int i = 0; i < draws; i++)
        {
            double value = random.NextBeta(alpha);
            Assert.IsTrue(value is >= 0 and <= 1);
            sum += value - 0.5;
            squares += (value - 0.5) * (value - 0.5);
        }

        double variance = 1 / (4 * (2 * alpha + 1));
        Assert.IsTrue(Math.Abs(sum / draws) <= 4 * Math.Sqrt(variance / draws));
        Assert.IsTrue(Math.Abs(squares / draws / variance - 1) <= 0.05);
    }

    [TestMethod]
    public void Beta_variates_of_tiny_alpha_are_numbers()
    {
        var random = new RandomStream(5, RandomPurpose.Mixing);
        for (int i = 0; i < 1000; i++)
        {
            Assert.IsTrue(random.NextBeta(1e-6) is >= 0 and <= 1);
        }
    }

    /// <summary>What an image keeps of itself, read from the first target.</summary>
    private static double Share(TrainingBatch batch) => (batch.Targets[0] - Smoothing / Classes) / (1 - Smoothing);

    private static float Partner(TrainingBatch batch, int i)
        => batch.Images[(batch.Count - 1 - i / Length) * Length + i % Length];

    private static TrainingBatch Mix(AugmentationOptions options, ulong seed = 1)
    {
        TrainingBatch batch = Batch();
        var random = new RandomStream(seed, RandomPurpose.Mixing);
        double share = AugmentationMixing.Mix(batch, options, Size, random);
        AugmentationMixing.WriteTargets(batch.Targets, Labels, Classes, share, Smoothing);
        return batch;
    }

    /// <summary>Five images, so that the one in the middle is its own partner, in buffers for six.</summary>
    private static TrainingBatch Batch()
    {
        var batch = new TrainingBatch(capacity: 6, Length, Classes) { Count = 5 };
        var random = new Random(1);
        for (int i = 0; i < 5 * Length; i++)
        {
            batch.Images[i] = random.NextSingle();
        }

        return batch;
    }
}
