using System.Numerics.Tensors;
using RePaViT.Threading;

namespace RePaViT.Transfer;

/// <summary>logits = W features + b, in the units in which the network gives its features.</summary>
/// <param name="Weight">[classes, dim].</param>
/// <param name="Bias">[classes].</param>
internal sealed record LinearClassifier(float[] Weight, float[] Bias)
{
    // Beyond what 32-bit floats keep of the parameters.
    private const double Tolerance = 1e-7;

    /// <summary>Fits a classifier by logistic regression.</summary>
    /// <param name="features">The images, all rows of which count.</param>
    /// <param name="penalty">Of the squared parameters of scaled features, above 0.</param>
    /// <param name="isBalanced">Whether all classes count the same, however many images they have.</param>
    /// <param name="team">Shares the work.</param>
    /// <param name="cancellationToken">Stops it.</param>
    public static LinearClassifier Fit(
        FeatureSet features, double penalty, bool isBalanced, ThreadTeam team, CancellationToken cancellationToken = default)
        => FitPath(features, [penalty], isBalanced, Tolerance, team, cancellationToken).Single();

    /// <summary>Fits a classifier for each penalty, from the one before it: best in falling order.</summary>
    public static IEnumerable<LinearClassifier> FitPath(
        FeatureSet features, IEnumerable<double> penalties, bool isBalanced, double tolerance, ThreadTeam team, CancellationToken cancellationToken)
    {
        double[] weights = features.Weights(isBalanced);
        var scaling = FeatureScaling.Of(features, weights);
        var objective = new LogisticObjective(features, scaling, weights, penalty: 1, team);
        double[] parameters = new double[objective.Length];
        foreach (double penalty in penalties)
        {
            objective.Penalty = penalty;
            NewtonSolver.Minimize(objective, parameters, tolerance, cancellationToken);
            yield return Unscaled(parameters, scaling);
        }
    }

    /// <summary>Classifies each image as it is.</summary>
    public Evaluation Evaluate(FeatureSet features)
    {
        double[] logits = new double[Bias.Length];
        int correct = 0;
        double loss = 0;
        for (int image = 0; image < features.Count; image++)
        {
            ReadOnlySpan<float> row = features.Row(image, view: 0);
            for (int c = 0; c < logits.Length; c++)
            {
                logits[c] = Bias[c] + TensorPrimitives.Dot(Weight.AsSpan(c * features.Dim, features.Dim), row);
            }

            int label = features.Labels[image];
            double most = TensorPrimitives.Max<double>(logits);
            correct += TensorPrimitives.IndexOfMax<double>(logits) == label ? 1 : 0;
            loss += most + Math.Log(logits.Sum(logit => Math.Exp(logit - most))) - logits[label];
        }

        return new Evaluation((double)correct / features.Count, loss / features.Count, features.Count);
    }

    /// <summary>w (f - mean) factor + b = (w factor) f + (b - w factor mean).</summary>
    private static LinearClassifier Unscaled(double[] parameters, FeatureScaling scaling)
    {
        int dim = scaling.Mean.Length;
        int classes = parameters.Length / (dim + 1);
        float[] weight = new float[classes * dim];
        float[] bias = new float[classes];
        for (int c = 0; c < classes; c++)
        {
            ReadOnlySpan<double> row = parameters.AsSpan(c * (dim + 1), dim + 1);
            double shift = row[^1];
            for (int i = 0; i < dim; i++)
            {
                double w = row[i] * scaling.Factor[i];
                weight[c * dim + i] = (float)w;
                shift -= w * scaling.Mean[i];
            }

            bias[c] = (float)shift;
        }

        return new LinearClassifier(weight, bias);
    }
}
