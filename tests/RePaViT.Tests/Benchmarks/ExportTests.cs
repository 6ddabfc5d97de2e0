using RePaViT.Benchmarks;
using RePaViT.Tests.Support;
using RePaViT.Tests.Training;

namespace RePaViT.Tests.Benchmarks;

[TestClass]
public sealed class ExportTests
{
    private static readonly ViTArchitecture Small = new() { ImageSize = 16, PatchSize = 8, Dim = 12, Depth = 2, Heads = 3, Classes = 4 };

    [TestMethod]
    [DynamicData(nameof(TrainingRun.Families), typeof(TrainingRun))]
    public void An_untrained_network_is_exported_in_each_form(Architecture family)
    {
        using var folder = new TemporaryFolder();
        string path = folder.File("model.onnx");
        foreach (ExportForm form in Enum.GetValues<ExportForm>())
        {
            Architecture architecture = family with { IdleRatio = form == ExportForm.Vanilla ? null : 0.5 };

            ExportReport report = ExportCommand.Run(architecture, form, path, weightsFile: null);

            var model = RePaViTModel.Load(path);
            Assert.AreEqual(form == ExportForm.Deployed ? NetworkForm.Deployed : NetworkForm.Trained, model.Form);
            Assert.AreEqual(architecture, model.Architecture);
            Assert.AreEqual(model.Cost.Parameters, report.Parameters);
            Assert.AreEqual(new FileInfo(path).Length, report.Bytes);
        }
    }

    [TestMethod]
    public void Given_weights_are_exported_from_either_form()
    {
        using var folder = new TemporaryFolder();
        string[] paths = [folder.File("a.onnx"), folder.File("b.onnx")];
        var trained = new RePaViTModel(
            Small, NetworkForm.Trained, RandomWeights.Network(Small, seed: 1).Weights, ["a", "b", "c", "d"]);
        Safetensors.Write(folder.File("trained.safetensors"), trained.Weights);
        Safetensors.Write(folder.File("deployed.safetensors"), trained.Reparameterize().Weights);

        ExportCommand.Run(Small, ExportForm.Deployed, paths[0], folder.File("trained.safetensors"));
        ExportCommand.Run(Small, ExportForm.Deployed, paths[1], folder.File("deployed.safetensors"));

        CollectionAssert.AreEqual(File.ReadAllBytes(paths[0]), File.ReadAllBytes(paths[1]));
    }

    [TestMethod]
    public void Weights_that_do_not_fit_are_refused_and_nothing_is_written()
    {
        using var folder = new TemporaryFolder();
        string path = folder.File("model.onnx");
        string weights = folder.File("w.safetensors");
        Safetensors.Write(weights, RandomWeights.Network(Small, seed: 1, NetworkForm.Deployed).Weights);

        Assert.ThrowsExactly<ArgumentException>(() => ExportCommand.Run(Small, ExportForm.Trained, path, weights));
        Assert.ThrowsExactly<ArgumentException>(() => ExportCommand.Run(Small with { Depth = 3 }, ExportForm.Deployed, path, weights));
        Assert.ThrowsExactly<ArgumentException>(() => ExportCommand.Run(Small with { IdleRatio = 2 }, ExportForm.Deployed, path, null));
        Assert.ThrowsExactly<FileNotFoundException>(() => ExportCommand.Run(Small, ExportForm.Deployed, path, folder.File("none")));
        CollectionAssert.AreEqual(new List<string?> { "w.safetensors" }, folder.FileNames.ToList());
    }
}
