using System.IO.Compression;
using System.Text;
using RePaViT.Pages;
using RePaViT.Tests.Clip;
using RePaViT.Tests.Refusals;
using RePaViT.Tests.Reports;
using RePaViT.Tests.Support;
using RePaViT.Tests.Training;
using RePaViT.Training;
using RePaViT.Transfer;

namespace RePaViT.Tests.Hardening;

/// <summary>Whatever is damaged in a file, it is read or refused and nothing else happens: every reader of the core.</summary>
[TestClass]
public sealed class DamagedFileTests
{
    [TestMethod]
    public void Onnx()
        => OfFile("onnx", path => RePaViTModel.Load(path), Saved(FileTests.Small), Saved(FileTests.SmallMixer), Fixed("WithoutHash/model.onnx")).Run(15_000);

    [TestMethod]
    public void Tensors()
        => OfFile("safetensors", path => Safetensors.Read(path), Written(path => Safetensors.Write(path, Weights(FileTests.Small), new Dictionary<string, string> { ["key"] = "value" })))
            .Run(15_000);

    [TestMethod]
    public void Checkpoints()
        => OfFile("checkpoint", path => Checkpoint.Read(path), Trained(), Pretrained(), Fixed("WithoutHash/checkpoint.safetensors")).Run(8_000);

    /// <summary>Of an earlier version, without a hash: more damage gets as far as that.</summary>
    [TestMethod]
    public void Runs_that_go_on_from_checkpoints()
    {
        var architecture = new ViTArchitecture { ImageSize = 4, PatchSize = 2, Dim = 4, Depth = 1, Heads = 2, Classes = 3 };
        var recipe = new TrainingRecipe { Epochs = 2, BatchSize = 4, LearningRate = 0.01, WarmupEpochs = 0 };
        InMemoryImageDataset training = TrainingRun.Dataset(12, seed: 1);
        InMemoryImageDataset validation = TrainingRun.Dataset(6, seed: 2);
        OfFile("resumed checkpoint", path =>
        {
            try
            {
                new Trainer(architecture, recipe, new TrainerOptions { CheckpointPath = path, Threads = 1 }).Resume(training, validation);
            }
            catch (Exception exception) when (
                exception is TrainingDivergedException
                || exception is ArgumentException && exception.Message.StartsWith($"The checkpoint '{path}' belongs to another run", StringComparison.Ordinal))
            {
                throw new InvalidDataException(exception.Message);
            }
        }, Fixed("WithoutHash/checkpoint.safetensors")).Run(1_500);
    }

    [TestMethod]
    [DataRow("pretrained safetensors", "timm_vit.safetensors", "huggingface_vit.safetensors", "original_swin.safetensors", "original_lvvit.safetensors")]
    [DataRow("pretrained archive", "timm_vit_half.pth", "views.pth", "views_protocol4.pth", "torchvision_swin.pth")]
    [DataRow("pretrained legacy", "timm_vit_legacy.pth", "views_legacy.pth")]
    [DataRow("pretrained script", "openai_clip.pt")]
    public void Checkpoints_of_other_projects(string name, params string[] files)
        => OfFile(name, path => RePaViTModel.LoadPretrained(path, Options), [.. files.Select(file => Fixed($"Pretrained/{file}"))]).Run(6_000);

    [TestMethod]
    public void Lists_of_files() => OfFile("pretrained index", path =>
    {
        string shard = Path.Combine(Path.GetDirectoryName(path)!, "1.safetensors");
        if (!File.Exists(shard))
        {
            File.WriteAllBytes(shard, Fixed("Pretrained/timm_vit.safetensors"));
        }

        RePaViTModel.LoadPretrained(path, Options);
    }, Index()).Run(5_000);

    [TestMethod]
    [DataRow("config.json", "huggingface_vit.safetensors")]
    [DataRow("config.json", "timm_vit.safetensors")]
    [DataRow("preprocessor_config.json", "huggingface_vit.safetensors")]
    [DataRow("open_clip_config.json", "openclip.pth")]
    public void Configurations_beside_weights(string configuration, string weights) => new DamagedReading("configuration", Configurations(), (bytes, folder) =>
    {
        if (!File.Exists(folder.File(weights)))
        {
            File.WriteAllBytes(folder.File(weights), Fixed($"Pretrained/{weights}"));
        }

        File.WriteAllBytes(folder.File(configuration), bytes);
        AssertNamed(folder.Path, () => RePaViTModel.LoadPretrained(folder.File(weights), new PretrainedOptions { Heads = 2 }));
    }).Run(2_500);

    [TestMethod]
    public void Descriptions()
        => OfText("description", json => ModelDescription.FromJson(json), [.. TrainingRun.Families().Select(family => Description((Architecture)family[0]))]).Run(15_000);

    [TestMethod]
    public void Reports_and_their_pages()
        => OfText("report", json => ReportPage.Create(TrainingReport.FromJson(json)), ReportPageTests.Report(["a", "b", "c"], []).ToJson()).Run(4_000);

    [TestMethod]
    public void Token_labels()
    {
        InMemoryImageDataset dataset = TrainingRun.Dataset(4, seed: 1);
        var teacher = new RePaViTModel(TrainingRun.Mixer, NetworkForm.Trained, RandomWeights.Network(TrainingRun.Mixer, seed: 1).Weights, dataset.ClassNames);
        OfFile("token labels", path => TokenLabelReader.Open(path, dataset).Dispose(), Written(path => TokenLabelFile.Write(path, teacher, dataset))).Run(10_000);
    }

    [TestMethod]
    public void Features()
        => OfFile("features", path => _ = new FeatureStore(path, "origin", dim: 4), Written(path =>
        {
            var store = new FeatureStore(path, "origin", dim: 4);
            store.Add("image", new float[8]);
            store.Write();
        })).Run(5_000);

    [TestMethod]
    public void Images_and_labels_of_MNIST()
    {
        var compressed = new MemoryStream();
        using (var gzip = new GZipStream(compressed, CompressionLevel.Optimal))
        {
            gzip.Write(FileTests.ImageBytes);
        }

        OfIdx("idx images", "images", FileTests.ImageBytes, compressed.ToArray()).Run(5_000);
        OfIdx("idx labels", "labels", FileTests.LabelBytes).Run(2_000);
    }

    [TestMethod]
    public void Images_of_CIFAR() => new DamagedReading("cifar", [new byte[1 + 3 * 32 * 32], new byte[2 * (1 + 3 * 32 * 32)]], (bytes, folder) =>
    {
        File.WriteAllBytes(folder.File("test_batch.bin"), bytes);
        AssertNamed(folder.Path, () => CifarDataset.ReadCifar10(folder.Path, DatasetPart.Test));
    }).Run(2_000);

    private static DamagedReading OfIdx(string name, string damaged, params byte[][] good) => new(name, good, (bytes, folder) =>
    {
        File.WriteAllBytes(folder.File("images"), FileTests.ImageBytes);
        File.WriteAllBytes(folder.File("labels"), FileTests.LabelBytes);
        File.WriteAllBytes(folder.File(damaged), bytes);
        AssertNamed(folder.Path, () => IdxDataset.Read(folder.File("images"), folder.File("labels")));
    });

    private static DamagedReading OfFile(string name, Action<string> read, params byte[][] good) => new(name, good, (bytes, folder) =>
    {
        string path = folder.File("file");
        File.WriteAllBytes(path, bytes);
        AssertNamed(path, () => read(path));
    });

    /// <summary>What is no UTF-8 becomes other characters before.</summary>
    private static DamagedReading OfText(string name, Action<string> read, params string[] good)
        => new(name, [.. good.Select(Encoding.UTF8.GetBytes)], (bytes, _) => read(Encoding.UTF8.GetString(bytes)));

    /// <summary>A refusal says which file it is of.</summary>
    private static void AssertNamed(string path, Action read)
    {
        try
        {
            read();
        }
        catch (InvalidDataException exception)
        {
            StringAssert.Contains(exception.Message, path, StringComparison.Ordinal);
            throw;
        }
    }

    private static PretrainedOptions Options => new() { Heads = 2, ImageSize = 16 };

    private static PretrainedOptions TowerOptions => new() { Heads = 1, TextHeads = 2, FeedForwardActivation = FeedForwardActivation.Gelu };

    private static byte[] Fixed(string name) => File.ReadAllBytes(Path.Combine(Fixture.Folder, name));

    private static byte[] Written(Action<string> write)
    {
        using var folder = new TemporaryFolder();
        write(folder.File("file"));
        return File.ReadAllBytes(folder.File("file"));
    }

    private static NamedTensors Weights(Architecture architecture) => RandomWeights.Create(architecture.Layers(NetworkForm.Deployed), seed: 1);

    [TestMethod]
    [DataRow("openai.pt")]
    [DataRow("huggingface.safetensors")]
    public void Both_towers_of_CLIP(string name)
    {
        ITextTokenizer tokenizer = ClipFixture.Digits(name);
        OfFile("CLIP", path => ClipModel.LoadPretrained(path, tokenizer, TowerOptions)
            .CreateClassifier(["1", "2"], ["{}"]), Fixed($"Clip/{name}")).Run(1_000);
    }

    private static byte[] Saved(Architecture architecture)
        => Written(new RePaViTModel(architecture, NetworkForm.Deployed, Weights(architecture), ["0", "1"]).Save);

    private static byte[] Trained() => Written(path => new Trainer(
        FileTests.Small with { Classes = 3 }, TrainingRun.Recipe with { Epochs = 1 }, new TrainerOptions { CheckpointPath = path, Threads = 1 })
        .Fit(TrainingRun.Dataset(21, seed: 1), TrainingRun.Dataset(9, seed: 2)));

    private static byte[] Pretrained() => Written(path => new Trainer(
        FileTests.Small, TrainingRun.Recipe, new TrainerOptions { CheckpointPath = path, Threads = 1 })
        .Pretrain(TrainingRun.Dataset(21, seed: 1), new SelfDistillation { Epochs = 1, BatchSize = 4, LocalCrops = 1, Prototypes = 4, HiddenDim = 4 }));

    private static byte[] Index()
    {
        IEnumerable<string> names = Safetensors.Read(Path.Combine(PyTorchFiles.Folder, "timm_vit.safetensors")).Tensors.Select(tensor => tensor.Key);
        string map = string.Join(',', names.Select(name => $"\"{name}\":\"1.safetensors\""));
        return Encoding.UTF8.GetBytes("{\"metadata\":{},\"weight_map\":{" + map + "}}");
    }

    private static string Description(Architecture architecture) => new ModelDescription
    {
        Architecture = architecture, Form = NetworkForm.Trained, ClassNames = ["a", "b", "c"], Preprocessing = new ImagePreprocessing(),
    }.ToJson();

    private static byte[][] Configurations() =>
    [
        .. """
        {"hidden_size": 8, "num_hidden_layers": 2, "num_attention_heads": 2, "image_size": 16, "layer_norm_eps": 1e-06, "hidden_act": "gelu", "id2label": {"0": "a", "1": "b", "2": "c"}}
        {"architecture": "vit", "num_features": 8, "global_pool": "token", "label_names": ["a", "b", "c"], "pretrained_cfg": {"input_size": [3, 16, 16], "mean": [0.1, 0.2, 0.3], "std": [0.4, 0.5, 0.6], "crop_pct": 0.95, "interpolation": "bilinear"}}
        {"do_center_crop": true, "size": {"shortest_edge": 20}, "crop_size": {"height": 16, "width": 16}, "resample": 3, "image_mean": [0.1, 0.2, 0.3], "image_std": [0.4, 0.5, 0.6]}
        {"model_cfg": {"vision_cfg": {"image_size": 16, "layers": 2, "width": 8, "head_width": 4}, "quick_gelu": true}, "preprocess_cfg": {"mean": [0.1, 0.2, 0.3], "std": [0.4, 0.5, 0.6]}}
        """.Split('\n').Select(Encoding.UTF8.GetBytes),
    ];
}
