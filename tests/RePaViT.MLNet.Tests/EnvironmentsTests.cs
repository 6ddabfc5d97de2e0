using Microsoft.ML;

namespace RePaViT.MLNet.Tests;

[TestClass]
public sealed class EnvironmentsTests
{
    [TestMethod]
    [DataRow(null)]
    [DataRow(5)]
    public void The_seed_of_a_context_is_found_behind_its_catalogs(int? seed)
    {
        var context = new MLContext(seed);

        Assert.AreEqual(seed, Environments.SeedOf(Environments.Of(context.Model)));
        Assert.AreEqual(seed, Environments.SeedOf(Environments.Of(context.MulticlassClassification.Trainers)));
        Assert.AreEqual(seed, Environments.SeedOf(Environments.Of(context.MulticlassClassification)));
    }

    [TestMethod]
    public void What_has_no_environment_is_refused_with_the_version_that_is_needed()
    {
        var exception = Assert.ThrowsExactly<NotSupportedException>(() => Environments.Of(new object()));
        StringAssert.Contains(exception.Message, "5.0.1", StringComparison.Ordinal);
    }
}
