using RePaViT.MLNet.Images;
using RePaViT.MLNet.Saving;
using RePaViT.MLNet.Tests.Support;
using RePaViT.Tests.Support;

namespace RePaViT.MLNet.Tests.Saving;

[TestClass]
public sealed class PreparationTests
{
    internal static readonly Preparation Sample = new()
    {
        Images = new ImageColumn(ImageColumnKind.Pixels, 4, 5, IsInterleaved: true),
        ImageSize = 7,
        Preprocessing = TestModel.Preprocessing,
    };

    [TestMethod]
    public void It_goes_to_text_and_back()
    {
        Assert.AreEqual(Sample, Preparation.FromJson(Sample.ToJson().AsMemory()));
        Preparation other = Sample with { ImageSize = 8 };
        Assert.AreEqual(other, Preparation.FromJson(other.ToJson().AsMemory()));
    }

    [TestMethod]
    public void What_it_is_stored_as_stays()
    {
        const string Images = """{"kind":"pixels","height":4,"width":5,"isInterleaved":true}""";
        const string Colors =
            """
            "mean":{"red":0.4,"green":0.5,"blue":0.6},"standardDeviation":{"red":0.229,"green":0.224,"blue":0.225}
            """;
        const string Decoding = """{"followOrientation":true,"background":{"red":1,"green":1,"blue":1},"maxPixels":134217728}""";
        const string Preprocessing = $$"""{{{Colors}},"cropFraction":0.9,"interpolation":"bilinear","reducedSide":13,"decoding":{{Decoding}}}""";
        Assert.AreEqual($$"""{"images":{{Images}},"imageSize":7,"preprocessing":{{Preprocessing}}}""", Sample.ToJson());
    }

    [TestMethod]
    public void Images_are_prepared_as_the_model_does()
    {
        RgbImage image = TestImages.Random(20, 15, 1);
        float[] expected = new float[3 * 7 * 7];
        TestModel.Preprocessing.Prepare(image, 7, expected);

        CollectionAssert.AreEqual(expected, Sample.Prepare(() => image));
    }

    [TestMethod]
    [DataRow("\"imageSize\":7", "\"imageSize\":0")]
    [DataRow("\"imageSize\":7", "\"imageSize\":2147483647")]
    [DataRow("\"imageSize\":7", "\"imageSize\":\"7\"")]
    [DataRow("\"height\":4", "\"height\":0")]
    [DataRow("\"kind\":\"pixels\"", "\"kind\":7")]
    [DataRow("\"cropFraction\":0.9", "\"cropFraction\":-1")]
    [DataRow("{\"images\"", "[\"images\"")]
    [DataRow("\"cropFraction\":0.9,", "")]
    [DataRow("\"imageSize\":7", "\"imageSize\":7,\"imageSize\":7")]
    [DataRow("\"imageSize\":7", "\"imageSize\":7,\"other\":7")]
    public void A_wrong_text_is_refused(string part, string wrong)
    {
        string json = Sample.ToJson();
        StringAssert.Contains(json, part, StringComparison.Ordinal);

        Assert.ThrowsExactly<InvalidDataException>(
            () => Preparation.FromJson(json.Replace(part, wrong, StringComparison.Ordinal).AsMemory()));
    }
}
