using RePaViT.Tool.Tests;
using RePaViT.PhotoSimilarity.Tests.Support;

namespace RePaViT.PhotoSimilarity.Tests;

/// <summary>Command lines that are refused.</summary>
[TestClass]
public sealed class CommandTests
{
    [TestMethod]
    public void Without_a_model_it_says_where_to_get_one()
    {
        using var album = new Album();

        CommandRun run = CommandRun.Of(SimilarityCommand.Run, [album.Photos]);

        Assert.AreEqual(SimilarityCommand.NotUnderstood, run.Code);
        StringAssert.Contains(run.Errors, "--model quickstart-output/model.onnx");
        StringAssert.Contains(run.Errors, "facebook/dinov2-small");
    }

    [TestMethod]
    [DataRow("--duplicates", "0")]
    [DataRow("--duplicates", "1.1")]
    [DataRow("--duplicates", "NaN")]
    [DataRow("--most", "0")]
    [DataRow("--most", "101")]
    [DataRow("--output", "photo.jpg")]
    [DataRow("--output", "no-such-folder/similar.html")]
    [DataRow("--query", "no-such-photo.jpg")]
    public void A_value_that_is_not_accepted_is_a_wrong_command_line(string option, string value)
    {
        using var album = new Album();

        CommandRun run = CommandRun.Of(SimilarityCommand.Run, [album.Photos, "--model", "model.onnx", option, value]);

        Assert.AreEqual(SimilarityCommand.NotUnderstood, run.Code);
        StringAssert.Contains(run.Errors, option == "--query" ? value : option);
    }

    [TestMethod]
    public void A_folder_without_photos_and_a_model_that_is_not_there_are_told()
    {
        using var album = new Album();
        CommandRun empty = CommandRun.Of(SimilarityCommand.Run, [album.Photos, "--model", "no-such-model.onnx", "--output", album.Page]);
        album.Add("photo.png", seed: 1);

        CommandRun missing = CommandRun.Of(SimilarityCommand.Run, [album.Photos, "--model", "no-such-model.onnx", "--output", album.Page]);

        Assert.AreEqual((SimilarityCommand.Failed, SimilarityCommand.Failed), (empty.Code, missing.Code));
        StringAssert.Contains(empty.Errors, album.Photos);
        StringAssert.Contains(missing.Errors, "no-such-model.onnx");
        Assert.IsFalse(File.Exists(album.Page));
    }

    [TestMethod]
    public void Reading_photos_ends_when_it_is_cancelled()
    {
        using var album = new Album();
        album.Add("photo.png", seed: 1);

        Assert.ThrowsExactly<OperationCanceledException>(() => FeaturizedPhotos.Compute(
            album.WriteModel(), PhotoFiles.Find(album.Photos), new Progress<FeaturizedPhotos.Progress>(), new CancellationToken(canceled: true)));
    }
}
