using RePaViT.Objectives;
using RePaViT.Tests.Support;

namespace RePaViT.Tests.Objectives;

/// <summary>Against OpenCLIP's loss, computed in double precision (Fixtures/Clip).</summary>
[TestClass]
public sealed class ContrastiveLossTests
{
    /// <summary>Products and sums of floats.</summary>
    private const double Tolerance = 1e-5;

    [TestMethod]
    [DataRow("few")]
    [DataRow("many")]
    public void Loss_and_gradients_are_those_of_the_public_implementation(string name)
    {
        NamedTensors golden = Golden();
        (float[] images, float[] texts, double scale) = Inputs(golden, name);
        float[] imageGradient = new float[images.Length];
        float[] textGradient = new float[texts.Length];

        ContrastiveResult result = ContrastiveLoss.Compute(
            images, texts, golden[$"{name}.images"].Shape[1], scale, imageGradient, textGradient);

        AssertClose(golden[$"{name}.loss"].Data, [(float)result.Loss]);
        AssertClose(golden[$"{name}.logit_scale_gradient"].Data, [(float)result.LogScaleGradient]);
        AssertClose(golden[$"{name}.image_gradient"].Data, imageGradient);
        AssertClose(golden[$"{name}.text_gradient"].Data, textGradient);
        Assert.AreEqual((int)golden[$"{name}.correct"].Data[0], result.Correct);
    }

    [TestMethod]
    public void What_is_not_asked_for_changes_nothing()
    {
        NamedTensors golden = Golden();
        (float[] images, float[] texts, double scale) = Inputs(golden, "few");
        float[] expected = new float[images.Length];
        float[] actual = new float[images.Length];
        actual.AsSpan().Fill(7);

        ContrastiveResult all = ContrastiveLoss.Compute(images, texts, 5, scale, expected, new float[texts.Length]);

        Assert.AreEqual(all, ContrastiveLoss.Compute(images, texts, 5, scale, actual, []));
        CollectionAssert.AreEqual(expected, actual);
        Assert.AreEqual(all, ContrastiveLoss.Compute(images, texts, 5, scale, [], []));
    }

    [TestMethod]
    public void Images_with_the_same_text_are_both_right_and_share_its_probability()
    {
        float[] images = [1, 0, 1, 0, 0, 1];
        float[] texts = [1, 0, 1, 0, 0, 1];

        ContrastiveResult result = ContrastiveLoss.Compute(images, texts, 2, scale: 100, new float[6], new float[6]);

        Assert.AreEqual(3, result.Correct);
        Assert.AreEqual(2 * Math.Log(2) / 3, result.Loss, 1e-9);
    }

    private static NamedTensors Golden() => Safetensors.Read(Path.Combine(Fixture.Folder, "Clip", "contrast.safetensors")).Tensors;

    private static (float[] Images, float[] Texts, double Scale) Inputs(NamedTensors golden, string name)
        => (golden[$"{name}.images"].ToArray(), golden[$"{name}.texts"].ToArray(), Math.Exp(golden[$"{name}.logit_scale"].Data[0]));

    private static void AssertClose(ReadOnlySpan<float> expected, ReadOnlySpan<float> actual)
    {
        double difference = Difference.Relative(expected, actual);
        Assert.IsTrue(difference <= Tolerance, $"{difference}");
    }
}
