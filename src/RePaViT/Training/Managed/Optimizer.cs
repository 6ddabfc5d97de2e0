using System.Numerics.Tensors;
using RePaViT.Kernels;
using RePaViT.Threading;

namespace RePaViT.Training.Managed;

/// <summary>
/// Moves parameters along their gradients. Both rules share Adam's direction, for gradient g in step t:
/// <code>
/// g = g / max(1, norm / limit)                norm over the gradients of all parameters
/// m = b1 m + (1 - b1) g,  v = b2 v + (1 - b2) g g
/// d = (m / (1 - b1^t)) / (sqrt(v) / sqrt(1 - b2^t) + eps)
/// </code>
/// Parameters are worked on in parallel, but sums never cross threads, so results do not depend on their number.
/// </summary>
internal abstract class Optimizer
{
    // Small enough for a slice of gradient, both moments and the scratch to stay in the first-level cache.
    private const int SliceLength = 1024;

    private readonly Slot[] _slots;
    private readonly double[] _squaredNorms;
    private readonly TrainingRecipe _recipe;
    private readonly ThreadTeam _team;
    private readonly Action<int, int> _measure;
    private readonly Action<int, int> _move;
    private float _clip;
    private double _learningRate;
    private double _weightDecay;

    protected Optimizer(IEnumerable<IParameter> parameters, TrainingRecipe recipe, int threads, LayerRates rates, LateTensor? late)
    {
        _slots = [.. parameters.Where(parameter => parameter.Spec.IsTrained)
            .Select(parameter => new Slot(parameter, rates.RateOf(parameter.Spec.Name), late?.Name == parameter.Spec.Name ? late.Steps : 0))];
        _squaredNorms = new double[_slots.Length];
        _recipe = recipe;
        _team = ThreadTeam.Get(threads);
        _measure = (i, _) => _squaredNorms[i] = Reduce.SumOfSquares(_slots[i].Parameter.Gradient);
        _move = (i, _) => Move(_slots[i]);
    }

    /// <summary>Steps taken.</summary>
    public long Steps { get; private set; }

    /// <param name="parameters">The network's; running statistics among them are left alone.</param>
    /// <param name="recipe">Names the rule and its constants.</param>
    /// <param name="threads">Threads that share the work, at least 1.</param>
    /// <param name="rates">What share of the learning rate each parameter has; null for all of it.</param>
    /// <param name="late">What does not learn from the first step on; null for nothing.</param>
    public static Optimizer Create(
        IEnumerable<IParameter> parameters, TrainingRecipe recipe, int threads, LayerRates? rates = null, LateTensor? late = null)
        => recipe.Optimizer switch
        {
            OptimizerKind.AdamW => new AdamW(parameters, recipe, threads, rates ?? LayerRates.Same, late),
            OptimizerKind.Lamb => new Lamb(parameters, recipe, threads, rates ?? LayerRates.Same, late),
            _ => throw new ArgumentException($"{nameof(recipe.Optimizer)} {recipe.Optimizer} is not known."),
        };

    /// <summary>Clips the gradients, takes a step and clears them. Where their norm is not finite, nothing moves.</summary>
    /// <param name="learningRate">The learning rate of this step.</param>
    /// <param name="weightDecay">Its weight decay; null for the recipe's.</param>
    /// <returns>The global norm of the gradients before clipping.</returns>
    public double Step(double learningRate, double? weightDecay = null)
    {
        _team.Run(_slots.Length, _measure);
        double norm = Math.Sqrt(_squaredNorms.Sum());
        if (!double.IsFinite(norm))
        {
            return norm;
        }

        Steps++;
        _learningRate = learningRate;
        _weightDecay = weightDecay ?? _recipe.WeightDecay;
        _clip = _recipe.GradientClipNorm is double limit ? (float)Math.Max(1, norm / limit) : 1;
        _team.Run(_slots.Length, _move);
        return norm;
    }

    /// <summary>Adds the moments and the number of steps.</summary>
    public void AddState(NamedTensors state)
    {
        state.AddSteps(Steps);
        foreach (Slot slot in _slots)
        {
            state.Add(slot.MeanName, new WeightTensor([.. slot.Mean], slot.Parameter.Spec.Shape));
            state.Add(slot.MeanSquareName, new WeightTensor([.. slot.MeanSquare], slot.Parameter.Spec.Shape));
        }
    }

    /// <summary>Takes back what <see cref="AddState"/> added.</summary>
    /// <exception cref="ArgumentException">A tensor is missing, has another shape, or counts steps below 0.</exception>
    public void SetState(NamedTensors state)
    {
        Steps = state.GetSteps();
        foreach (Slot slot in _slots)
        {
            state.CopyState(slot.MeanName, slot.Parameter.Spec.Shape, slot.Mean);
            state.CopyState(slot.MeanSquareName, slot.Parameter.Spec.Shape, slot.MeanSquare);
        }
    }

    /// <summary>Moves one parameter.</summary>
    /// <param name="value">The parameter, changed in place.</param>
    /// <param name="direction">Adam's direction d; may be overwritten.</param>
    /// <param name="learningRate">The learning rate of this step.</param>
    /// <param name="weightDecay">0 for a parameter that does not decay.</param>
    protected abstract void Move(Span<float> value, Span<float> direction, double learningRate, double weightDecay);

    private void Move(Slot slot)
    {
        if (Steps > slot.Delay)
        {
            TurnIntoDirection(slot, Steps - slot.Delay);
            double weightDecay = slot.Parameter.Spec.Decays ? _weightDecay : 0;
            Move(slot.Parameter.Value, slot.Parameter.Gradient, slot.Rate * _learningRate, weightDecay);
        }

        slot.Parameter.Gradient.Clear();
    }

    /// <summary>Moves the moments and puts d in place of the gradient.</summary>
    private void TurnIntoDirection(Slot slot, long steps)
    {
        float beta1 = (float)_recipe.Beta1;
        float beta2 = (float)_recipe.Beta2;
        float gain1 = (float)(1 - _recipe.Beta1);
        float gain2 = (float)(1 - _recipe.Beta2);
        float correction1 = (float)(1 - Math.Pow(_recipe.Beta1, steps));
        float correction2 = (float)Math.Sqrt(1 - Math.Pow(_recipe.Beta2, steps));
        Span<float> scratch = stackalloc float[SliceLength];
        Span<float> gradient = slot.Parameter.Gradient;
        for (int start = 0; start < gradient.Length; start += SliceLength)
        {
            int length = Math.Min(SliceLength, gradient.Length - start);
            Span<float> g = gradient.Slice(start, length);
            Span<float> m = slot.Mean.AsSpan(start, length);
            Span<float> v = slot.MeanSquare.AsSpan(start, length);
            Span<float> root = scratch[..length];

            TensorPrimitives.Divide(g, _clip, g);
            TensorPrimitives.Multiply(m, beta1, m);
            TensorPrimitives.MultiplyAdd(g, gain1, m, m);
            TensorPrimitives.Multiply(g, g, g);
            TensorPrimitives.Multiply(v, beta2, v);
            TensorPrimitives.MultiplyAdd(g, gain2, v, v);

            TensorPrimitives.Sqrt(v, root);
            TensorPrimitives.Divide(root, correction2, root);
            TensorPrimitives.Add(root, (float)_recipe.Epsilon, root);
            TensorPrimitives.Divide(m, correction1, g);
            TensorPrimitives.Divide(g, root, g);
        }
    }

    /// <summary>A parameter, its share of the learning rate, the steps before it moves, and its moments.</summary>
    private sealed class Slot(IParameter parameter, double rate, long delay)
    {
        public double Rate { get; } = rate;

        public long Delay { get; } = delay;

        public IParameter Parameter { get; } = parameter;

        public float[] Mean { get; } = new float[parameter.Spec.Length];

        public float[] MeanSquare { get; } = new float[parameter.Spec.Length];

        public string MeanName { get; } = EngineState.MeanName(parameter.Spec.Name);

        public string MeanSquareName { get; } = EngineState.MeanSquareName(parameter.Spec.Name);
    }
}
