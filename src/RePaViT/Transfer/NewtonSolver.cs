using System.Numerics.Tensors;

namespace RePaViT.Transfer;

/// <summary>
/// Newton's method with steps from conjugate gradients, which need products with the second derivatives only (Nocedal and Wright,
/// Numerical Optimization, algorithm 7.1). The objective is strictly convex: there is one optimum, and every start leads there.
/// </summary>
internal static class NewtonSolver
{
    private const int MaxSteps = 100;
    private const int MaxProducts = 250;
    private const double SufficientDecrease = 1e-4;
    private const double LeastRate = 1e-9;

    /// <param name="objective">What to make small.</param>
    /// <param name="parameters">Where to start; gets where it ends.</param>
    /// <param name="tolerance">The norm of the gradient at which it ends.</param>
    /// <param name="cancellationToken">Stops it between two steps.</param>
    public static void Minimize(
        LogisticObjective objective, double[] parameters, double tolerance, CancellationToken cancellationToken)
    {
        double[] gradient = new double[parameters.Length];
        double[] step = new double[parameters.Length];
        double[] trial = new double[parameters.Length];
        double value = objective.Compute(parameters, gradient);
        for (int i = 0; i < MaxSteps && TensorPrimitives.Norm<double>(gradient) > tolerance; i++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            FindStep(objective, gradient, step);
            double slope = TensorPrimitives.Dot<double>(gradient, step);
            double rate = 1;
            double next;
            do
            {
                TensorPrimitives.MultiplyAdd(step, rate, parameters, trial);
                next = objective.Compute(trial, gradient);
                rate /= 2;
            }
            while (next > value + 2 * SufficientDecrease * rate * slope && rate > LeastRate);

            if (next >= value)
            {
                // Roundings: the optimum is as near as doubles can tell.
                return;
            }

            trial.CopyTo(parameters, 0);
            value = next;
        }
    }

    /// <summary>Solves H step = -gradient, the more exactly the nearer the optimum is.</summary>
    private static void FindStep(LogisticObjective objective, double[] gradient, double[] step)
    {
        double norm = TensorPrimitives.Norm<double>(gradient);
        double tolerance = Math.Min(0.1, Math.Sqrt(norm)) * norm;
        double[] residual = new double[step.Length];
        double[] product = new double[step.Length];
        TensorPrimitives.Negate(gradient, residual);
        double[] direction = [.. residual];
        Array.Clear(step);
        double square = norm * norm;
        for (int i = 0; i < MaxProducts && Math.Sqrt(square) > tolerance; i++)
        {
            objective.MultiplyHessian(direction, product);
            double length = square / TensorPrimitives.Dot<double>(direction, product);
            TensorPrimitives.MultiplyAdd(direction, length, step, step);
            TensorPrimitives.MultiplyAdd(product, -length, residual, residual);
            double before = square;
            square = TensorPrimitives.SumOfSquares<double>(residual);
            TensorPrimitives.MultiplyAdd(direction, square / before, residual, direction);
        }
    }
}
