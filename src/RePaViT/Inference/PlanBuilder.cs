using RePaViT.Inference.Fused;
using RePaViT.Kernels;
using RePaViT.Operators;
using RePaViT.Threading;

namespace RePaViT.Inference;

/// <summary>
/// Turns a graph into steps over buffers: a step for each operator, or one for a run of operators where one that does the
/// same faster claims them (<c>Fused</c>). A value stands in its buffer until its last reader has run.
/// </summary>
internal sealed class PlanBuilder
{
    private readonly PlanSource _source;
    private readonly bool _isLast;
    private readonly IReadOnlyList<Node> _nodes;
    private readonly int[] _lastReader;
    private readonly int[] _readers;
    private readonly ValuePlace?[] _places;
    private readonly BufferPlan _buffers = new();
    private readonly List<InferenceStep> _steps = [];

    // For each run of nodes that was placed: the first, and the number of steps after it.
    private readonly List<int> _firstNodes = [];
    private readonly List<int> _stepsBehind = [];
    private readonly List<Func<ThreadTeam, object>> _kernels = [];

    // Nodes with attention of different kinds, and the kernel of each.
    private readonly List<Node> _attentionNodes = [];
    private readonly List<int> _attentionKernels = [];

    /// <param name="graph">The graph.</param>
    /// <param name="source">The weights of its operators, and how to pack them.</param>
    /// <param name="fuse">Whether runs of operators may be done as one: never needed, only faster.</param>
    /// <param name="isLast">Whether what it gives is the network's own.</param>
    public PlanBuilder(Graph graph, PlanSource source, bool fuse, bool isLast = true)
    {
        _isLast = isLast;
        Graph = fuse ? EarlyRows.Apply(graph) : graph;
        _source = source;
        _nodes = Graph.Nodes;
        _places = new ValuePlace?[_nodes.Count + 1];
        _lastReader = new int[_nodes.Count + 1];
        _readers = new int[_nodes.Count + 1];
        for (int i = 0; i < _nodes.Count; i++)
        {
            foreach (Value input in _nodes[i].Inputs)
            {
                _lastReader[input.Index] = i;
                _readers[input.Index]++;
            }
        }

        _lastReader[Graph.Output.Index] = int.MaxValue;
        Input = AddInput(fuse, out int next);
        while (next < _nodes.Count)
        {
            int taken = fuse ? Claim(next) : 0;
            if (taken == 0)
            {
                AddOperator(next);
                taken = 1;
            }

            _firstNodes.Add(next);
            _stepsBehind.Add(_steps.Count);
            next += taken;
            ReleaseBefore(next);
        }

        Output = _places[Graph.Output.Index]!;
    }

    /// <summary>The graph as it is run.</summary>
    public Graph Graph { get; }

    public InputStep Input { get; }

    public IReadOnlyList<InferenceStep> Steps => _steps;

    /// <summary>What each step does; written out when it is requested.</summary>
    public IReadOnlyList<PlanPart> Parts => field ??= DescribeSteps();

    /// <summary>Where the last value stands.</summary>
    public ValuePlace Output { get; }

    /// <summary>Floats of each buffer, for one image.</summary>
    public IReadOnlyList<long> BufferLengths => _buffers.Lengths;

    /// <summary>Make the kernels that steps keep from one call to the next.</summary>
    public IReadOnlyList<Func<ThreadTeam, object>> Kernels => _kernels;

    /// <summary>Values that are views take no step; some runs take several, of which all but the last only make room.</summary>
    private List<PlanPart> DescribeSteps()
    {
        var parts = new List<PlanPart>();
        for (int run = 0; run < _firstNodes.Count; run++)
        {
            int end = run + 1 < _firstNodes.Count ? _firstNodes[run + 1] : _nodes.Count;
            Node[] nodes = [.. _nodes.Take(_firstNodes[run]..end)];
            string name = string.Join(", ", nodes.Select(node => node.Operator.GetType().Name));
            for (int step = parts.Count; step < _stepsBehind[run]; step++)
            {
                parts.Add(step < _stepsBehind[run] - 1
                    ? new PlanPart("Copy", 0)
                    : new PlanPart($"{name}: {nodes[0].Input.Shape} to {nodes[^1].Result.Shape}", _steps[step].MultiplyAdds ?? MultiplyAdds(nodes)));
            }
        }

        return parts;
    }

    private static long MultiplyAdds(IEnumerable<Node> nodes) => nodes.Sum(node
        => node.Operator.WeightMultiplyAdds(node.Input.Shape) + node.Operator.AttentionMultiplyAdds(node.Input.Shape));

    private InputStep AddInput(bool fuse, out int next)
    {
        // Color planes may be shifted first.
        var shift = fuse && _nodes.Count > 1 && Graph.AreReadWithin(0, 2) ? _nodes[0].Operator as ShiftRows : null;
        next = shift is null ? 0 : 1;
        if (_nodes.Count > next && _readers[0] == 1 && _nodes[next].Operator is Gather { Table.OfImage: PatchGrid grid } gather
            && (fuse || gather.Table is PatchTable))
        {
            float[] shifts = shift is null ? [] : _source.Weights[shift.Shift.Name].ToArray();
            int kernel = AddKernel(team => new Patches(team, grid.ImageSize, grid.PatchSize, grid.Stride, grid.Padding, shifts));
            return new PatchInputStep(kernel, PlaceResult(next++));
        }

        next = 0;
        return new CopyInputStep(_places[0] = _buffers.Rent(Graph.Input.Shape));
    }

    /// <summary>Lets a step do a run of operators.</summary>
    /// <returns>How many; 0 if none does.</returns>
    private int Claim(int first)
    {
        Node node = _nodes[first];
        if (MergedFeedForward.Find(Graph, first) is MergedFeedForward layer)
        {
            ClaimMerged(layer, first);
            return MergedFeedForward.Nodes;
        }

        if (SingleRowAttentionStep.BeginsAt(_nodes, first, IsReadOnce))
        {
            var row = (TakeRow)_nodes[first + 2].Operator;
            ValuePlace qkv = _buffers.Rent(node.Result.Shape);
            _steps.Add(new SingleRowAttentionStep(
                (Linear)node.Operator, row.Row, _source, AddAttention(first + 1), Place(node.Input), qkv, PlaceResult(first + 2)));
            _buffers.Release(qkv.Buffer);
            return SingleRowAttentionStep.Nodes;
        }

        if (Convolution.Find(Graph, first) is Convolution convolution && ConvolutionStep.CanDo(convolution))
        {
            return Claim(convolution, first);
        }

        if (PoolingMixerStep.BeginsAt(Graph, first) && _lastReader[_nodes[first + 2].Inputs[0].Index] == first + 2)
        {
            ValuePlace sum = _places[_nodes[first + 2].Result.Index] = Place(_nodes[first + 2].Inputs[0]);
            _steps.Add(new PoolingMixerStep((AveragePool)node.Operator, Place(node.Input), sum));
            return PoolingMixerStep.Nodes;
        }

        if (node.Operator is not Linear linear || first + 1 == _nodes.Count || !IsReadOnce(node.Result))
        {
            return 0;
        }

        Node next = _nodes[first + 1];
        switch (next.Operator)
        {
            case Activate activation when next.Input == node.Result && linear.Bias is not null:
                ValuePlace x = Place(node.Input);
                _steps.Add(new LinearStep(Product(first), x, PlaceResult(first + 1), activation));
                return 2;
            case Add { Scale: 1 } when next.Inputs[1] == node.Result && next.Inputs[0] != node.Input && _lastReader[next.Inputs[0].Index] == first + 1:
                ValuePlace total = _places[next.Result.Index] = Place(next.Inputs[0]);
                _steps.Add(new LinearStep(Product(first), Place(node.Input), total, accumulate: true));
                return 2;
            default:
                return 0;
        }
    }

    /// <returns>How many operators; what the result passes through is one of them.</returns>
    private int Claim(Convolution convolution, int first)
    {
        int last = first + Convolution.Nodes - 1;
        Activate? activation = null;
        if (convolution.Filters.Bias is not null && last + 1 < _nodes.Count && _nodes[last + 1].Operator is Activate next
            && _nodes[last + 1].Input == _nodes[last].Result && IsReadOnce(_nodes[last].Result))
        {
            activation = next;
            last++;
        }

        ValuePlace x = Place(_nodes[first].Input);
        if (OverlappingConvolutionStep.CanDo(convolution))
        {
            ConvolutionTable table = convolution.Table;
            int[] places = table.Places();
            int kernel = AddKernel(team => new MapConvolution(team, places, table.Kernel * table.Kernel, table.Channels));
            _steps.Add(new OverlappingConvolutionStep(convolution, activation, _source, kernel, x, PlaceResult(last)));
        }
        else
        {
            ValuePlace seen = _buffers.Rent(_nodes[first].Result.Shape);
            _steps.Add(new ConvolutionStep(convolution, activation, _source, x, seen, PlaceResult(last)));
            _buffers.Release(seen.Buffer);
        }

        return last + 1 - first;
    }

    private void ClaimMerged(MergedFeedForward layer, int first)
    {
        const int Last = MergedFeedForward.Nodes - 1;
        Value x = _nodes[first].Input;
        Value y = _nodes[first + Last].Result;
        ValuePlace from = Place(x);
        if (_source.Rounds(Math.Max(layer.Inner.Inputs, layer.Inner.Outputs)) && _lastReader[x.Index] <= first + Last)
        {
            ValuePlace hidden = _buffers.Rent(_nodes[first + 1].Result.Shape);
            _steps.Add(new QuantizedFeedForwardStep(layer, _source, from, hidden));
            _buffers.Release(hidden.Buffer);
            _places[y.Index] = from;
            return;
        }

        ValuePlace both = _buffers.Rent(new Shape(y.Shape.Rows, layer.Inner.Outputs + y.Shape.Columns));
        var step = new MergedFeedForwardStep(layer, _source, from, both);
        _steps.Add(step);
        _places[y.Index] = step.Result;
    }

    private void AddOperator(int index)
    {
        Node node = _nodes[index];
        switch (node.Operator)
        {
            case Linear:
                _steps.Add(new LinearStep(Product(index), Place(node.Input), PlaceResult(index)));
                break;
            case WeightNormalizedLinear linear:
                _steps.Add(new LinearStep(PackedLinear.Of(linear, _source.Weights, _source.Team), Place(node.Input), PlaceResult(index)));
                break;
            case LayerNormalize norm:
                _steps.Add(new LayerNormalizeStep(norm, _source, Place(node.Input), PlaceElementWise(index)));
                break;
            case BatchNormalize norm:
                _steps.Add(new BatchNormalizeStep(norm, _source, Place(node.Input), PlaceElementWise(index)));
                break;
            case Activate activation:
                _steps.Add(new ActivateStep(activation, PlaceInPlace(index)));
                break;
            case Attend:
                _steps.Add(new AttendStep(AddAttention(index), Place(node.Input), PlaceResult(index)));
                break;
            case Gather gather:
                _steps.Add(new GatherStep(gather.Table, Place(node.Input), PlaceResult(index)));
                break;
            case Transpose:
                _steps.Add(new TransposeStep(Place(node.Input), PlaceResult(index)));
                break;
            case PrependToken token:
                _steps.Add(new PrependTokenStep(token, _source, Place(node.Input), PlaceResult(index)));
                break;
            case AddTable table:
                _steps.Add(new AddTableStep(table, _source, PlaceInPlace(index)));
                break;
            case ShiftRows shift:
                _steps.Add(new ShiftRowsStep(shift, _source, PlaceInPlace(index)));
                break;
            case TakeRow row when Place(node.Input).Row is null && _lastReader[node.Input.Index] <= index:
                _places[node.Result.Index] = Place(node.Input) with { Row = row.Row };
                break;
            case TakeRow row:
                _steps.Add(new CopyStep(Place(node.Input) with { Row = row.Row }, PlaceResult(index)));
                break;
            case ExchangeTokens:
                PlaceInPlace(index);
                break;
            case AveragePool pool:
                _steps.Add(new AveragePoolStep(pool, Place(node.Input), PlaceResult(index)));
                break;
            case GroupNormalize norm:
                _steps.Add(new GroupNormalizeStep(norm, _source, Place(node.Input), PlaceElementWise(index)));
                break;
            case ScaleColumns scale:
                _steps.Add(new ScaleColumnsStep(scale, _source, Place(node.Input), PlaceElementWise(index)));
                break;
            case NormalizeRows:
                _steps.Add(new NormalizeRowsStep(Place(node.Input), PlaceElementWise(index)));
                break;
            case MaximizeRows maximum:
                _steps.Add(new MaximizeRowsStep(maximum, Place(node.Input), PlaceResult(index)));
                break;
            case StackRows:
                _steps.Add(new StackRowsStep(Place(node.Inputs[0]), Place(node.Inputs[1]), PlaceResult(index)));
                break;
            case AverageRows:
                _steps.Add(new AverageRowsStep(Place(node.Input), PlaceResult(index)));
                break;
            case Add addition:
                ValuePlace addend = Place(node.Inputs[1]);
                _steps.Add(new AddStep(PlaceInPlace(index), addend, addition.Scale));
                break;
            default:
                throw new NotSupportedException($"The inference engine has no operator {node.Operator.GetType().Name}.");
        }
    }

    private ValuePlace Place(Value value) => _places[value.Index]!;

    /// <summary>A place of its own for what a node computes.</summary>
    private ValuePlace PlaceResult(int node) => _places[node + 1] = _buffers.Rent(_nodes[node].Result.Shape);

    /// <summary>
    /// A place for a result that can be computed element by element or row by row: that of the input, if nothing reads it later.
    /// </summary>
    private ValuePlace PlaceElementWise(int node)
        => _lastReader[_nodes[node].Input.Index] == node ? _places[node + 1] = Place(_nodes[node].Input) : PlaceResult(node);

    /// <summary>A place that holds the input already.</summary>
    private ValuePlace PlaceInPlace(int node)
    {
        ValuePlace input = Place(_nodes[node].Input);
        ValuePlace result = PlaceElementWise(node);
        if (result != input)
        {
            _steps.Add(new CopyStep(input, result));
        }

        return result;
    }

    /// <summary>The first and the last product of a network are not rounded: they see pixels, and what a decision is made from.</summary>
    private LinearProduct Product(int index)
    {
        Node node = _nodes[index];
        PackedLinear packed = _source.Packed((Linear)node.Operator);
        bool isFirst = node.Input.Index > 0 && _nodes[node.Input.Index - 1].Operator is Gather;
        return isFirst || (_isLast && Graph.ComesOut(node.Result)) ? packed : _source.Rounded(packed);
    }

    private int AddAttention(int index)
    {
        var attend = (Attend)_nodes[index].Operator;
        Shape shape = _nodes[index].Input.Shape;
        for (int i = 0; i < _attentionNodes.Count; i++)
        {
            if (_attentionNodes[i].Input.Shape == shape && attend.Equals(_attentionNodes[i].Operator))
            {
                return _attentionKernels[i];
            }
        }

        ScoreBias? bias = null;
        if (attend.Positions is RelativePositions positions)
        {
            bias = new ScoreBias(attend.Heads, positions.TableRows(), positions.Masks(), positions.Kinds());
            bias.Set(_source.Weights[positions.Table.Name].Data);
        }

        int kernel = AddKernel(team => new Attention(
            team, attend.RowsPerWindow(shape), attend.Heads, shape.Columns / 3 / attend.Heads, attend.Scale, training: false, bias));
        _attentionNodes.Add(_nodes[index]);
        _attentionKernels.Add(kernel);
        return kernel;
    }

    private int AddKernel(Func<ThreadTeam, object> create)
    {
        _kernels.Add(create);
        return _kernels.Count - 1;
    }

    private bool IsReadOnce(Value value) => _readers[value.Index] == 1 && value != Graph.Output;

    /// <summary>Frees the buffers of values that no node from a certain one on reads.</summary>
    private void ReleaseBefore(int next)
    {
        for (int value = 0; value <= next; value++)
        {
            if (_places[value] is not ValuePlace place || _lastReader[value] >= next)
            {
                continue;
            }

            _places[value] = null;
            if (!_places.Any(other => other?.Buffer == place.Buffer))
            {
                _buffers.Release(place.Buffer);
            }
        }
    }
}
