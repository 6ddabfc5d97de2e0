using RePaViT.Benchmarks.Verification;
using RePaViT.Layers;
using RePaViT.Networks;
using RePaViT.Rewrites;
using RePaViT.Tests.Reference;
using RePaViT.Tests.Support;
using RePaViT.Tests.Training;
using RePaViT.Training;

namespace RePaViT.Tests.Rewrites;

/// <summary>Deployed networks, expanded, beside what they were: compared in double precision.</summary>
[TestClass]
public sealed class FeedForwardExpansionTests
{
    /// <summary>
    /// Weights of both forms are rounded to float, 2^-24 (6e-8) each: when merged, when split in two factors, and in the
    /// statistics of two normalizations that cancel. 32 of them are room for 4 blocks; the worst seen is 10.
    /// </summary>
    private const double Tolerance = 32 * 6e-8;

    private const int Images = 12;

    private static readonly ImagePreprocessing Preprocessing =
        new() { Mean = new(0.1f, 0.5f, 0.8f), StandardDeviation = new(0.2f, 0.3f, 1.5f) };

    public static IEnumerable<object[]> Architectures()
    {
        int seed = 0;
        foreach (double? ratio in new double?[] { 0, 0.05, 0.25, 0.5, 0.75, 1, null })
        {
            foreach ((int dim, int heads, double mlpRatio) in new[] { (15, 3, 4.0), (33, 3, 1.0), (20, 5, 2.5) })
            {
                var architecture = new ViTArchitecture
                {
                    ImageSize = 12, PatchSize = 4, Dim = dim, Heads = heads, MlpRatio = mlpRatio, Depth = 1 + seed % 4,
                    Classes = 3, IdleRatio = ratio,
                    IdleHeuristic = seed % 4 > 1 ? IdleHeuristic.Linear : IdleHeuristic.Static,
                };
                yield return [architecture, ++seed];
            }

            yield return
            [
                new MixerArchitecture
                {
                    ImageSize = 12, PatchSize = 4, Dim = 14, Depth = 1 + seed % 3, Classes = 3, IdleRatio = ratio, MlpRatio = 2.5 + seed % 2,
                },
                ++seed,
            ];
            yield return
            [
                new PoolFormerArchitecture
                {
                    ImageSize = 14, Depths = [1, 1 + seed % 2], Dims = [10, 13], Classes = 3, IdleRatio = ratio, MlpRatio = 2.5 + seed % 2,
                },
                ++seed,
            ];
        }

        yield return
        [
            new LVViTArchitecture
            {
                ImageSize = 8, PatchSize = 4, StemChannels = 6, Dim = 10, Depth = 2, Heads = 2, Classes = 3, IdleRatio = 0.5, ResidualDivisor = 3,
            },
            ++seed,
        ];
        yield return
        [
            new SwinArchitecture { ImageSize = 12, PatchSize = 2, Dim = 10, Depths = [1, 1], Heads = [2, 5], Window = 4, Classes = 3, IdleRatio = 0.5 },
            ++seed,
        ];
    }

    [TestMethod]
    [DataRow("vit_vanilla")]
    [DataRow("vit_idle025")]
    [DataRow("vit_idle050")]
    [DataRow("vit_idle075")]
    [DataRow("vit_idle100")]
    [DataRow("vit_heuristic_linear")]
    [DataRow("mixer_idle075")]
    public void A_network_of_the_reference_expands(string name)
        => AssertExpands(new NetworkFixture(GoldenFile.Read(Fixture.Path(name))).Trained, name);

    [TestMethod]
    [DynamicData(nameof(Architectures))]
    public void Any_network_expands(Architecture architecture, int seed)
        => AssertExpands(RandomWeights.Network(architecture, seed), $"{architecture}");

    [TestMethod]
    public void Surplus_idle_channels_vary_and_get_gradients()
    {
        ViTArchitecture architecture = new()
        {
            ImageSize = 12, PatchSize = 4, Dim = 15, Heads = 3, Depth = 1, Classes = 3, IdleRatio = 1,
        };
        Network deployed = Folding.Fold(FeedForwardMerging.Merge(RandomWeights.Network(architecture, 1)), Preprocessing);
        InMemoryImageDataset dataset = TestImages.Dataset(Images, 12, 3);
        Network expanded = Expand(deployed, architecture.Layers(NetworkForm.Trained), dataset, seed: 1);

        // No channel is so still that epsilon, 1e-5, decides how it is normalized.
        foreach (float variance in expanded.Weights["blocks.0.mlp.norm2.running_var"].Data)
        {
            Assert.IsTrue(variance >= 1e-3, $"{variance}");
        }

        double[,] targets = new double[Images, 3];
        for (int image = 0; image < Images; image++)
        {
            targets[image, image % 3] = 1;
        }

        double[] gradient = PlainTraining.Run(expanded, Prepare(dataset, 12, normalize: true), targets)
            .Gradients["blocks.0.mlp.fc2.weight"];
        Assert.IsTrue(gradient.All(value => Math.Abs(value) > 0));
    }

    [TestMethod]
    public void The_same_seed_gives_the_same_bytes_at_any_number_of_threads_and_another_seed_others()
    {
        ViTArchitecture architecture = ViTArchitecture.Tiny with { ImageSize = 32, PatchSize = 4, Dim = 30, Depth = 2 };
        Network deployed = Folding.Fold(FeedForwardMerging.Merge(RandomWeights.Network(architecture, 3)), Preprocessing);
        InMemoryImageDataset dataset = TestImages.Dataset(300, 32, 3);
        float[] expected = Weights(seed: 1, threads: 1);
        CollectionAssert.AreEqual(expected, Weights(seed: 1, threads: 2));
        CollectionAssert.AreEqual(expected, Weights(seed: 1, threads: 3));
        CollectionAssert.AreNotEqual(expected, Weights(seed: 2, threads: 1));

        float[] Weights(ulong seed, int threads)
            => [.. Expand(deployed, architecture.Layers(NetworkForm.Trained), dataset, seed, threads)
                .Weights.SelectMany(pair => pair.Value.Data.ToArray())];
    }

    [TestMethod]
    public void Weights_that_were_not_merged_from_the_idle_channels_are_refused()
    {
        foreach (double ratio in new[] { 0, 0.1 })
        {
            ViTArchitecture architecture = new()
            {
                ImageSize = 12, PatchSize = 4, Dim = 15, Heads = 3, Depth = 2, Classes = 3, IdleRatio = ratio,
            };
            Network deployed = Folding.Fold(RandomWeights.Network(architecture, 1, NetworkForm.Deployed), Preprocessing);
            var error = Assert.ThrowsExactly<NotSupportedException>(() => Expand(
                deployed, architecture.Layers(NetworkForm.Trained), TestImages.Dataset(Images, 12, 3), seed: 1));
            StringAssert.Contains(error.Message, "'blocks.0.mlp.fc1.weight'");
        }
    }

    [TestMethod]
    [DynamicData(nameof(FamiliesWithinTheImage))]
    public void Another_normalization_than_was_folded_in_can_be_taken_out(Architecture architecture)
    {
        Network folded = Folding.Fold(RandomWeights.Network(architecture, 1), new ImagePreprocessing());
        InMemoryImageDataset dataset = TestImages.Dataset(Images, 12, 3);

        Network unfolded = Folding.Unfold(folded, architecture.Layers(NetworkForm.Trained), Preprocessing);

        CollectionAssert.AreEqual(architecture.Layers(NetworkForm.Trained).ToArray(), unfolded.Layers.ToArray());
        AssertSame(
            new PlainNetwork(folded).Forward(Prepare(dataset, 12, normalize: false)),
            new PlainNetwork(unfolded).Forward(Prepare(dataset, 12, normalize: true)),
            "other normalization");
    }

    /// <summary>All but those whose filters reach over the edges, where they see a mean color: see EquivalenceTests.</summary>
    public static IEnumerable<object[]> FamiliesWithinTheImage()
        => TrainingRun.Families().Where(family => ((Architecture)family[0]).Layers(NetworkForm.Trained)[0] is not (ConvolutionEmbedding or NormalizedConvolution));

    /// <summary>The expanded network computes the same, in evaluation, merged again, and in training.</summary>
    private static void AssertExpands(Network trained, string name)
    {
        Network deployed = Folding.Fold(FeedForwardMerging.Merge(trained), Preprocessing);
        int size = (int)Math.Sqrt(trained.Layers[0].Input.Columns);
        int classes = trained.ToGraph().Graph.Output.Shape.Columns;
        InMemoryImageDataset dataset = TestImages.Dataset(Images, size, classes);
        float[] pixels = Prepare(dataset, size, normalize: false);
        float[] normalized = Prepare(dataset, size, normalize: true);
        double[] expected = new PlainNetwork(deployed).Forward(pixels);

        Network expanded = Expand(deployed, trained.Layers, dataset, seed: 5);

        CollectionAssert.AreEqual(trained.Layers.ToArray(), expanded.Layers.ToArray());
        AssertSame(expected, new PlainNetwork(expanded).Forward(normalized), $"{name}, evaluation");
        AssertSame(expected, new PlainNetwork(FeedForwardMerging.Merge(expanded)).Forward(normalized), $"{name}, merged again");

        // All tokens of all images were measured, so these are the very statistics that training finds in this batch.
        PlainStep step = PlainTraining.Run(expanded, normalized, new double[Images, classes]);
        AssertSame(expected, step.Logits, $"{name}, training");
    }

    private static Network Expand(
        Network deployed, IReadOnlyList<Layer> layers, IImageDataset dataset, ulong seed, int? threads = null)
    {
        Network measured = ConvolutionFolding.Measure(Unfold(deployed, layers), Sample(layer => layer is Activation));
        return FeedForwardExpansion.Expand(measured, layers, Sample(layer => layer is ReparameterizedFeedForward), seed);

        IEnumerable<float[]> Sample(Func<Layer, bool> sampled)
            => LayerSample.Take(deployed, sampled, dataset, Preprocessing, seed, threads);
    }

    /// <summary>The layers are those of training; unfolded, the feed-forward layers are still merged.</summary>
    private static Network Unfold(Network deployed, IReadOnlyList<Layer> layers) => Folding.Unfold(
        deployed, [.. layers.Zip(deployed.Layers, (trained, folded) => folded is ReparameterizedFeedForward ? folded : trained)], Preprocessing);

    private static float[] Prepare(InMemoryImageDataset dataset, int size, bool normalize)
    {
        int length = 3 * size * size;
        float[] planes = new float[dataset.Count * length];
        for (int i = 0; i < dataset.Count; i++)
        {
            Span<float> image = planes.AsSpan(i * length, length);
            Preprocessing.Prepare(dataset.GetImage(i), size, image);
            if (normalize)
            {
                Preprocessing.Normalize(image);
            }
        }

        return planes;
    }

    private static void AssertSame(double[] expected, double[] actual, string what)
    {
        double difference = Difference.Relative(expected, actual);
        Assert.IsTrue(difference <= Tolerance, $"{what}: logits differ by {difference:g3} of the largest.");
    }
}
