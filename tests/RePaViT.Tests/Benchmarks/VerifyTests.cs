using RePaViT.Benchmarks;
using RePaViT.Benchmarks.Engines;
using RePaViT.Benchmarks.Verification;
using RePaViT.Tests.Support;

namespace RePaViT.Tests.Benchmarks;

[TestClass]
public sealed class VerifyTests
{
    [TestMethod]
    public void Every_golden_file_of_ours_passes()
    {
        VerifyReport report = VerifyCommand.Run(Fixture.Folder, new ManagedEngine());

        Assert.AreEqual(15, report.Passed, string.Join('\n', report.Files));
        Assert.AreEqual(0, report.Failed);
        Assert.IsTrue(report.Files.All(file => file.Checks.Count > 0));
    }

    [TestMethod]
    [DataRow("vit_vanilla", "eval.logits", "eval logits")]
    [DataRow("vit_idle100", "reparam.logits", "reparameterized logits")]
    [DataRow("vit_idle075", "reparam.blocks.1.mlp.fc1.weight", "reparameterized weights")]
    [DataRow("vit_idle075", "reparam.blocks.0.mlp.fc3.weight", "reparameterized weights")]
    [DataRow("vit_vanilla", "train.loss", "loss")]
    [DataRow("vit_vanilla", "train.logits", "training logits")]
    [DataRow("vit_idle025", "grad.blocks.1.attn.norm.bias", "gradients")]
    [DataRow("vit_idle100", "grad.blocks.0.mlp.fc1.bias", "gradients")]
    [DataRow("vit_idle075", "after.blocks.1.mlp.norm2.running_var", "running statistics")]
    [DataRow("mixer_vanilla", "eval.logits", "eval logits")]
    [DataRow("mixer_idle075", "reparam.logits", "reparameterized logits")]
    [DataRow("mixer_idle075", "train.loss", "loss")]
    [DataRow("mixer_vanilla", "grad.blocks.1.mlp_tokens.norm.weight", "gradients")]
    [DataRow("mixer_idle075", "grad.stem.proj.bias", "gradients")]
    [DataRow("mixer_idle075", "after.blocks.0.mlp_channels.norm1.running_mean", "running statistics")]
    [DataRow("poolformer_vanilla", "eval.logits", "eval logits")]
    [DataRow("poolformer_idle075", "grad.network.1.proj.weight", "gradients")]
    [DataRow("poolformer_vanilla", "grad.network.2.1.layer_scale_1", "gradients")]
    [DataRow("poolformer_idle075", "after.network.2.0.mlp.norm2.running_var", "running statistics")]
    [DataRow("lvvit_idle075", "eval.logits", "eval logits")]
    [DataRow("lvvit_idle075", "reparam.blocks.0.mlp.fc1.bias", "reparameterized weights")]
    [DataRow("lvvit_idle075", "grad.patch_embed.conv2.weight", "gradients")]
    [DataRow("lvvit_idle075", "grad.aux_head.bias", "gradients")]
    [DataRow("lvvit_idle075", "after.patch_embed.bn3.running_var", "running statistics")]
    [DataRow("lamb", "step6.p0", "parameters")]
    [DataRow("cosine", "lr", "learning rates")]
    public void A_wrong_value_fails_and_is_named(string fixture, string tensor, string quantity)
    {
        foreach (float wrong in new[] { 0.01f, float.NaN })
        {
            FileReport report = Verify(Fixture.Read(fixture), tensor, values => values[^1] += wrong);

            Assert.AreEqual(Verdict.Failed, report.Verdict);
            Check failed = report.Checks.Single(check => !check.Passed);
            Assert.AreEqual(quantity, failed.Quantity);
            StringAssert.EndsWith(tensor, failed.Worst);
        }
    }

    [TestMethod]
    [DataRow("resnet")]
    [DataRow("7")]
    public void Other_families_are_unsupported(string family)
    {
        FileReport report = Verify(new NamedTensors(), $$"""{"family": "{{family}}"}""");

        Assert.AreEqual(Verdict.Unsupported, report.Verdict);
        StringAssert.Contains(report.Message, family);
    }

    [TestMethod]
    [DataRow("""[]""", "JSON object")]
    [DataRow("""{""", "not JSON")]
    [DataRow("""{}""", "neither")]
    [DataRow("""{"family": "lvvit", "img": 48, "patch": 16, "dim": 48, "depth": 2, "heads": 3, "classes": 5, "mlp_ratio": 3, "idle_ratio": 0.5}""", "skip_lam")]
    [DataRow("""{"family": "vit"}""", "img")]
    [DataRow("""{"family": "vit", "img": "x"}""", "img")]
    [DataRow("""{"family": "vit", "img": 32, "patch": 0, "dim": 48, "depth": 2, "heads": 3, "classes": 5, "mlp_ratio": 4, "idle_ratio": 0.5}""", "PatchSize")]
    [DataRow("""{"family": "vit", "img": 32, "patch": 8, "dim": 48, "depth": 2, "heads": 3, "classes": 5, "mlp_ratio": 4, "idle_ratio": 0.5}""", "missing")]
    [DataRow("""{"family": "vit", "img": 32, "patch": 8, "dim": 48, "depth": 2, "heads": 3, "classes": 5, "mlp_ratio": 4, "idle_ratio": 0.5, "heuristic": "cubic"}""", "cubic")]
    [DataRow("""{"lr": 1, "weight_decay": null, "betas": [0.9, 0.999], "eps": 1e-6, "max_grad_norm": 1}""", "weight_decay")]
    [DataRow("""{"lr": 1, "weight_decay": [], "betas": [0.9, 0.999], "eps": 1e-6, "max_grad_norm": 1}""", "weight decay")]
    [DataRow("""{"lr": 1, "weight_decay": [0], "betas": [], "eps": 1e-6, "max_grad_norm": 1}""", "betas")]
    [DataRow("""{"lr": 1, "weight_decay": [0], "betas": [0.9, 0.999], "eps": 1e-6, "max_grad_norm": 1}""", "step0.p0")]
    [DataRow("""{"epochs": -1, "base_lr": 1, "min_lr": 0, "warmup_epochs": 1, "warmup_lr": 0}""", "lr")]
    [DataRow("""{"base_lr": 1}""", "epochs")]
    public void Malformed_settings_fail_the_file(string config, string named)
    {
        FileReport report = Verify(new NamedTensors(), config);

        Assert.AreEqual(Verdict.Failed, report.Verdict);
        StringAssert.Contains(report.Message, named);
    }

    [TestMethod]
    [DataRow("input")]
    [DataRow("state.pos_embed")]
    [DataRow("state.blocks.1.mlp.norm2.running_var")]
    [DataRow("reparam.blocks.1.mlp.fc2.bias")]
    [DataRow("eval.logits")]
    [DataRow("reparam.logits")]
    [DataRow("train.target")]
    [DataRow("grad.norm_pre.weight")]
    [DataRow("after.blocks.0.mlp.norm1.running_mean")]
    public void A_tensor_of_another_length_fails_the_file(string tensor)
    {
        SafetensorsFile file = Fixture.Read("vit_idle050");
        var tensors = new NamedTensors();
        foreach ((string name, WeightTensor value) in file.Tensors)
        {
            tensors.Add(name, name == tensor ? new WeightTensor(new float[3], 3) : value);
        }

        FileReport report = Verify(tensors, file.Metadata["config"]);

        Assert.AreEqual(Verdict.Failed, report.Verdict);
        string named = tensor.StartsWith("state.", StringComparison.Ordinal) ? tensor["state.".Length..] : tensor;
        StringAssert.Contains(report.Message, named);
    }

    [TestMethod]
    public void A_missing_tensor_fails_the_file()
    {
        SafetensorsFile file = Fixture.Read("vit_idle050");
        foreach (string prefix in new[] { "input", "state.", "eval.", "reparam.blocks.", "grad.", "after.", "train.loss" })
        {
            var tensors = new NamedTensors();
            foreach ((string name, WeightTensor value) in file.Tensors)
            {
                if (!name.StartsWith(prefix, StringComparison.Ordinal))
                {
                    tensors.Add(name, value);
                }
            }

            FileReport report = Verify(tensors, file.Metadata["config"]);

            Assert.AreEqual(Verdict.Failed, report.Verdict, prefix);
            Assert.IsNotNull(report.Message, prefix);
        }
    }

    [TestMethod]
    public void A_label_that_is_no_class_fails_the_file()
    {
        FileReport report = Verify(Fixture.Read("vit_idle050"), "train.target", values => values[0] = 5);

        StringAssert.Contains(report.Message, "train.target");
    }

    [TestMethod]
    public void An_unreadable_file_fails_alone()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder.File("broken.safetensors"), "no");
        File.Copy(Fixture.Path("cosine"), folder.File("good.safetensors"));

        VerifyReport report = VerifyCommand.Run(folder.Path, new ManagedEngine());

        Assert.AreEqual(1, report.Passed);
        Assert.AreEqual(1, report.Failed);
        Assert.AreEqual("broken.safetensors", report.Files.Single(file => file.Verdict == Verdict.Failed).File);
    }

    [TestMethod]
    public void A_folder_without_golden_files_is_refused()
    {
        using var folder = new TemporaryFolder();

        Assert.ThrowsExactly<InvalidDataException>(() => VerifyCommand.Run(folder.Path, new ManagedEngine()));
        Assert.ThrowsExactly<DirectoryNotFoundException>(() => VerifyCommand.Run(folder.File("missing"), new ManagedEngine()));
    }

    private static FileReport Verify(SafetensorsFile file, string changed, Action<float[]> change)
    {
        var tensors = new NamedTensors();
        foreach ((string name, WeightTensor tensor) in file.Tensors)
        {
            float[] values = tensor.Data.ToArray();
            if (name == changed)
            {
                change(values);
            }

            tensors.Add(name, new WeightTensor(values, tensor.Shape));
        }

        return Verify(tensors, file.Metadata["config"]);
    }

    private static FileReport Verify(NamedTensors tensors, string config)
    {
        using var folder = new TemporaryFolder();
        string path = folder.File("golden.safetensors");
        Safetensors.Write(path, tensors, new Dictionary<string, string> { ["config"] = config });
        return new Verifier(new ManagedEngine()).Verify(path);
    }
}
