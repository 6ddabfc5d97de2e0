using System.Numerics.Tensors;
using RePaViT.Threading;

namespace RePaViT.Training;

/// <summary>
/// Exponential moving average of parameters and running statistics: average = d average + (1 - d) value, where after
/// step s d = min(decay, (1 + s) / (10 + s)).
/// </summary>
internal sealed class WeightAverage
{
    private readonly IParameter[] _parameters;
    private readonly float[][] _averages;
    private readonly double _decay;
    private readonly ThreadTeam _team;
    private readonly Action<int, int> _update;
    private float _gain;

    /// <summary>Starts from the parameters' present values.</summary>
    /// <param name="parameters">What is averaged.</param>
    /// <param name="decay">The greatest d, in [0, 1).</param>
    /// <param name="threads">Threads that share the work, at least 1.</param>
    public WeightAverage(IEnumerable<IParameter> parameters, double decay, int threads)
    {
        _parameters = [.. parameters];
        _averages = [.. _parameters.Select(parameter => parameter.Value.ToArray())];
        _decay = decay;
        _team = ThreadTeam.Get(threads);
        _update = (i, _) => TensorPrimitives.Lerp(_averages[i], _parameters[i].Value, _gain, _averages[i]);
    }

    /// <summary>1 - d: how much of the values after a step goes into the average.</summary>
    /// <param name="decay">The greatest d, in [0, 1).</param>
    /// <param name="step">Steps taken, counted from 1.</param>
    public static float Gain(double decay, long step) => (float)(1 - Math.Min(decay, (1.0 + step) / (10.0 + step)));

    /// <summary>Takes in the values after a step.</summary>
    /// <param name="step">Steps taken, counted from 1.</param>
    public void Update(long step)
    {
        _gain = Gain(_decay, step);
        _team.Run(_parameters.Length, _update);
    }

    /// <summary>The averages under the parameters' names.</summary>
    public NamedTensors GetWeights()
    {
        var weights = new NamedTensors();
        for (int i = 0; i < _parameters.Length; i++)
        {
            weights.Add(_parameters[i].Spec.Name, new WeightTensor([.. _averages[i]], _parameters[i].Spec.Shape));
        }

        return weights;
    }

    /// <summary>Adds the averages to an engine's state.</summary>
    public void AddState(NamedTensors state)
    {
        foreach ((string name, WeightTensor tensor) in GetWeights())
        {
            state.Add(EngineState.AverageName(name), tensor);
        }
    }

    /// <summary>Takes back what <see cref="AddState"/> added.</summary>
    /// <exception cref="ArgumentException">A tensor is missing or has another shape.</exception>
    public void SetState(NamedTensors state)
    {
        for (int i = 0; i < _parameters.Length; i++)
        {
            state.CopyState(EngineState.AverageName(_parameters[i].Spec.Name), _parameters[i].Spec.Shape, _averages[i]);
        }
    }
}
