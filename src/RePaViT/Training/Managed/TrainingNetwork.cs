using RePaViT.Kernels;
using RePaViT.Operators;

namespace RePaViT.Training.Managed;

/// <summary>
/// A graph that runs forward and backward over a batch. A value stays in its buffer until the backward pass has read it;
/// gradients live from where they are made to where they are used, in memory that they share.
/// </summary>
internal sealed class TrainingNetwork
{
    private readonly TrainingContext _context;
    private readonly TrainingStep[] _steps;
    private readonly Patches? _patches;
    private readonly TrainingValue _input;
    private readonly GradientSlot _outputGradient;

    /// <param name="graph">The network in training form, not folded.</param>
    /// <param name="context">What operators share.</param>
    /// <param name="dropPathRate">Drop path rate of the last block; it rises linearly from 0 at the first.</param>
    /// <param name="fuse">Whether runs of operators may be done as one: never needed, only faster.</param>
    public TrainingNetwork(Graph graph, TrainingContext context, double dropPathRate, bool fuse = true)
    {
        _context = context;
        Output = graph.Output.Shape;
        var builder = new TrainingNetworkBuilder(graph, context, dropPathRate, fuse);
        (_steps, _input, _outputGradient) = (builder.Steps, builder.Input, builder.OutputGradient);
        _patches = builder.Patches is PatchGrid grid
            ? new Patches(context.Team, grid.ImageSize, grid.PatchSize, grid.Stride, grid.Padding, shift: [])
            : null;
    }

    /// <summary>The shape of the result, for one image.</summary>
    public Shape Output { get; }

    /// <summary>All tensors, in the order of the operators.</summary>
    public IEnumerable<TrainingParameter> Parameters => _steps.SelectMany(step => step.Parameters);

    /// <summary>The result for images [count, channels, size, size], valid until the next call.</summary>
    public Matrix Forward(ReadOnlySpan<float> images, int count)
    {
        _context.Images = count;
        Matrix x = _input.In(_context);
        if (_patches is not null)
        {
            _patches.Gather(images, x);
        }
        else
        {
            images.CopyTo(x.AsSpan());
        }

        foreach (TrainingStep step in _steps)
        {
            x = step.Forward(_context);
        }

        return x;
    }

    /// <summary>Where the gradient of the result is to be put before <see cref="Backward"/>.</summary>
    public Matrix OutputGradient => _outputGradient.AsMatrix(_context.Images * Output.Rows, Output.Columns);

    /// <summary>Adds the gradients of all parameters to theirs.</summary>
    public void Backward()
    {
        for (int i = _steps.Length - 1; i >= 0; i--)
        {
            if (_steps[i].Gradient is not null)
            {
                _steps[i].Backward(_context);
            }
        }
    }
}
