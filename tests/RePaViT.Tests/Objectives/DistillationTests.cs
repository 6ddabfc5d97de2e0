using RePaViT.Objectives;

namespace RePaViT.Tests.Objectives;

/// <summary>The losses of distillation: values that are known, and slopes.</summary>
[TestClass]
public sealed class DistillationTests
{
    private static readonly float[] Output = [1, 0, 0.5f];
    private static readonly float[] Target = [0.5f, 0.25f, 0.25f, 0.125f, 0.75f, 0.125f];

    [TestMethod]
    public void Scores_are_weighed_by_their_weight_and_the_square_of_the_temperature()
    {
        // Equal logits: log 2 from the labels, whatever they are; and log 2 less the entropy of (1, 0), which is 0.
        double loss = new ScoreDistillation(2, 0.25, 4).Compute([5, 5], [0.3f, 0.7f, 1, 0], new float[2], scale: 1);
        Assert.AreEqual(0.75 * Math.Log(2) + 0.25 * 16 * Math.Log(2), loss, 1e-6);
    }

    [TestMethod]
    public void A_student_that_says_what_its_teacher_does_loses_nothing_to_it()
    {
        float[] gradient = new float[2];
        float share = (float)(1 / (1 + Math.Exp(-0.5)));
        double loss = new ScoreDistillation(2, 1, 2).Compute([1, 0], [0, 1, share, 1 - share], gradient, scale: 1);
        Assert.AreEqual(0, loss, 1e-6);
        Assert.IsTrue(gradient.All(value => Math.Abs(value) <= 1e-6));
    }

    [TestMethod]
    public void Features_count_by_their_mean_square()
    {
        float[] gradient = new float[4];
        double loss = new FeatureDistillation(2, 0.25).Compute([5, 5, 1, 3], [0.3f, 0.7f, 2, 1], gradient, scale: 2);
        Assert.AreEqual(0.75 * Math.Log(2) + 0.25 * (1 + 4) / 2, loss, 1e-6);
        Assert.AreEqual(2 * 0.25 * 2 / 2 * -1, gradient[2], 1e-6);
        Assert.AreEqual(2 * 0.25 * 2 / 2 * 2, gradient[3], 1e-6);
    }

    [TestMethod]
    public void Without_labels_logits_beside_features_have_no_gradient()
    {
        float[] gradient = new float[4];
        new FeatureDistillation(2, 1).Compute([5, -1, 1, 3], [0.3f, 0.7f, 2, 1], gradient, scale: 1);
        Assert.AreEqual(0, gradient[0]);
        Assert.AreEqual(0, gradient[1]);
    }

    [TestMethod]
    public void Gradients_are_the_slopes_of_the_loss()
    {
        AssertSlopes(new ScoreDistillation(3, 0.7, 2.5), Output, Target);
        AssertSlopes(new ScoreDistillation(3, 1, 1), Output, Target);
        AssertSlopes(new FeatureDistillation(1, 0.3), Output, [1, 0.25f, 2]);
        AssertSlopes(new FeatureDistillation(2, 0.3), Output, [0.75f, 0.25f, 2]);
    }

    [TestMethod]
    public void A_target_has_room_for_both()
    {
        Assert.AreEqual(6, new ScoreDistillation(3, 0.5, 1).TargetLength(3));
        Assert.AreEqual(3, new ScoreDistillation(3, 0.5, 1).ClassesOf(3));
        Assert.AreEqual(7, new FeatureDistillation(3, 0.5).TargetLength(7));
        Assert.AreEqual(3, new FeatureDistillation(3, 0.5).ClassesOf(1));
    }

    private static void AssertSlopes(Objective objective, float[] output, float[] target)
    {
        // Binary fractions, which floats hold exactly; the third derivative is below 1.
        const float H = 1f / 1024;
        const float Scale = 0.25f;
        float[] gradient = new float[output.Length];
        objective.Compute(output, target, gradient, Scale);
        for (int i = 0; i < output.Length; i++)
        {
            double slope = (Loss(i, H) - Loss(i, -H)) / (2 * H);
            Assert.IsTrue(Math.Abs(Scale * slope - gradient[i]) <= 1e-6, $"{objective}, {i}: {Scale * slope}, {gradient[i]}");
        }

        double Loss(int index, float by)
        {
            float[] moved = [.. output];
            moved[index] += by;
            return objective.Compute(moved, target, new float[output.Length], Scale);
        }
    }
}
