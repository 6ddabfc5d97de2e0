using RePaViT.Tests.Support;

namespace RePaViT.MLNet.Tests;

[TestClass]
public sealed class DependencyTests
{
    [TestMethod]
    public void ML_NET_uses_what_the_table_says()
        => DependencyTable.AssertHoldsFor(typeof(ImageClassificationRePaViTTrainer).Assembly);

    [TestMethod]
    public void TorchSharp_uses_what_the_table_says() => DependencyTable.AssertHoldsFor(typeof(DeviceExtensions).Assembly);
}
