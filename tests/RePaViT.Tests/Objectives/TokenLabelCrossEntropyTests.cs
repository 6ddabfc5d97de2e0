using RePaViT.Objectives;

namespace RePaViT.Tests.Objectives;

[TestClass]
public sealed class TokenLabelCrossEntropyTests
{
    private static readonly float[] Output = [1, 0, 0.5f, -1, 2, 2, 0, 3, 1.5f];
    private static readonly float[] Target = [0.5f, 0.25f, 0.25f, 1, 0, 0, 0.25f, 0.25f, 0.5f];

    [TestMethod]
    public void Rows_count_by_their_weights()
    {
        // Two classes with equal logits: log 2 for the class token, whatever its target; and for patches log(1 + 3) less the
        // logit of the target, which is log 3 for one and 0 for the other.
        float log3 = (float)Math.Log(3);
        double loss = new TokenLabelCrossEntropy(2, 2, 3).Compute(
            [5, 5, log3, 0, log3, 0], [0.3f, 0.7f, 1, 0, 0, 1], new float[6], scale: 1);
        Assert.AreEqual(2 * Math.Log(2) + 3 * (Math.Log(4.0 / 3) + Math.Log(4)) / 2, loss, 1e-6);
    }

    [TestMethod]
    public void The_class_token_alone_is_cross_entropy()
    {
        float[] gradient = new float[9];
        float[] expected = new float[3];
        double loss = new TokenLabelCrossEntropy(3, 1, 0).Compute(Output, Target, gradient, 0.5f);
        Assert.AreEqual(new CrossEntropy().Compute(Output.AsSpan(0, 3), Target.AsSpan(0, 3), expected, 0.5f), loss, 1e-12);
        CollectionAssert.AreEqual(expected.Concat(new float[6]).ToArray(), gradient);
    }

    [TestMethod]
    public void Gradients_are_the_slopes_of_the_loss()
    {
        const float H = 1f / 1024;
        const float Scale = 0.25f;
        var objective = new TokenLabelCrossEntropy(3, 0.7, 1.9);
        float[] gradient = new float[9];
        objective.Compute(Output, Target, gradient, Scale);
        for (int i = 0; i < Output.Length; i++)
        {
            double slope = (Loss(i, H) - Loss(i, -H)) / (2 * H);
            Assert.IsTrue(Math.Abs(Scale * slope - gradient[i]) <= 1e-6, $"{i}: {Scale * slope}, {gradient[i]}");
        }

        double Loss(int index, float by)
        {
            float[] moved = [.. Output];
            moved[index] += by;
            return objective.Compute(moved, Target, new float[9], Scale);
        }
    }
}
