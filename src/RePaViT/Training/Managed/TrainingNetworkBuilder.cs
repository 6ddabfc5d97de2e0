using RePaViT.Kernels;
using RePaViT.Operators;
using RePaViT.Training.Managed.Fused;

namespace RePaViT.Training.Managed;

/// <summary>Makes the steps of a graph, and decides where values and gradients stand.</summary>
internal sealed class TrainingNetworkBuilder
{
    private readonly TrainingContext _context;
    private readonly Graph _graph;
    private readonly IReadOnlyList<Node> _nodes;
    private readonly Value _output;
    private readonly int[] _readers;
    private readonly bool[] _needsGradient;
    private readonly bool[] _isKept;
    private readonly TrainingValue[] _values;
    private readonly double _dropPathRate;

    // What each step reads and gives, for the way back.
    private readonly List<(TrainingStep Step, TrainingOperator? Operator, Node Node, Value Result)> _steps = [];
    private int _branches;

    public TrainingNetworkBuilder(Graph graph, TrainingContext context, double dropPathRate, bool fuse)
    {
        _context = context;
        _graph = graph;
        _nodes = graph.Nodes;
        _output = graph.Output;
        _dropPathRate = dropPathRate;
        _readers = new int[_nodes.Count + 1];
        _needsGradient = new bool[_nodes.Count + 1];
        _isKept = new bool[_nodes.Count + 1];
        _values = new TrainingValue[_nodes.Count + 1];
        foreach (Value input in _nodes.SelectMany(node => node.Inputs))
        {
            _readers[input.Index]++;
        }

        Value first = graph.Input;
        if (_nodes[0].Operator is Gather { Table.OfImage: PatchGrid grid } && _readers[0] == 1)
        {
            Patches = grid;
            first = _nodes[0].Result;
        }

        Input = _values[first.Index] = NewValue(first.Shape);
        _isKept[first.Index] = true;
        AddSteps(first.Index, fuse);
        PlanGradients();
    }

    /// <summary>How images are cut before the first step; null for not at all.</summary>
    public PatchGrid? Patches { get; }

    /// <summary>What the first step reads.</summary>
    public TrainingValue Input { get; }

    public TrainingStep[] Steps => [.. _steps.Select(step => step.Step)];

    /// <summary>Where the gradient of the result is to be put before the way back.</summary>
    public GradientSlot OutputGradient { get; } = new();

    private void AddSteps(int first, bool fuse)
    {
        for (int i = first; i < _nodes.Count; i++)
        {
            Node node = _nodes[i];
            if (fuse && ChannelIdleBranch.Find(_graph, i) is ChannelIdleBranch branch)
            {
                i += ChannelIdleBranch.Nodes - 1;
                AddOperator(Fuse(branch, node.Input.Shape.Rows), node, _nodes[i].Result);
            }
            else if (fuse && IdleProduct.Find(_graph, i) is IdleProduct product
                && product.IsMergingCheaper((double)_context.BatchSize * node.Input.Shape.Rows))
            {
                i += IdleProduct.Nodes - 1;
                AddOperator(new IdleProductTraining(product, node.Input.Shape.Rows, _context), node, _nodes[i].Result);
            }
            else if (fuse && Convolution.Find(_graph, i) is Convolution convolution && ConvolutionTraining.CanDo(convolution))
            {
                i += Convolution.Nodes - 1;
                AddOperator(new ConvolutionTraining(convolution, _context), node, _nodes[i].Result);
            }
            else if (node.Operator is Add addition)
            {
                AddSum(addition, node);
            }
            else if (node.Operator is StackRows)
            {
                AddStack(node);
            }
            else
            {
                AddOperator(Create(node), node, node.Result);
            }
        }
    }

    private TrainingOperator Fuse(ChannelIdleBranch branch, int rowsPerImage)
        => branch.IsMergingCheaper((double)_context.BatchSize * rowsPerImage)
            ? new MergedFeedForwardTraining(branch, rowsPerImage, _context)
            : new ChannelIdleFeedForwardTraining(branch, rowsPerImage, _context);

    private TrainingOperator Create(Node node) => node.Operator switch
    {
        Linear linear => new LinearTraining(linear),
        LayerNormalize norm => new LayerNormalizeTraining(norm),
        BatchNormalize norm => new BatchNormalizeTraining(norm),
        Activate activation => new ActivateTraining(activation),
        Attend attend => new AttendTraining(attend, node.Input.Shape, _context),
        Gather gather => new GatherTraining(gather),
        Transpose => new TransposeTraining(),
        PrependToken token => new PrependTokenTraining(token),
        AddTable table => new AddTableTraining(table),
        ShiftRows shift => new ShiftRowsTraining(shift),
        TakeRow row => new TakeRowTraining(row),
        ExchangeTokens exchange => new ExchangeTokensTraining(exchange),
        AveragePool pool => new AveragePoolTraining(pool),
        GroupNormalize norm => new GroupNormalizeTraining(norm),
        ScaleColumns scale => new ScaleColumnsTraining(scale),
        NormalizeRows => new NormalizeRowsTraining(),
        WeightNormalizedLinear linear => new WeightNormalizedLinearTraining(linear),
        AverageRows => new AverageRowsTraining(),
        MaximizeRows maximum => new MaximizeRowsTraining(maximum, node.Input.Shape.Columns, _context),
        _ => throw new NotSupportedException($"The training engine has no operator {node.Operator.GetType().Name}."),
    };

    private void AddOperator(TrainingOperator operation, Node node, Value result)
    {
        Value x = node.Input;
        bool isInPlace = operation.IsInPlace && IsFree(x);
        TrainingValue y = isInPlace ? new TrainingValue(result.Shape, _values[x.Index].Buffer) : NewValue(result.Shape);
        _values[result.Index] = y;
        _isKept[result.Index] = operation.KeepsResult;
        _needsGradient[result.Index] = _needsGradient[x.Index] || operation.Parameters.Any(parameter => parameter.Spec.IsTrained);
        _steps.Add((new OperatorStep(operation, _values[x.Index], y), operation, node, result));
    }

    private void AddSum(Add addition, Node node)
    {
        (Value a, Value b, Value y) = (node.Inputs[0], node.Inputs[1], node.Result);
        TrainingValue branch = _values[b.Index];
        _values[y.Index] = IsFree(b) ? branch : NewValue(y.Shape);
        _needsGradient[y.Index] = _needsGradient[a.Index] || _needsGradient[b.Index];
        DropPath? dropPath = null;
        if (addition.DropPath is DropPathPosition position)
        {
            double rate = position.RateOf(_dropPathRate);
            dropPath = rate > 0 ? new DropPath(rate, addition.Scale, _branches, y.Shape.Rows, _context.BatchSize) : null;
            _branches++;
        }

        _steps.Add((new AddStep(_values[a.Index], branch, _values[y.Index], addition.Scale, dropPath), null, node, y));
    }

    private void AddStack(Node node)
    {
        (Value a, Value b, Value y) = (node.Inputs[0], node.Inputs[1], node.Result);
        _values[y.Index] = NewValue(y.Shape);
        _needsGradient[y.Index] = _needsGradient[a.Index] || _needsGradient[b.Index];
        _steps.Add((new StackStep(_values[a.Index], _values[b.Index], _values[y.Index]), null, node, y));
    }

    /// <summary>Whether a value may be overwritten once its one reader has run.</summary>
    private bool IsFree(Value value) => _readers[value.Index] == 1 && !_isKept[value.Index];

    private TrainingValue NewValue(Shape shape) => new(shape, new PinnedBuffer(_context.BatchSize * shape.Length));

    /// <summary>Walks back as the backward pass will, and hands out memory for gradients.</summary>
    private void PlanGradients()
    {
        var slots = new GradientSlots();
        var gradients = new GradientSlot?[_nodes.Count + 1];
        gradients[_output.Index] = OutputGradient;
        slots.Take(OutputGradient);
        for (int i = _steps.Count - 1; i >= 0; i--)
        {
            (TrainingStep step, TrainingOperator? operation, Node node, Value result) = _steps[i];
            if (gradients[result.Index] is not GradientSlot dy)
            {
                continue;
            }

            step.Gradient = dy;
            switch (step)
            {
                case OperatorStep single:
                    PlanOperator(single, operation!, node.Input, result, dy, gradients, slots);
                    break;
                case StackStep stack:
                    PlanStack(stack, node, gradients, slots);
                    break;
                default:
                    PlanSum((AddStep)step, node, i, dy, gradients, slots);
                    break;
            }

            slots.Release(dy);
        }
    }

    private void PlanOperator(
        OperatorStep step, TrainingOperator operation, Value x, Value y, GradientSlot dy, GradientSlot?[] gradients, GradientSlots slots)
    {
        if (!_needsGradient[x.Index])
        {
            if (!operation.CanSkipInputGradient)
            {
                step.InputGradient = slots.Rent();
                slots.Release(step.InputGradient);
            }

            return;
        }

        step.Accumulate = gradients[x.Index] is not null;
        if (step.Accumulate && !operation.Accumulates)
        {
            throw new NotSupportedException($"{operation.GetType().Name} must be the last to read what it reads.");
        }

        if (gradients[x.Index] is null)
        {
            bool isInPlace = operation.IsInPlaceBackward && x.Shape == y.Shape && slots.IsUnshared(dy);
            gradients[x.Index] = isInPlace ? dy : slots.Rent();
            if (isInPlace)
            {
                slots.Take(dy);
            }
        }

        step.InputGradient = gradients[x.Index];
    }

    private void PlanStack(StackStep step, Node node, GradientSlot?[] gradients, GradientSlots slots)
    {
        (int a, int b) = (node.Inputs[0].Index, node.Inputs[1].Index);
        if (_needsGradient[a])
        {
            step.AccumulateFirst = gradients[a] is not null;
            step.FirstGradient = gradients[a] ??= slots.Rent();
        }

        if (_needsGradient[b])
        {
            step.AccumulateSecond = gradients[b] is not null;
            step.SecondGradient = gradients[b] ??= slots.Rent();
        }
    }

    private void PlanSum(AddStep step, Node node, int index, GradientSlot dy, GradientSlot?[] gradients, GradientSlots slots)
    {
        (Value a, Value b) = (node.Inputs[0], node.Inputs[1]);
        if (_needsGradient[b.Index])
        {
            // Later readers have put their gradient there, and earlier ones may still add theirs.
            step.AccumulateBranch = gradients[b.Index] is not null;
            bool mayShare = step.PassesGradientOn && _readers[b.Index] == 1 && index > 0 && _steps[index - 1].Result == b && _steps[index - 1].Operator is TrainingOperator last
                && (last.ReadsGradientFirst || _steps[index - 1].Node.Input != a);
            step.BranchGradient = gradients[b.Index] ??= mayShare ? dy : slots.Rent();
            if (mayShare)
            {
                slots.Take(dy);
            }
        }

        if (!_needsGradient[a.Index])
        {
            return;
        }

        if (gradients[a.Index] is null)
        {
            gradients[a.Index] = dy;
            slots.Take(dy);
        }
        else
        {
            step.ShortcutGradient = gradients[a.Index];
        }
    }

    /// <summary>Memory for gradients, each reused once it is no longer needed.</summary>
    private sealed class GradientSlots
    {
        private readonly Dictionary<GradientSlot, int> _holders = [];
        private readonly Stack<GradientSlot> _free = new();

        public GradientSlot Rent()
        {
            GradientSlot slot = _free.TryPop(out GradientSlot? free) ? free : new GradientSlot();
            _holders[slot] = 1;
            return slot;
        }

        public void Take(GradientSlot slot) => _holders[slot] = _holders.GetValueOrDefault(slot) + 1;

        public bool IsUnshared(GradientSlot slot) => _holders[slot] == 1;

        public void Release(GradientSlot slot)
        {
            if (--_holders[slot] == 0)
            {
                _free.Push(slot);
            }
        }
    }
}
