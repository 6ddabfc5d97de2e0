using System.Diagnostics;
using RePaViT.Kernels;
using RePaViT.Layers;
using RePaViT.Networks;
using RePaViT.Operators;
using RePaViT.Threading;

namespace RePaViT.Inference;

/// <summary>
/// A network compiled for this machine: weights packed once for the matrix kernels, a fixed list of steps over buffers
/// that are kept. Calls from several threads at once each take buffers of their own.
/// </summary>
internal sealed class InferencePlan : IInferenceEngine
{
    // Rows that go through the network together: enough to use each weight often, few enough to stay near the cores.
    private const int RowsPerPass = 1600;

    // What images pass before they come here together; null for nothing.
    private readonly InferencePlan? _before;
    private readonly InputStep _input;
    private readonly InferenceStep[] _steps;
    private readonly ValuePlace _output;
    private readonly Shape _inputShape;
    private readonly Shape _outputShape;
    private readonly InferenceContextPool _contexts;
    private readonly PlanBuilder _builder;

    private InferencePlan(PlanBuilder builder, ThreadTeam team, int rowsPerPass, InferencePlan? before)
    {
        Graph graph = builder.Graph;
        (_before, _input, _steps, _output) = (before, builder.Input, [.. builder.Steps], builder.Output);
        _builder = builder;
        (_inputShape, _outputShape) = (before?._inputShape ?? graph.Input.Shape, graph.Output.Shape);
        ImagesPerPass = GraphCut.ImagesPerPass(rowsPerPass, GraphCut.RowsOf(graph));
        _contexts = new InferenceContextPool(
            () => new InferenceContext(team, ImagesPerPass, builder.BufferLengths, builder.Kernels));
    }

    /// <summary>Images that go through the network together.</summary>
    public int ImagesPerPass { get; }

    /// <summary>Compiles a network of any form and stage.</summary>
    /// <param name="network">The network; weights that are packed already are shared, others are copied.</param>
    /// <param name="threads">Threads that share a call; null for one per processor.</param>
    /// <param name="precision">What products may be rounded to, where this machine is faster with that.</param>
    /// <param name="fuse">Whether runs of operators may be done as one: never needed, only faster.</param>
    public static InferencePlan Compile(
        Network network, int? threads = null, InferencePrecision precision = InferencePrecision.Full, bool fuse = true)
        => Compile(network.Layers, network.Weights, threads, precision, fuse);

    /// <summary>Compiles some of the layers of a network.</summary>
    /// <param name="layers">The layers.</param>
    /// <param name="weights">Their tensors.</param>
    /// <param name="threads">Threads that share a call; null for one per processor.</param>
    /// <param name="precision">What products may be rounded to, where this machine is faster with that.</param>
    /// <param name="fuse">Whether runs of operators may be done as one: never needed, only faster.</param>
    /// <param name="rowsPerPass">Rows that go through the layers together: any number gives the same.</param>
    public static InferencePlan Compile(
        IReadOnlyList<Layer> layers, NamedTensors weights, int? threads = null,
        InferencePrecision precision = InferencePrecision.Full, bool fuse = true, int rowsPerPass = RowsPerPass)
    {
        ThreadTeam team = ThreadTeam.Get(threads);
        bool quantized = precision == InferencePrecision.EightBit && QuantizedGemm.IsSupported;
        var source = new PlanSource(weights, team, quantized);
        Graph graph = new NetworkGraph(layers).Graph;
        int cut = fuse ? GraphCut.Find(graph, rowsPerPass) : 0;
        if (cut == 0)
        {
            return new InferencePlan(new PlanBuilder(graph, source, fuse), team, rowsPerPass, before: null);
        }

        var first = new PlanBuilder(GraphCut.Take(graph, 0, cut), source, fuse, isLast: false);
        var second = new PlanBuilder(GraphCut.Take(graph, cut, graph.Nodes.Count), source, fuse);
        return new InferencePlan(second, team, rowsPerPass, new InferencePlan(first, team, rowsPerPass, before: null));
    }

    /// <summary>What each step does.</summary>
    public IReadOnlyList<PlanPart> Parts => field ??= _before is null ? _builder.Parts : [.. _before.Parts, .. _builder.Parts];

    /// <inheritdoc/>
    public void Run(ReadOnlySpan<float> images, int count, Span<float> logits) => Run(images, count, logits, default);

    /// <summary>The same, with a clock.</summary>
    /// <param name="images">[count, channels, size, size].</param>
    /// <param name="count">Number of images, any from 0.</param>
    /// <param name="logits">[count, classes].</param>
    /// <param name="ticks">Gets what each of <see cref="Parts"/> took added, in ticks of <see cref="Stopwatch"/>; empty for nothing.</param>
    public void Run(ReadOnlySpan<float> images, int count, Span<float> logits, Span<long> ticks)
    {
        int imageLength = (int)_inputShape.Length;
        int outputLength = (int)_outputShape.Length;
        ArgumentOutOfRangeException.ThrowIfNotEqual(images.Length, (long)count * imageLength, nameof(images));
        ArgumentOutOfRangeException.ThrowIfNotEqual(logits.Length, (long)count * outputLength, nameof(logits));
        InferenceContext context = _contexts.Rent();
        try
        {
            for (int start = 0; start < count; start += ImagesPerPass)
            {
                context.Images = Math.Min(ImagesPerPass, count - start);
                RunInput(context, images.Slice(start * imageLength, context.Images * imageLength), ticks);
                RunSteps(context, ticks.IsEmpty ? ticks : ticks[^_steps.Length..]);
                CopyOutput(context, logits[(start * outputLength)..]);
            }
        }
        finally
        {
            _contexts.Return(context);
        }

        GC.KeepAlive(this);
    }

    private void RunInput(InferenceContext context, ReadOnlySpan<float> images, Span<long> ticks)
    {
        if (_before is null)
        {
            _input.Run(context, images);
        }
        else
        {
            _before.Run(images, context.Images, _input.Place.In(context).AsSpan(), ticks.IsEmpty ? ticks : ticks[..^_steps.Length]);
        }
    }

    private void RunSteps(InferenceContext context, Span<long> ticks)
    {
        if (ticks.IsEmpty)
        {
            foreach (InferenceStep step in _steps)
            {
                step.Run(context);
            }

            return;
        }

        long before = Stopwatch.GetTimestamp();
        for (int i = 0; i < _steps.Length; i++)
        {
            _steps[i].Run(context);
            long after = Stopwatch.GetTimestamp();
            ticks[i] += after - before;
            before = after;
        }
    }

    private void CopyOutput(InferenceContext context, Span<float> logits)
    {
        Matrix output = _output.In(context);
        for (int row = 0; row < output.Rows; row++)
        {
            output.Row(row).CopyTo(logits[(row * output.Columns)..]);
        }
    }
}
