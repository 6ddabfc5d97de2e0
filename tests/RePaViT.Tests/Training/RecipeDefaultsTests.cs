using RePaViT.Training;

namespace RePaViT.Tests.Training;

[TestClass]
public sealed class RecipeDefaultsTests
{
    [TestMethod]
    [DataRow(1, 2, 300)]
    [DataRow(5, 5, 300)]
    [DataRow(120, 16, 286)]
    [DataRow(1000, 32, 65)]
    [DataRow(4096, 64, 32)]
    [DataRow(10_000, 64, 30)]
    [DataRow(1_281_167, 64, 30)]
    public void Few_images_make_small_batches_and_many_epochs(int images, int batchSize, int epochs)
        => Assert.AreEqual(
            new TrainingRecipe { BatchSize = batchSize, Epochs = epochs, WarmupEpochs = 1 },
            new TrainingRecipe().Complete(images));

    [TestMethod]
    public void From_120_images_on_there_are_2000_steps_and_more_images_take_no_less_work()
    {
        long work = 0;
        for (int images = 120; images <= 20_000; images++)
        {
            TrainingRecipe recipe = new TrainingRecipe().Complete(images);
            long steps = (long)recipe.Epochs!.Value * (images / recipe.BatchSize!.Value);
            Assert.IsTrue(steps >= 2000, $"{images} images: {steps} steps");

            // An epoch leaves out what is no full batch, so the work goes up in small steps.
            Assert.IsTrue(steps * recipe.BatchSize.Value >= 0.9 * work, $"{images} images");
            work = Math.Max(work, steps * recipe.BatchSize.Value);
        }
    }

    [TestMethod]
    public void What_a_recipe_says_stays()
    {
        TrainingRecipe paper = TrainingRecipe.Paper(ViTArchitecture.Tiny);
        Assert.AreEqual(paper, paper.Complete(100));
        Assert.AreEqual((20, 32, 1.0), Numbers(TrainingRecipe.FineTune.Complete(100)));
        Assert.AreEqual((400, 5, 1.0), Numbers(new TrainingRecipe { Epochs = 400, BatchSize = 5 }.Complete(1000)));
        Assert.AreEqual((2, 32, 0.1), Numbers(new TrainingRecipe { Epochs = 2 }.Complete(1000)));
        Assert.AreEqual((40, 20, 0.0), Numbers(new TrainingRecipe { BatchSize = 20, WarmupEpochs = 0 }.Complete(1000)));
    }

    [TestMethod]
    public void Gathered_batches_are_one_step()
        => Assert.AreEqual((67, 1000, 0.0), Numbers(
            new TrainingRecipe { BatchSize = 1000, GradientAccumulation = 4, WarmupEpochs = 0 }.Complete(118_000)));

    private static (int Epochs, int BatchSize, double WarmupEpochs) Numbers(TrainingRecipe recipe)
        => (recipe.Epochs!.Value, recipe.BatchSize!.Value, recipe.WarmupEpochs!.Value);
}
