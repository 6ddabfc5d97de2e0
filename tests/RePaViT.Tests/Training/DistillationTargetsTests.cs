using RePaViT.Tests.Support;
using RePaViT.Training;
using RePaViT.Training.Pixels;

namespace RePaViT.Tests.Training;

/// <summary>What is learned of a teacher: scores at a temperature, standardized features, and both of mixed images.</summary>
[TestClass]
public sealed class DistillationTargetsTests
{
    private const float Tolerance = 1e-6f;

    private static readonly InMemoryImageDataset Dataset = TrainingRun.Dataset(3, seed: 1);
    private static readonly int[] Labels = [0, 1, 2];

    [TestMethod]
    public void Labels_stand_before_what_was_given_and_both_are_mixed_by_the_same_share()
    {
        float[][] scores = [[0, 0, 0], [3, 0, 0], [0, 3, 0]];
        float[] targets = Fill(Open(TeacherOutput.Scores, scores), new SoftenedScores(3), share: 0.75);

        // e at a temperature of 3.
        float sum = (float)Math.E + 2;
        AssertNear([0.75f, 0, 0.25f, 0.75f / 3 + 0.25f / sum, 0.75f / 3 + 0.25f * (float)Math.E / sum, 0.75f / 3 + 0.25f / sum], targets.AsSpan(0, 6));
        AssertNear([0, 1, 0, (float)Math.E / sum, 1 / sum, 1 / sum], targets.AsSpan(6, 6));
    }

    [TestMethod]
    public void Probabilities_are_what_softmax_gave()
    {
        float[][] probabilities = [[0.5f, 0.5f, 0], [0.2f, 0.3f, 0.5f], [1, 0, 0]];
        float[] plain = Fill(Open(TeacherOutput.Scores, probabilities), new SoftenedScores(1), share: 1);
        float[] softened = Fill(Open(TeacherOutput.Scores, probabilities), new SoftenedScores(2), share: 1);
        float sum = probabilities[1].Sum(MathF.Sqrt);
        for (int image = 0; image < 3; image++)
        {
            AssertNear(probabilities[image], plain.AsSpan(6 * image + 3, 3));
        }

        AssertNear([.. probabilities[1].Select(p => MathF.Sqrt(p) / sum)], softened.AsSpan(9, 3));
        AssertNear([1, 0, 0], softened.AsSpan(15, 3));
    }

    [TestMethod]
    public void Features_have_mean_0_and_deviation_1_and_those_that_are_always_the_same_are_0()
    {
        float[][] features = [[1000, 5], [1002, 5], [1004, 5]];
        IDistillationSource source = Open(TeacherOutput.Features, features);
        float[] targets = Fill(source, new Standardization(source.Sample(), 2), share: 1);
        float deviation = MathF.Sqrt(8f / 3);
        AssertNear([-2 / deviation, 0], targets.AsSpan(3, 2));
        AssertNear([0, 0], targets.AsSpan(8, 2));
        AssertNear([2 / deviation, 0], targets.AsSpan(13, 2));
    }

    [TestMethod]
    [DataRow((int)TeacherOutput.Scores)]
    [DataRow((int)TeacherOutput.Features)]
    public void A_model_sees_the_images_of_the_batch_as_they_were_mixed(int output)
    {
        RePaViTModel teacher = Teacher();
        IDistillationSource source = new TeacherModel(teacher).Open((TeacherOutput)output, Dataset);
        Assert.IsTrue(source.SeesBatches);
        TeacherScale scale = output == (int)TeacherOutput.Scores ? new SoftenedScores(1) : new Standardization(source.Sample(), source.Columns);
        var pipeline = new BatchPipeline(
            Dataset,
            new ImagePreprocessing(),
            AugmentationOptions.None with { MixupAlpha = 0.8, MixProbability = 1, RandomErasing = 1 },
            labelSmoothing: 0,
            imageSize: 12,
            classes: 3,
            batchSize: 3,
            seed: 4,
            new DistillationTargets(source, scale, 3));
        TrainingBatch batch = pipeline.CreateBatch();
        pipeline.Fill(0, 0, batch);
        float[] expected = new float[3 * source.Columns];
        if (output == (int)TeacherOutput.Scores)
        {
            teacher.ComputeProbabilities(batch.Pixels, expected);
        }
        else
        {
            teacher.CreateExtractor().Compute(batch.Pixels, expected);
        }

        int length = 3 + source.Columns;
        for (int image = 0; image < 3; image++)
        {
            Span<float> row = expected.AsSpan(image * source.Columns, source.Columns);
            if (output == (int)TeacherOutput.Features)
            {
                scale.Apply(row);
            }

            // A mean of vectors that differ by their deviation is as exact as they are.
            AssertNear(row.ToArray(), batch.Targets.AsSpan(image * length + 3, source.Columns), 1e-5f);
        }

        // Mixed, and not erased.
        Assert.IsTrue(batch.Targets.AsSpan(0, 3).ToArray().Count(value => value is > 0 and < 1) == 2);
        Assert.IsTrue(batch.Pixels.All(value => value is >= 0 and <= 255));
    }

    [TestMethod]
    public void A_part_finds_what_was_given_for_the_whole()
    {
        IImageDataset last = new SubsetImageDataset(new SubsetImageDataset(Dataset, [0, 2]), [1]);
        IDistillationSource source = new TeacherVectors([null, null, [7, 8]]).Open(TeacherOutput.Features, last);
        float[] row = new float[2];
        source.Read([new ImageView(0, AffineTransform.Identity)], [], row);
        AssertNear([7, 8], row);
    }

    [TestMethod]
    public void What_does_not_fit_is_refused_by_image()
    {
        AssertRefused("vectors for 2 images, but there are 3 training images", [[1], [2]]);
        AssertRefused("vector of image 1 has 2 numbers, but that of image 0 has 1", [[1], [2, 3], [4]]);
        AssertRefused("vector of image 2 has 0 numbers", [[1], [2], null]);
        AssertRefused("vector of image 0 has 0 numbers", [[], [], []]);
        AssertRefused("Number 1 of the teacher's vector of image 2 is NaN", [[1, 2], [3, 4], [5, float.NaN]]);
        AssertRefused("gives 2 scores for each image, but the data set has 3 classes", [[1, 2], [3, 4], [5, 6]], TeacherOutput.Scores);

        static void AssertRefused(string message, float[]?[] vectors, TeacherOutput output = TeacherOutput.Features)
            => StringAssert.Contains(
                Assert.ThrowsExactly<ArgumentException>(() => new TeacherVectors(vectors).Open(output, Dataset)).Message, message);
    }

    private static RePaViTModel Teacher() => new(
        TrainingRun.Mixer, NetworkForm.Trained, RandomWeights.Network(TrainingRun.Mixer, seed: 4).Weights, Dataset.ClassNames);

    private static IDistillationSource Open(TeacherOutput output, float[][] vectors) => new TeacherVectors(vectors).Open(output, Dataset);

    private static float[] Fill(IDistillationSource source, TeacherScale scale, double share)
    {
        var targets = new DistillationTargets(source, scale, 3);
        var batch = new TrainingBatch(3, 1, targets.Length) { Count = 3 };
        ImageView[] views = [.. Enumerable.Range(0, 3).Select(i => new ImageView(i, AffineTransform.Identity))];
        targets.Fill(batch, views, Labels, share, smoothing: 0, new BatchKey(1, 0, 0));
        return batch.Targets;
    }

    private static void AssertNear(float[] expected, ReadOnlySpan<float> actual, float tolerance = Tolerance)
    {
        Assert.AreEqual(expected.Length, actual.Length);
        for (int i = 0; i < expected.Length; i++)
        {
            Assert.IsTrue(Math.Abs(expected[i] - actual[i]) <= tolerance, $"{i}: {actual[i]}, not {expected[i]}");
        }
    }
}
