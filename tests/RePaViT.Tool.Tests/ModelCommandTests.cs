using System.Text.Json;
using RePaViT.Tests.Support;

namespace RePaViT.Tool.Tests;

[TestClass]
public sealed class ModelCommandTests
{
    [TestMethod]
    public void A_broken_image_keeps_no_other_from_being_classified_and_the_exit_code_tells()
    {
        using var folder = new TemporaryFolder();
        string photos = Photos.Write(folder, perClass: 3);
        File.WriteAllText(Path.Combine(photos, "blue", "broken.png"), "no image");

        CommandRun run = ToolRun.Of("predict", Photos.WriteVanilla(folder), photos, "--json", "--top", "1");

        Assert.AreEqual(Tool.Failed, run.Code);
        JsonElement[] answers = [.. run.Lines.Select(line => JsonSerializer.Deserialize<JsonElement>(line))];
        Assert.AreEqual(7, answers.Length);
        CollectionAssert.AreEqual(
            answers.Select(answer => answer.GetProperty("file").GetString()).Order(StringComparer.Ordinal).ToArray(),
            answers.Select(answer => answer.GetProperty("file").GetString()).ToArray());
        foreach (JsonElement answer in answers)
        {
            bool isBroken = answer.GetProperty("file").GetString()!.EndsWith("broken.png", StringComparison.Ordinal);
            Assert.AreEqual(isBroken ? 0 : 1, answer.GetProperty("classes").GetArrayLength());
            Assert.AreEqual(isBroken, answer.GetProperty("error").ValueKind == JsonValueKind.String);
        }
    }

    [TestMethod]
    public void A_vanilla_model_is_converted_and_what_comes_out_is_deployed()
    {
        using var folder = new TemporaryFolder();
        string output = folder.File("small.onnx");

        CommandRun run = ToolRun.Done("convert", Photos.WriteVanilla(folder), Photos.Write(folder), "--output", output, "--idle-ratio", "0.5");

        StringAssert.Contains(run.Output, "held-out images keep their class");
        var model = RePaViTModel.Load(output);
        Assert.AreEqual(NetworkForm.Deployed, model.Form);
        Assert.AreEqual(0.5, model.Architecture.IdleRatio);
    }

    [TestMethod]
    public void The_embeddings_of_a_model_are_compared_where_it_has_some()
    {
        using var folder = new TemporaryFolder();
        string output = folder.File("small.onnx");

        CommandRun run = ToolRun.Done(
            "convert", Photos.WriteVanilla(folder, projectionDim: 8), Photos.Write(folder), "--output", output, "--minimum-cosine", "0.5");

        StringAssert.Contains(run.Output, "3 held-out images keep their class; embeddings of 3 held-out images keep a cosine of ");
        Assert.IsTrue(RePaViTModel.Load(output).Architecture.IdleRatio >= 0, "It was not converted.");
    }

    [TestMethod]
    public void Weights_are_exported_and_opened_again()
    {
        using var folder = new TemporaryFolder();
        string vanilla = Photos.WriteVanilla(folder);
        string weights = folder.File("weights.safetensors");
        string again = folder.File("again.onnx");

        ToolRun.Done("export", vanilla, weights, "--naming", "timm");
        ToolRun.Done("export", vanilla, again);

        StringAssert.Contains(ToolRun.Done("inspect", weights).Output, "none: vanilla");
        RgbImage image = TestImages.Random(20, 20, 1);
        CollectionAssert.AreEqual(
            RePaViTModel.Load(vanilla).Predict(image).Probabilities.ToArray(), RePaViTModel.Load(again).Predict(image).Probabilities.ToArray());
    }

    [TestMethod]
    public void A_format_that_there_is_not_is_refused_before_the_model_is_opened()
    {
        CommandRun run = ToolRun.Of("export", "no-such-model.zip", "model.txt");

        Assert.AreEqual(Tool.Failed, run.Code);
        StringAssert.Contains(run.Errors, "'model.txt'");
    }

    [TestMethod]
    public void A_model_that_is_not_there_is_told_by_its_name()
    {
        CommandRun run = ToolRun.Of("inspect", "no-such-model.zip");

        Assert.AreEqual(Tool.Failed, run.Code);
        StringAssert.Contains(run.Errors, "no-such-model.zip");
    }

    [TestMethod]
    public void A_verb_that_there_is_not_is_a_wrong_command_line()
        => Assert.AreEqual(Tool.NotUnderstood, ToolRun.Of("paint").Code);
}
