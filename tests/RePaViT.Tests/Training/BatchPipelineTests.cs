using RePaViT.Randomness;
using RePaViT.Tests.Support;
using RePaViT.Training;

namespace RePaViT.Tests.Training;

[TestClass]
public class BatchPipelineTests
{
    private const int Size = 8;
    private const int Classes = 5;

    private static readonly ImagePreprocessing Preprocessing = new();

    [TestMethod]
    public void A_batch_prepared_in_parallel_is_the_one_prepared_image_by_image()
    {
        const int epoch = 2;
        InMemoryImageDataset dataset = TestImages.Dataset(25, 11, Classes);
        AugmentationOptions options = AugmentationOptions.DeiT with { Repeats = 1, MixupAlpha = 0, CutmixAlpha = 0 };
        TrainingBatch batch = Fill(
            new BatchPipeline(dataset, Preprocessing, options, 0, Size, Classes, batchSize: 7, seed: 3), epoch, batch: 1);

        int[] order = new RandomStream(3, RandomPurpose.Shuffle, epoch).NextPermutation(dataset.Count);
        float[] expected = new float[3 * Size * Size];
        for (int i = 0; i < 7; i++)
        {
            int index = order[7 + i];
            var random = new RandomStream(3, RandomPurpose.Augmentation, epoch, index);
            Augmentation.Apply(dataset.GetImage(index), Preprocessing, options, random, Size, expected);
            CollectionAssert.AreEqual(expected, batch.Images[(i * expected.Length)..((i + 1) * expected.Length)]);
            Assert.AreEqual(1, batch.Targets[i * Classes + dataset.GetLabel(index)]);
        }
    }

    [TestMethod]
    public void The_same_seed_gives_the_same_bytes()
    {
        TrainingBatch one = Fill(Pipeline(seed: 3), epoch: 2, batch: 1);
        TrainingBatch two = Fill(Pipeline(seed: 3), epoch: 2, batch: 1);
        CollectionAssert.AreEqual(one.Images, two.Images);
        CollectionAssert.AreEqual(one.Targets, two.Targets);
    }

    [TestMethod]
    public void Another_seed_epoch_or_batch_gives_other_bytes()
    {
        TrainingBatch reference = Fill(Pipeline(seed: 3), epoch: 0, batch: 0);
        CollectionAssert.AreNotEqual(reference.Images, Fill(Pipeline(seed: 4), epoch: 0, batch: 0).Images);
        CollectionAssert.AreNotEqual(reference.Images, Fill(Pipeline(seed: 3), epoch: 1, batch: 0).Images);
        CollectionAssert.AreNotEqual(reference.Images, Fill(Pipeline(seed: 3), epoch: 0, batch: 1).Images);
    }

    [TestMethod]
    public void An_epoch_shows_every_image_once()
    {
        // Every image has one value of its own, so it can be told from its planes.
        var images = Enumerable.Range(0, 20).Select(i => TestImages.Constant(Size, Size, (byte)(10 * i)));
        var dataset = new InMemoryImageDataset(images, Enumerable.Repeat(0, 20), ["only"]);
        var pipeline = new BatchPipeline(dataset, Preprocessing, AugmentationOptions.None, 0, Size, 1, batchSize: 5, seed: 1);
        Assert.AreEqual(4, pipeline.BatchesPerEpoch);
        var seen = new HashSet<float>();
        TrainingBatch batch = pipeline.CreateBatch();
        for (int i = 0; i < 4; i++)
        {
            pipeline.Fill(0, i, batch);
            Assert.AreEqual(5, batch.Count);
            seen.UnionWith(Enumerable.Range(0, 5).Select(image => batch.Images[image * 3 * Size * Size]));
        }

        Assert.HasCount(20, seen);
    }

    [TestMethod]
    public void Repeats_follow_each_other_and_leave_the_epoch_as_long_as_it_was()
    {
        // Every image has one value of its own, so it can be told from its planes.
        const int count = 20;
        IEnumerable<RgbImage> images = Enumerable.Range(0, count).Select(i => TestImages.Constant(Size, Size, (byte)(10 * i)));
        var dataset = new InMemoryImageDataset(images, Enumerable.Range(0, count).Select(i => i % 2), ["even", "odd"]);
        AugmentationOptions options = AugmentationOptions.None with { Repeats = 3 };
        var pipeline = new BatchPipeline(dataset, Preprocessing, options, 0, Size, 2, batchSize: 5, seed: 1);
        var perEpoch = new List<float[]>();
        for (int epoch = 0; epoch < 2; epoch++)
        {
            var shown = new List<float>();
            for (int batch = 0; batch < pipeline.BatchesPerEpoch; batch++)
            {
                TrainingBatch filled = Fill(pipeline, epoch, batch);
                for (int i = 0; i < 5; i++)
                {
                    float value = filled.Images[i * 3 * Size * Size];
                    int image = (int)Math.Round((value * Preprocessing.StandardDeviation.Red + Preprocessing.Mean.Red) * 25.5);
                    Assert.AreEqual(1, filled.Targets[2 * i + image % 2]);
                    shown.Add(value);
                }
            }

            Assert.HasCount(count, shown);
            perEpoch.Add([.. shown]);
            foreach (float[] group in shown.Chunk(3))
            {
                Assert.HasCount(1, group.Distinct());
            }

            Assert.HasCount((count + 2) / 3, shown.Distinct());
        }

        CollectionAssert.AreNotEquivalent(perEpoch[0], perEpoch[1]);
    }

    [TestMethod]
    public void Every_repeat_of_an_image_is_changed_differently()
    {
        InMemoryImageDataset dataset = TestImages.Dataset(1, 24, 1);
        AugmentationOptions options = AugmentationOptions.DeiT with { MixupAlpha = 0, CutmixAlpha = 0 };
        TrainingBatch batch = Fill(
            new BatchPipeline(
                new InMemoryImageDataset(Enumerable.Repeat(dataset.GetImage(0), 3), [0, 0, 0], ["only"]),
                Preprocessing, options, 0, Size, 1, batchSize: 3, seed: 1),
            0, 0);
        float[][] images = [.. batch.Images.Chunk(3 * Size * Size)];
        CollectionAssert.AreNotEqual(images[0], images[1]);
        CollectionAssert.AreNotEqual(images[1], images[2]);
        CollectionAssert.AreNotEqual(images[0], images[2]);
    }

    [TestMethod]
    public void Without_augmentation_the_planes_are_the_normalized_image()
    {
        RgbImage image = TestImages.Random(Size, Size, seed: 5);
        var dataset = new InMemoryImageDataset([image], [0], ["only"]);
        TrainingBatch batch = Fill(
            new BatchPipeline(dataset, Preprocessing, AugmentationOptions.None, 0, Size, 1, batchSize: 16, seed: 1), 0, 0);
        Assert.AreEqual(1, batch.Count);
        for (int i = 0; i < Size * Size; i++)
        {
            float expected = (image.Pixels.Span[3 * i + 1] / 255f - Preprocessing.Mean.Green)
                / Preprocessing.StandardDeviation.Green;
            Assert.IsTrue(Math.Abs(batch.Images[Size * Size + i] - expected) <= 1e-5f);
        }
    }

    [TestMethod]
    public void Every_target_row_adds_up_to_one()
    {
        TrainingBatch batch = Fill(Pipeline(seed: 9), epoch: 0, batch: 0);
        foreach (float[] row in batch.Targets.Chunk(Classes))
        {
            Assert.IsTrue(Math.Abs(row.Sum() - 1) <= 1e-6f);
        }
    }

    [TestMethod]
    public void What_a_data_set_throws_reaches_the_caller_as_it_is()
    {
        var pipeline = new BatchPipeline(
            new BrokenDataset(), Preprocessing, AugmentationOptions.None, 0, Size, 1, batchSize: 2, seed: 1);
        Assert.ThrowsExactly<InvalidDataException>(() => pipeline.Fill(0, 0, pipeline.CreateBatch()));
        using var prefetcher = new BatchPrefetcher(pipeline, 0, 0);
        Assert.ThrowsExactly<InvalidDataException>(prefetcher.Next);
    }

    [TestMethod]
    public void A_wrong_label_is_found_at_once()
    {
        var failure = Assert.ThrowsExactly<ArgumentException>(() => new BatchPipeline(
            new WrongLabelDataset(), Preprocessing, AugmentationOptions.None, 0, Size, 1, batchSize: 2, seed: 1));
        StringAssert.Contains(failure.Message, "Image 1 has label 1", StringComparison.Ordinal);
    }

    [TestMethod]
    public void Unacceptable_arguments_are_refused()
    {
        InMemoryImageDataset dataset = TestImages.Dataset(4, Size, 2);
        Refuse(() => Create(smoothing: 1));
        Refuse(() => Create(smoothing: double.NaN));
        Refuse(() => Create(classes: 3));
        Refuse(() => Create(batchSize: 0));
        Refuse(() => Create(imageSize: 0));
        Refuse(() => Create(augmentation: AugmentationOptions.None with { CropPadding = Size }));
        Refuse(() => Create().Fill(0, 2, Create().CreateBatch()));
        Refuse(() => Create().Fill(-1, 0, Create().CreateBatch()));
        Refuse(() => Create().Fill(0, 0, new TrainingBatch(1, 3 * Size * Size, 2)));

        BatchPipeline Create(
            AugmentationOptions? augmentation = null, double smoothing = 0, int imageSize = Size, int classes = 2, int batchSize = 2)
            => new(dataset, Preprocessing, augmentation ?? AugmentationOptions.None, smoothing, imageSize, classes, batchSize, seed: 1);

        static void Refuse(Action action) => Assert.Throws<ArgumentException>(action);
    }

    [TestMethod]
    public void Prefetched_batches_are_those_of_the_pipeline_from_any_position()
    {
        BatchPipeline pipeline = Pipeline(seed: 6);
        using var prefetcher = new BatchPrefetcher(pipeline, epoch: 1, batch: 1);
        foreach ((int epoch, int batch) in new[] { (1, 1), (1, 2), (2, 0), (2, 1) })
        {
            TrainingBatch expected = Fill(pipeline, epoch, batch);
            TrainingBatch actual = prefetcher.Next();
            CollectionAssert.AreEqual(expected.Images, actual.Images);
            CollectionAssert.AreEqual(expected.Targets, actual.Targets);
        }
    }

    private static BatchPipeline Pipeline(ulong seed) => new(
        TestImages.Dataset(25, 11, Classes), Preprocessing, AugmentationOptions.DeiT, 0.1, Size, Classes, batchSize: 7, seed);

    private static TrainingBatch Fill(BatchPipeline pipeline, int epoch, int batch)
    {
        TrainingBatch destination = pipeline.CreateBatch();
        pipeline.Fill(epoch, batch, destination);
        return destination;
    }

    private sealed class BrokenDataset : IImageDataset
    {
        public IReadOnlyList<string> ClassNames => ["only"];

        public int Count => 2;

        public RgbImage GetImage(int index) => throw new InvalidDataException();

        public int GetLabel(int index) => 0;
    }

    private sealed class WrongLabelDataset : IImageDataset
    {
        public IReadOnlyList<string> ClassNames => ["only"];

        public int Count => 2;

        public RgbImage GetImage(int index) => TestImages.Constant(Size, Size, 0);

        public int GetLabel(int index) => index;
    }
}
