using RePaViT.Import.Names;

namespace RePaViT.Tests.Import;

[TestClass]
public sealed class NameRowTests
{
    [TestMethod]
    [DataRow("blocks.{block}.attn.norm", "encoder.{block}.ln", "blocks.12.attn.norm.weight", "encoder.12.ln.weight")]
    [DataRow("layers.{stage}.blocks.{block}", "features.{2stage+1}.{block}", "layers.2.blocks.17.mlp.fc1.bias", "features.5.17.mlp.fc1.bias")]
    [DataRow("layers.{stage}.downsample", "features.{2stage+2}", "layers.1.downsample.norm.weight", "features.4.norm.weight")]
    [DataRow("layers.{stage}.downsample", "layers.{stage+1}.downsample", "layers.1.downsample.norm.weight", "layers.2.downsample.norm.weight")]
    [DataRow("norm", "ln", "norm.weight", "ln.weight")]
    [DataRow("norm", "ln", "norm", "ln")]
    [DataRow("", "", "any.name", "any.name")]
    [DataRow("norm", "ln", "norm_pre.weight", null)]
    [DataRow("norm", "ln", "blocks.0.norm.weight", null)]
    [DataRow("blocks.{block}", "b.{block}", "blocks.x.norm", null)]
    [DataRow("blocks.{block}", "b.{block}", "blocks.-1.norm", null)]
    [DataRow("blocks.{block}", "b.{block}", "blocks", null)]
    public void A_name_is_translated_with_its_numbers(string ours, string theirs, string tensor, string? expected)
        => Assert.AreEqual(expected, new NameRow(ours, theirs).Translate(tensor)?.Single());

    [TestMethod]
    public void A_tensor_in_parts_has_several_names()
        => CollectionAssert.AreEqual(
            new[] { "q.3.weight", "k.3.weight" }, new NameRow("qkv.{block}", "q.{block}", "k.{block}").Translate("qkv.3.weight"));
}
