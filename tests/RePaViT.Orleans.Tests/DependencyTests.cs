using RePaViT.Tests.Support;

namespace RePaViT.Cluster.Tests;

[TestClass]
public sealed class DependencyTests
{
    [TestMethod]
    public void Orleans_uses_what_the_table_says() => DependencyTable.AssertHoldsFor(typeof(ScoringJobs).Assembly);
}
