using RePaViT.Networks;
using RePaViT.Rewrites;
using RePaViT.Tests.Support;
using RePaViT.Tests.Training;

namespace RePaViT.Tests.Import;

[TestClass]
public sealed class SaveWeightsTests
{
    private static readonly Architecture[] Families = [TrainingRun.Architecture, TrainingRun.Mixer, TrainingRun.Swin, TrainingRun.PoolFormer];

    private static readonly ImagePreprocessing Preprocessing = new() { Mean = new Rgb(0.4f, 0.5f, 0.6f), CropFraction = 0.9, Interpolation = Interpolation.Bilinear };

    public static IEnumerable<object[]> Models() =>
    [
        .. Families.Select(family => (object[])[family with { IdleRatio = 0.7 }, WeightNaming.Reference]),
        .. Families.Select(family => (object[])[family with { IdleRatio = null }, WeightNaming.Reference]),
        [TrainingRun.Architecture with { IdleRatio = 1 }, WeightNaming.Reference],
        [TrainingRun.Architecture with { FeedForwardNorm = FeedForwardNorm.LayerNorm }, WeightNaming.Reference],
        [TrainingRun.Architecture with { IdleRatio = null }, WeightNaming.Timm],
        [TrainingRun.Swin with { IdleRatio = null }, WeightNaming.Timm],
        .. new[] { WeightNaming.Reference, WeightNaming.Timm }.SelectMany(naming => (object[][])
        [
            [(ViTArchitecture)TrainingRun.Architecture with { IdleRatio = null, RegisterTokens = 2, PatchBias = true, OmitsTokenNorm = true, NormEpsilon = 1e-6 }, naming],
            [(ViTArchitecture)TrainingRun.Architecture with { IdleRatio = null, AveragePooling = true }, naming],
        ]),
    ];

    [TestMethod]
    [DynamicData(nameof(Models))]
    public void What_is_written_is_read_as_the_same_model(Architecture architecture, WeightNaming naming)
    {
        Network trained = RandomWeights.Network(architecture, seed: 3);
        Network[] forms = architecture.IsVanilla ? [trained] : [trained, FeedForwardMerging.Merge(trained)];
        using var folder = new TemporaryFolder();
        foreach (Network network in forms)
        {
            NetworkForm form = network.Stage == NetworkStage.Merged ? NetworkForm.Deployed : NetworkForm.Trained;
            string[] names = [.. Enumerable.Range(0, architecture.Classes).Select(label => $"class {label}")];
            var model = new RePaViTModel(architecture, form, network.Weights, names, Preprocessing);

            model.SaveWeights(folder.File("x.safetensors"), naming);
            RePaViTModel again = RePaViTModel.LoadPretrained(folder.File("x.safetensors"));

            Assert.AreEqual(architecture, again.Architecture);
            Assert.AreEqual(form, again.Form);
            CollectionAssert.AreEqual(names, again.ClassNames.ToArray());
            Assert.AreEqual(Preprocessing, again.Preprocessing);
            Assert.AreEqual(model.Weights.Count, again.Weights.Count);
            foreach ((string name, WeightTensor tensor) in model.Weights)
            {
                Assert.IsTrue(tensor.Data.SequenceEqual(again.Weights[name].Data), $"{architecture}: {name}");
            }

            CollectionAssert.AreEqual(new[] { "x.safetensors" }, folder.FileNames.ToArray());

            byte[] bytes = File.ReadAllBytes(folder.File("x.safetensors"));
            again.SaveWeights(folder.File("x.safetensors"), naming);
            CollectionAssert.AreEqual(bytes, File.ReadAllBytes(folder.File("x.safetensors")));
        }
    }

    [TestMethod]
    public void Names_are_the_other_projects()
    {
        using var folder = new TemporaryFolder();
        Names(TrainingRun.Swin with { IdleRatio = null }, WeightNaming.Timm, ["layers.1.downsample.norm.weight", "layers.0.blocks.1.norm2.bias", "head.fc.weight"]);
        Names(TrainingRun.Swin with { IdleRatio = null }, WeightNaming.Reference, ["layers.0.blocks.1.attn.relative_position_index", "layers.0.blocks.1.attn_mask"]);
        Names(TrainingRun.Swin with { IdleRatio = 0.5 }, WeightNaming.Reference, ["layers.0.blocks.0.mlp.norm1.num_batches_tracked"]);
        Names(TrainingRun.Architecture with { IdleRatio = null }, WeightNaming.Timm, ["blocks.0.norm1.weight", "norm_pre.weight", "norm.weight"]);
        Names((ViTArchitecture)TrainingRun.Architecture with { IdleRatio = null, AveragePooling = true }, WeightNaming.Timm, ["fc_norm.weight"]);
        Names((ViTArchitecture)TrainingRun.Architecture with { IdleRatio = null, RegisterTokens = 2 }, WeightNaming.Timm, ["reg_token"]);

        void Names(Architecture architecture, WeightNaming naming, string[] expected)
        {
            ModelOf(architecture).SaveWeights(folder.File("x.safetensors"), naming);
            NamedTensors tensors = Safetensors.Read(folder.File("x.safetensors")).Tensors;
            foreach (string name in expected)
            {
                Assert.IsTrue(tensors.TryGet(name, out _), $"{architecture}: {name}");
            }
        }
    }

    [TestMethod]
    public void What_others_do_not_have_is_refused()
    {
        using var folder = new TemporaryFolder();
        foreach (Architecture architecture in (Architecture[])[TrainingRun.Architecture, TrainingRun.Mixer with { IdleRatio = null }])
        {
            string message = Assert.ThrowsExactly<ArgumentException>(
                () => ModelOf(architecture).SaveWeights(folder.File("x.safetensors"), WeightNaming.Timm)).Message;
            StringAssert.Contains(message, "vanilla");
        }

        Assert.ThrowsExactly<ArgumentOutOfRangeException>(
            () => ModelOf(TrainingRun.Architecture).SaveWeights(folder.File("x.safetensors"), (WeightNaming)7));
        Assert.IsEmpty(folder.FileNames);
    }

    [TestMethod]
    public void Options_count_more_than_what_the_file_says()
    {
        using var folder = new TemporaryFolder();
        var vit = (ViTArchitecture)TrainingRun.Architecture with { IdleRatio = null };
        ModelOf(vit).SaveWeights(folder.File("x.safetensors"));

        RePaViTModel model = RePaViTModel.LoadPretrained(
            folder.File("x.safetensors"),
            new PretrainedOptions { ImageSize = vit.ImageSize + vit.PatchSize, NormEpsilon = 1e-3, ClassNames = ["a"], Preprocessing = Preprocessing });

        Assert.AreEqual(vit with { ImageSize = vit.ImageSize + vit.PatchSize, NormEpsilon = 1e-3, Classes = 1 }, model.Architecture);
        Assert.AreEqual(Preprocessing, model.Preprocessing);
        StringAssert.Contains(
            Assert.ThrowsExactly<InvalidDataException>(
                () => RePaViTModel.LoadPretrained(folder.File("x.safetensors"), new PretrainedOptions { IdleRatio = 0.5 })).Message,
            "IdleRatio");
    }

    [TestMethod]
    public void A_description_that_the_tensors_do_not_fit_is_refused()
    {
        using var folder = new TemporaryFolder();
        var vit = (ViTArchitecture)TrainingRun.Architecture with { IdleRatio = null };
        ModelOf(vit).SaveWeights(folder.File("x.safetensors"));
        SafetensorsFile file = Safetensors.Read(folder.File("x.safetensors"));
        Refused("\"imageSize\":" + vit.ImageSize, "\"imageSize\":" + 200 * vit.PatchSize, "positions are for");
        Refused("\"depth\":" + vit.Depth, "\"depth\":" + (vit.Depth + 1), $"blocks.{vit.Depth}.attn.norm.weight");
        Refused("\"family\"", "\"relative\"", "description");

        void Refused(string said, string changed, string named)
        {
            Dictionary<string, string> metadata = file.Metadata.ToDictionary(pair => pair.Key, pair => pair.Value.Replace(said, changed, StringComparison.Ordinal));
            Assert.IsFalse(metadata.All(pair => file.Metadata[pair.Key] == pair.Value), said);
            Safetensors.Write(folder.File("y.safetensors"), file.Tensors, metadata);
            string message = Assert.ThrowsExactly<InvalidDataException>(() => RePaViTModel.LoadPretrained(folder.File("y.safetensors"))).Message;
            StringAssert.Contains(message, named);
            StringAssert.Contains(message, folder.File("y.safetensors"));
        }
    }

    private static RePaViTModel ModelOf(Architecture architecture) => new(
        architecture, NetworkForm.Trained, RandomWeights.Network(architecture, seed: 3).Weights,
        [.. Enumerable.Range(0, architecture.Classes).Select(label => $"class {label}")]);
}
