using RePaViT.Training;
using TorchSharp;

namespace RePaViT.Torch;

/// <summary>
/// The rules of <see cref="OptimizerKind"/> on a device: the managed engine's formulas, over all tensors of a group at
/// once. Nothing comes back to the host.
/// </summary>
internal sealed class TorchOptimizer : IDisposable
{
    private readonly TrainingRecipe _recipe;
    private readonly Group[] _groups;

    /// <param name="groups">Parameters that decay, all or none of a group, and learn at the same rate.</param>
    /// <param name="recipe">Names the rule and its constants.</param>
    /// <param name="device">Where the parameters are.</param>
    /// <param name="rates">What share of the learning rate each parameter has; null for all of it.</param>
    /// <param name="late">What does not learn from the first step on; null for nothing.</param>
    public TorchOptimizer(
        IEnumerable<FlatTensors> groups, TrainingRecipe recipe, torch.Device device, LayerRates? rates = null, LateTensor? late = null)
    {
        _recipe = recipe;
        _groups = [.. groups.Select(group => new Group(
            group, device, (rates ?? LayerRates.Same).RateOf(group.Specs[0].Name), late?.Name == group.Specs[0].Name ? late.Steps : 0))];
    }

    /// <summary>Steps taken.</summary>
    public long Steps { get; private set; }

    /// <summary>Takes a step along the gradients that the parameters have.</summary>
    /// <param name="learningRate">The learning rate of this step.</param>
    /// <param name="norm">The global norm of the gradients, finite.</param>
    /// <param name="weightDecay">The weight decay of this step; null for the recipe's.</param>
    public void Step(double learningRate, double norm, double? weightDecay = null)
    {
        Steps++;
        double clip = _recipe.GradientClipNorm is double limit ? Math.Max(1, norm / limit) : 1;
        foreach (Group group in _groups.Where(group => Steps > group.Delay))
        {
            using DisposeScope scope = torch.NewDisposeScope();
            torch.Tensor direction = Direction(group, clip, Steps - group.Delay);
            Move(group.Parameters, direction, group.Rate * learningRate, weightDecay ?? _recipe.WeightDecay);
        }
    }

    public void AddState(NamedTensors state)
    {
        state.AddSteps(Steps);
        foreach (Group group in _groups)
        {
            group.Mean.AddTo(state, EngineState.MeanName);
            group.MeanSquare.AddTo(state, EngineState.MeanSquareName);
        }
    }

    /// <exception cref="ArgumentException">A tensor is missing, has another shape, or counts steps below 0.</exception>
    public void SetState(NamedTensors state)
    {
        Steps = state.GetSteps();
        foreach (Group group in _groups)
        {
            group.Mean.Set(state, EngineState.MeanName);
            group.MeanSquare.Set(state, EngineState.MeanSquareName);
        }
    }

    public void Dispose()
    {
        foreach (Group group in _groups)
        {
            group.Mean.Dispose();
            group.MeanSquare.Dispose();
        }
    }

    /// <summary>
    /// g = g / clip, m = b1 m + (1 - b1) g, v = b2 v + (1 - b2) g g; the result is
    /// (m / (1 - b1^t)) / (sqrt(v) / sqrt(1 - b2^t) + eps).
    /// </summary>
    private torch.Tensor Direction(Group group, double clip, long steps)
    {
        torch.Tensor gradient = group.Parameters.Values.grad!.div_(clip);
        torch.Tensor mean = group.Mean.Values.mul_(_recipe.Beta1).add_(gradient, 1 - _recipe.Beta1);
        torch.Tensor meanSquare = group.MeanSquare.Values
            .mul_(_recipe.Beta2)
            .addcmul_(gradient, gradient, 1 - _recipe.Beta2);
        torch.Tensor root = meanSquare.sqrt()
            .div_(Math.Sqrt(1 - Math.Pow(_recipe.Beta2, steps)))
            .add_(_recipe.Epsilon);
        return mean.div(1 - Math.Pow(_recipe.Beta1, steps)).div_(root);
    }

    private void Move(FlatTensors parameters, torch.Tensor direction, double learningRate, double weightDecay)
    {
        weightDecay = parameters.Specs[0].Decays ? weightDecay : 0;
        if (_recipe.Optimizer == OptimizerKind.AdamW)
        {
            parameters.Values.mul_(1 - learningRate * weightDecay);
        }
        else if (weightDecay != 0)
        {
            direction.add_(parameters.Values, weightDecay);
            ScaleToWeights(parameters, direction);
        }

        parameters.Values.add_(direction, -learningRate);
    }

    /// <summary>LAMB's trust: each tensor's part u of the direction becomes |p| / |u| u, unless either norm is 0.</summary>
    private static void ScaleToWeights(FlatTensors parameters, torch.Tensor direction)
    {
        torch.Tensor[] updates = [.. parameters.Split(direction)];
        torch.Tensor valueNorms = torch.stack(parameters.Split(parameters.Values).Select(Norm));
        torch.Tensor updateNorms = torch.stack(updates.Select(Norm));
        torch.Tensor usable = (valueNorms > 0).logical_and(updateNorms > 0);
        torch.Tensor[] trusts = torch.where(usable, valueNorms / updateNorms, torch.ones_like(valueNorms)).unbind();
        for (int i = 0; i < updates.Length; i++)
        {
            updates[i].mul_(trusts[i]);
        }
    }

    /// <summary>The norm of a matrix or filter, by rows for the sake of the CPU, as <see cref="FlatTensors.Norm"/>.</summary>
    private static torch.Tensor Norm(torch.Tensor matrix) => matrix.flatten(1).norm(1).norm();

    /// <summary>Parameters, their moments, their share of the learning rate, and the steps before they move.</summary>
    private sealed record Group(FlatTensors Parameters, FlatTensors Mean, FlatTensors MeanSquare, double Rate, long Delay)
    {
        public Group(FlatTensors parameters, torch.Device device, double rate, long delay)
            : this(parameters, new FlatTensors(parameters.Specs, device), new FlatTensors(parameters.Specs, device), rate, delay)
        {
        }
    }
}
