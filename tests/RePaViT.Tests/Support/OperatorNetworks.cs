using RePaViT.Layers;
using RePaViT.Networks;
using RePaViT.Operators;
using RePaViT.Training;

namespace RePaViT.Tests.Support;

/// <summary>
/// Every operator by itself at odd sizes, and runs of operators that an engine would do as one if nothing else read what is
/// between them. Each is a whole network, in which all rows are mixed into logits, so that each has a gradient of its own.
/// </summary>
internal static class OperatorNetworks
{
    private const int Rows = 5;
    private const int Columns = 6;

    /// <summary>Tokens that images exchange, in the networks here that do so.</summary>
    public static CutBox Exchanged { get; } = new(1, 0, 3, 2);

    // Behind what is learned, where the gradient of the input is needed.
    private const string Behind = "behind a table: ";

    private const string Untrainable = "untrainable: ";

    /// <summary>What to create: each by itself, where nothing learned stands before it, and behind a table that is learned.</summary>
    public static IEnumerable<object[]> Names()
        => Definitions.Keys.SelectMany(name => new[] { name, Behind + name }).Select(name => new object[] { name });

    public static IEnumerable<object[]> TrainableNames() => Names().Where(name => !IsUntrainable(name));

    /// <summary>What training refuses: activations and attention can only be the last to read what they read.</summary>
    public static IEnumerable<object[]> UntrainableNames() => Names().Where(IsUntrainable);

    public static Network Create(string name)
    {
        bool isBehind = name.StartsWith(Behind, StringComparison.Ordinal);
        (Shape input, Func<Graph, Value, Value> define) = Definitions[isBehind ? name[Behind.Length..] : name];
        var table = new TensorSpec("before", TensorRole.Embedding, 1, input.Rows, input.Columns);
        var layer = new DefinedLayer(
            input, (graph, x) => Mix(graph, define(graph, isBehind ? graph.Add(new AddTable(table), x) : x)));
        return new Network(
            new NetworkLayout([layer], [new NetworkOutput(NetworkLayout.Logits, 1)]),
            RandomWeights.Create([layer], name.Length),
            NetworkStage.Trained);
    }

    private static bool IsUntrainable(object[] name) => ((string)name[0]).Contains(Untrainable, StringComparison.Ordinal);

    private static readonly Dictionary<string, (Shape Input, Func<Graph, Value, Value> Define)> Definitions = new(StringComparer.Ordinal)
    {
        ["linear"] = Of((graph, x) => graph.Add(Linear.Named("op", Columns, 7), x)),
        ["linear without bias"] = Of((graph, x) => graph.Add(Linear.Named("op", Columns, 3, bias: false), x)),
        ["linear of filters"] = Of((graph, x) => graph.Add(
            new Linear(new TensorSpec("op.weight", TensorRole.Weight, 7, 3, 2, 1), new TensorSpec("op.bias", TensorRole.Bias, 7)), x)),
        ["linear with shortcut"] = Of((graph, x) => Shortcut(graph, x, graph.Add(Linear.Named("op", Columns, Columns), x))),
        ["layer normalization"] = Of((graph, x) => graph.Add(LayerNormalize.Named("op", Columns, 0.1f), x)),
        ["layer normalization with shortcut"] = Of((graph, x) => Shortcut(graph, x, graph.Add(LayerNormalize.Named("op", Columns, 1e-5f), x))),
        ["batch normalization"] = Of((graph, x) => graph.Add(BatchNormalize.Named("op", Columns, 0.1f), x)),
        ["batch normalization with shortcut"] = Of((graph, x) => Shortcut(graph, x, graph.Add(BatchNormalize.Named("op", Columns, 1e-5f), x))),
        ["group normalization"] = Of((graph, x) => graph.Add(GroupNormalize.Named("op", Columns, 0.1f), x)),
        ["group normalization with shortcut"] = Of((graph, x) => Shortcut(graph, x, graph.Add(GroupNormalize.Named("op", Columns, 1e-5f), x))),
        ["group normalization of many rows"] = (new Shape(131, 3), (graph, x) => graph.Add(GroupNormalize.Named("op", 3, 1e-5f), x)),
        ["scaled columns"] = Of((graph, x) => graph.Add(new ScaleColumns(new TensorSpec("op", TensorRole.Scale, Columns)), x)),
        ["scaled columns with shortcut"] = Of((graph, x) => Shortcut(
            graph, x, graph.Add(new ScaleColumns(new TensorSpec("op", TensorRole.Scale, Columns)), x))),
        ["scaled columns of a row"] = Of((graph, x) => graph.Add(
            new ScaleColumns(new TensorSpec("op", TensorRole.Scale, Columns)), graph.Add(new TakeRow(2), x))),
        ["rows of length 1"] = Of((graph, x) => graph.Add(new NormalizeRows(), x)),
        ["rows of length 1 with shortcut"] = Of((graph, x) => Shortcut(graph, x, graph.Add(new NormalizeRows(), x))),
        ["row of length 1"] = Of((graph, x) => graph.Add(new NormalizeRows(), graph.Add(new TakeRow(3), x))),
        ["row of length 1 of a projection"] = Of((graph, x) => graph.Add(
            new NormalizeRows(), graph.Add(Linear.Named("op", Columns, 9, bias: false), graph.Add(new TakeRow(2), x)))),
        ["linear with normalized weights"] = Of((graph, x) => graph.Add(Cosines(Columns, 7), x)),
        ["linear with normalized weights and shortcut"] = Of((graph, x) => Shortcut(graph, x, graph.Add(Cosines(Columns, Columns), x))),
        ["cosines with prototypes"] = Of((graph, x) => graph.Add(Cosines(Columns, 9), graph.Add(new NormalizeRows(), graph.Add(new TakeRow(2), x)))),
        ["average pooling"] = (new Shape(25, 3), (graph, x) => graph.Add(new AveragePool(5, 3), x)),
        ["average pooling over more than a map"] = (new Shape(9, 3), (graph, x) => graph.Add(new AveragePool(3, 7), x)),
        ["average pooling of single places"] = (new Shape(9, 3), (graph, x) => graph.Add(new AveragePool(3, 1), x)),
        ["average pooling with shortcut"] = (new Shape(16, 3), (graph, x) => Shortcut(graph, x, graph.Add(new AveragePool(4, 3), x))),
        ["pooling mixer"] = (new Shape(25, 3), (graph, x) => Mixer(graph, x, out _, out _)),
        ["pooling mixer that is scaled"] = (new Shape(25, 3), (graph, x) =>
        {
            Value normalized = graph.Add(GroupNormalize.Named("norm", 3, 1e-5f), x);
            Value mixed = graph.Add(new Add(null, -1), graph.Add(new AveragePool(5, 5), normalized), normalized);
            Value scaled = graph.Add(new ScaleColumns(new TensorSpec("op", TensorRole.Scale, 3)), mixed);
            return graph.Add(new Add(DropPathPosition.Deepest), x, scaled);
        }),
        ["pooling mixer whose input norm is read elsewhere"] = (new Shape(16, 3), (graph, x) =>
        {
            Value y = Mixer(graph, x, out Value normalized, out _);
            return Shortcut(graph, graph.Add(Linear.Named("other", 3, 3), normalized), y);
        }),
        ["pooling mixer whose means are read elsewhere"] = (new Shape(16, 3), (graph, x) =>
        {
            Value y = Mixer(graph, x, out _, out Value pooled);
            return Shortcut(graph, graph.Add(Linear.Named("other", 3, 3), pooled), y);
        }),
        ["pooling mixer whose shortcut is read elsewhere"] = (new Shape(16, 3), (graph, x) =>
        {
            Value t = graph.Add(Linear.Named("first", 3, 3), x);
            return Shortcut(graph, t, Mixer(graph, t, out _, out _));
        }),
        ["branch that is read twice"] = Of((graph, x) =>
        {
            Value branch = graph.Add(Linear.Named("a", Columns, Columns), x);
            Value sum = graph.Add(new Add(DropPathPosition.Deepest, 0.7f), x, branch);
            return graph.Add(new Add(null, 0.3f), sum, branch);
        }),
        ["branch that is the shortcut"] = Of((graph, x) =>
        {
            Value branch = graph.Add(Linear.Named("a", Columns, Columns), x);
            return graph.Add(new Add(null, -0.4f), branch, branch);
        }),
        ["branch that is read before and after its sum"] = Of((graph, x) =>
        {
            Value branch = graph.Add(Linear.Named("a", Columns, Columns), x);
            Value before = graph.Add(LayerNormalize.Named("norm", Columns, 1e-5f), branch);
            Value sum = graph.Add(new Add(null), before, branch);
            return graph.Add(new Add(DropPathPosition.Deepest), sum, branch);
        }),
        ["activation of all"] = Of((graph, x) => graph.Add(new Activate(ActivationKind.Gelu, Columns), x)),
        ["activation of some"] = Of((graph, x) => graph.Add(new Activate(ActivationKind.Gelu, 4), x)),
        ["activation of none"] = Of((graph, x) => graph.Add(new Activate(ActivationKind.Gelu, 0), x)),
        ["quick activation of all"] = Of((graph, x) => graph.Add(new Activate(ActivationKind.QuickGelu, Columns), x)),
        ["quick activation of some"] = Of((graph, x) => graph.Add(new Activate(ActivationKind.QuickGelu, 4), x)),
        ["rectification of all"] = Of((graph, x) => graph.Add(new Activate(ActivationKind.Relu, Columns), x)),
        ["rectification of some"] = Of((graph, x) => graph.Add(new Activate(ActivationKind.Relu, 4), x)),
        ["rectification of none"] = Of((graph, x) => graph.Add(new Activate(ActivationKind.Relu, 0), x)),
        ["linear that is rectified"] = Of((graph, x) => graph.Add(
            new Activate(ActivationKind.Relu, 5), graph.Add(Linear.Named("op", Columns, 7), x))),
        ["linear without bias that is rectified"] = Of((graph, x) => graph.Add(
            new Activate(ActivationKind.Relu, 7), graph.Add(Linear.Named("op", Columns, 7, bias: false), x))),
        ["convolution that is normalized and rectified"] = (new Shape(16, 3), (graph, x) => Rectified(
            graph, graph.Add(BatchNormalize.Named("norm", 7, 1e-5f), Map3x3(graph, x, bias: false)))),
        ["convolution that is rectified"] = (new Shape(16, 3), (graph, x) => Rectified(graph, Map3x3(graph, x, bias: true))),
        ["convolution that is rectified and read elsewhere"] = (new Shape(16, 3), (graph, x) =>
        {
            Value y = Map3x3(graph, x, bias: true);
            Value other = graph.Add(LayerNormalize.Named("norm", 7, 1e-5f), y);
            return Shortcut(graph, other, Rectified(graph, y));
        }),
        ["attention"] = Of((graph, x) => graph.Add(new Attend(2, 0.5f), graph.Add(Linear.Named("qkv", Columns, 12), x))),
        ["attention with a scale of its own"] = Of((graph, x) => graph.Add(new Attend(3, 0.3f), graph.Add(Linear.Named("qkv", Columns, 45), x))),
        ["attention without a scale"] = Of((graph, x) => graph.Add(new Attend(1, 1), graph.Add(Linear.Named("qkv", Columns, 9), x))),
        ["attention within windows"] = Windows(new WindowGrid(Size: 4, Window: 2, Shift: 0)),
        ["attention within shifted windows"] = Windows(new WindowGrid(Size: 6, Window: 3, Shift: 1)),
        ["attention within windows over the edges"] = Windows(new WindowGrid(Size: 5, Window: 3, Shift: 1)),
        ["merging neighbors"] = (new Shape(16, 3), (graph, x) => graph.Add(new Gather(new MergingTable(4, 3)), x)),
        ["merging neighbors of an odd map"] = (new Shape(9, 2), (graph, x) => graph.Add(new Gather(new MergingTable(3, 2)), x)),
        ["patches"] = (new Shape(3, 81), (graph, x) => graph.Add(new Gather(new PatchTable(3, 9, 3)), x)),
        ["patches of pixels"] = (new Shape(3, 36), (graph, x) => graph.Add(Filters("op", 2), graph.Add(new Gather(new PatchTable(3, 6, 2)), x))),
        ["gathering some elements more than once"] = Of((graph, x) => graph.Add(new Gather(new EveryThird()), x)),
        ["gathering with shortcut"] = Of((graph, x) => graph.Add(new Add(null), x, graph.Add(new Gather(new Reversed()), x))),
        ["gathering rows, some of them zero"] = Of((graph, x) => graph.Add(new Gather(new EveryOtherRow()), x)),
        ["convolution of an image"] = (new Shape(3, 49), (graph, x) => graph.Add(
            Filters("op", 3), graph.Add(new Gather(new ConvolutionTable(3, 7, 3, Stride: 2, Padding: 1, IsImage: true)), x))),
        ["convolution of a map"] = (new Shape(25, 3), (graph, x) => graph.Add(
            Filters("op", 4), graph.Add(new Gather(new ConvolutionTable(3, 5, 4, Stride: 3, Padding: 2, IsImage: false)), x))),
        ["convolution of a map without bias"] = (new Shape(16, 3), (graph, x) => graph.Add(
            Linear.OfFilters("op", 3, 5, 3, bias: false), graph.Add(new Gather(new ConvolutionTable(3, 4, 3, Stride: 1, Padding: 1, IsImage: false)), x))),
        ["convolution of a map at every place"] = (new Shape(100, 5), (graph, x) => graph.Add(
            Linear.OfFilters("op", 5, 3, 5), graph.Add(new Gather(new ConvolutionTable(5, 10, 5, Stride: 1, Padding: 1, IsImage: false)), x))),
        ["convolution with shortcut"] = (new Shape(16, 3), (graph, x) => Shortcut(
            graph, x, graph.Add(Linear.OfFilters("op", 3, 3, 3), graph.Add(new Gather(new ConvolutionTable(3, 4, 3, Stride: 1, Padding: 1, IsImage: false)), x)))),
        ["convolution that is read elsewhere"] = (new Shape(16, 3), (graph, x) =>
        {
            Value seen = graph.Add(new Gather(new ConvolutionTable(3, 4, 3, Stride: 2, Padding: 1, IsImage: false)), x);
            return Shortcut(graph, graph.Add(Linear.Named("other", 27, 7), seen), graph.Add(Filters("op", 3), seen));
        }),
        ["shift of rows"] = Of((graph, x) => graph.Add(new ShiftRows(new TensorSpec("op", TensorRole.Bias, Rows)), x)),
        ["shift of rows with shortcut"] = Of((graph, x) => Shortcut(graph, x, graph.Add(new ShiftRows(new TensorSpec("op", TensorRole.Bias, Rows)), x))),
        ["shift of color planes before a convolution"] = (new Shape(3, 49), (graph, x) => graph.Add(
            Filters("op", 3), graph.Add(
                new Gather(new ConvolutionTable(3, 7, 3, Stride: 2, Padding: 1, IsImage: true)),
                graph.Add(new ShiftRows(new TensorSpec("planes", TensorRole.Bias, 3)), x)))),
        ["shift of color planes of which some are read elsewhere"] = (new Shape(3, 36), (graph, x) =>
        {
            Value shifted = graph.Add(new ShiftRows(new TensorSpec("planes", TensorRole.Bias, 3)), x);
            Value y = graph.Add(Filters("op", 5), graph.Add(new Gather(new ConvolutionTable(3, 6, 5, Stride: 3, Padding: 2, IsImage: true)), shifted));
            return Shortcut(graph, graph.Add(new AverageRows(), y), graph.Add(Linear.Named("other", 36, 7), graph.Add(new TakeRow(1), shifted)));
        }),
        ["convolution of an image by filters that are larger"] = (new Shape(3, 9), (graph, x) => graph.Add(
            Filters("op", 7), graph.Add(
                new Gather(new ConvolutionTable(3, 3, 7, Stride: 2, Padding: 4, IsImage: true)),
                graph.Add(new ShiftRows(new TensorSpec("planes", TensorRole.Bias, 3)), x)))),
        ["transposition"] = Of((graph, x) => graph.Add(new Transpose(), x)),
        ["transposition with shortcut"] = (new Shape(5, 5), (graph, x) => Shortcut(graph, x, graph.Add(new Transpose(), x))),
        ["token"] = Of((graph, x) => graph.Add(new PrependToken(new TensorSpec("op", TensorRole.Embedding, 1, 1, Columns)), x)),
        ["table"] = Of((graph, x) => graph.Add(new AddTable(new TensorSpec("op", TensorRole.Embedding, 1, Rows, Columns)), x)),
        ["table with shortcut"] = Of((graph, x) => Shortcut(
            graph, x, graph.Add(new AddTable(new TensorSpec("op", TensorRole.Embedding, 1, Rows, Columns)), x))),
        ["row"] = Of((graph, x) => graph.Add(new TakeRow(3), x)),
        ["average of rows"] = Of((graph, x) => graph.Add(new AverageRows(), x)),
        ["greatest of rows"] = Of((graph, x) => graph.Add(new MaximizeRows(0), x)),
        ["greatest of later rows"] = Of((graph, x) => graph.Add(new MaximizeRows(2), x)),
        ["greatest of the last row"] = Of((graph, x) => graph.Add(new MaximizeRows(Rows - 1), x)),
        ["row and greatest of later rows"] = Of((graph, x) => graph.Add(
            new Add(null, 0.5f), graph.Add(new TakeRow(0), x), graph.Add(new MaximizeRows(1), x))),
        ["greatest of rows and row"] = Of((graph, x) =>
        {
            Value greatest = graph.Add(new MaximizeRows(1), x);
            return graph.Add(new Add(null), greatest, graph.Add(new TakeRow(3), x));
        }),
        ["exchanged tokens"] = (new Shape(9, 4), (graph, x) => graph.Add(new ExchangeTokens(3), graph.Add(Linear.Named("op", 4, 4), x))),
        ["exchanged tokens with shortcut"] = (new Shape(9, 4), (graph, x) => Shortcut(graph, x, graph.Add(new ExchangeTokens(3), x))),
        ["shortcut with exchanged tokens"] = (new Shape(9, 4), (graph, x) =>
            graph.Add(new Add(null), graph.Add(new ExchangeTokens(3), x), graph.Add(Linear.Named("op", 4, 4), x))),
        ["later rows"] = Of((graph, x) => graph.Add(new Gather(new LaterRowsTable(new Shape(Rows, Columns), 2)), x)),
        ["stacked rows"] = Of((graph, x) => graph.Add(
            new StackRows(), graph.Add(Linear.Named("a", Columns, 7), x), graph.Add(Linear.Named("b", Columns, 7), x))),
        ["rows below a row"] = Of((graph, x) => graph.Add(new StackRows(), graph.Add(new TakeRow(3), x), x)),
        ["row below rows"] = Of((graph, x) => graph.Add(new StackRows(), x, graph.Add(new TakeRow(1), x))),
        ["rows below themselves"] = Of((graph, x) => graph.Add(new StackRows(), x, x)),
        ["stacked rows that are read elsewhere"] = Of((graph, x) =>
        {
            Value a = graph.Add(Linear.Named("a", Columns, Columns), x);
            Value b = graph.Add(new TakeRow(0), graph.Add(Linear.Named("b", Columns, Columns), x));
            Value both = graph.Add(new StackRows(), a, b);
            Value sum = graph.Add(new Add(null), graph.Add(new AverageRows(), both), b);
            return graph.Add(new Add(null), sum, graph.Add(new TakeRow(2), a));
        }),
        ["heads of a row and of all others"] = Of((graph, x) =>
        {
            Value y = graph.Add(LayerNormalize.Named("norm", Columns, 1e-5f), x);
            Value row = graph.Add(Linear.Named("head", Columns, 4), graph.Add(new TakeRow(0), y));
            Value others = graph.Add(Linear.Named("others", Columns, 4), graph.Add(new Gather(new LaterRowsTable(y.Shape, 1)), y));
            Value both = graph.Add(new StackRows(), row, others);
            return graph.Add(new Add(null, 0.5f), graph.Add(new TakeRow(0), both), graph.Add(new MaximizeRows(1), both));
        }),
        ["row of attention without bias"] = Of((graph, x) => graph.Add(
            new TakeRow(0), graph.Add(new Attend(2, 0.4f), graph.Add(Linear.Named("qkv", Columns, 18, bias: false), x)))),
        ["sum"] = Of((graph, x) => graph.Add(new Add(null), graph.Add(Linear.Named("a", Columns, 7), x), graph.Add(Linear.Named("b", Columns, 7), x))),
        ["scaled sum"] = Of((graph, x) => graph.Add(new Add(null, -0.6f), x, graph.Add(Linear.Named("a", Columns, Columns), x))),
        ["scaled branch"] = Of((graph, x) => graph.Add(
            new Add(DropPathPosition.Deepest, 0.4f), x, graph.Add(Linear.Named("a", Columns, Columns), x))),

        ["row and average"] = Of((graph, x) => graph.Add(new Add(null), graph.Add(new TakeRow(2), x), graph.Add(new AverageRows(), x))),
        ["two rows"] = Of((graph, x) =>
        {
            Value y = graph.Add(LayerNormalize.Named("norm", Columns, 1e-5f), x);
            return graph.Add(new Add(null), graph.Add(new TakeRow(4), y), graph.Add(new TakeRow(1), y));
        }),
        ["row of attention that is also averaged"] = Of((graph, x) =>
        {
            Value y = graph.Add(new Attend(2, 0.4f), graph.Add(Linear.Named("qkv", Columns, 18), x));
            return graph.Add(new Add(null), graph.Add(new AverageRows(), y), graph.Add(new TakeRow(0), y));
        }),
        ["row of attention that is averaged later"] = Of((graph, x) =>
        {
            Value y = graph.Add(new Attend(2, 0.4f), graph.Add(Linear.Named("qkv", Columns, 18), x));
            return graph.Add(new Add(null), graph.Add(new TakeRow(0), y), graph.Add(new AverageRows(), y));
        }),
        [Untrainable + "row of attention whose values are read elsewhere"] = Of((graph, x) =>
        {
            Value qkv = graph.Add(Linear.Named("qkv", Columns, 18), x);
            Value row = graph.Add(new TakeRow(0), graph.Add(new Attend(2, 0.4f), qkv));
            return graph.Add(new Add(null), row, graph.Add(Linear.Named("other", 18, 6), graph.Add(new TakeRow(1), qkv)));
        }),
        ["row of a merged feed-forward layer"] = Of((graph, x) => graph.Add(new TakeRow(0), Merged(graph, x, out _, out _))),
        ["merged feed-forward layer whose product is read elsewhere"] = Of((graph, x) =>
        {
            Value y = Merged(graph, x, out Value product, out _);
            return Shortcut(graph, graph.Add(Linear.Named("other", Columns, Columns), product), y);
        }),
        ["merged feed-forward layer whose hidden channels are read elsewhere"] = Of((graph, x) =>
        {
            Value y = Merged(graph, x, out _, out Value hidden);
            return Shortcut(graph, graph.Add(Linear.Named("other", 7, Columns), hidden), y);
        }),
        ["merged feed-forward layer whose input is read elsewhere"] = Of((graph, x) =>
        {
            Value t = graph.Add(Linear.Named("first", Columns, Columns), x);
            return Shortcut(graph, t, Merged(graph, t, out _, out _));
        }),
        ["channel-idle branch"] = Of((graph, x) => Shortcut(graph, x, Idle(graph, x, out _, out _))),
        ["channel-idle branch whose input norm is read elsewhere"] = Of((graph, x) =>
        {
            Value y = Idle(graph, x, out Value normalized, out _);
            return Shortcut(graph, graph.Add(Linear.Named("other", Columns, Columns), normalized), y);
        }),
        ["channel-idle branch whose hidden channels are read elsewhere"] = Of((graph, x) =>
        {
            Value y = Idle(graph, x, out _, out Value hidden);
            return Shortcut(graph, graph.Add(Linear.Named("other", 13, Columns), hidden), y);
        }),
        ["channel-idle branch without normalization"] = Of((graph, x) => Shortcut(graph, x, IdleProduct(graph, x, out _))),
        ["channel-idle branch without normalization that is quickly activated"] = Of(
            (graph, x) => Shortcut(graph, x, IdleProduct(graph, x, out _, kind: ActivationKind.QuickGelu))),
        ["channel-idle branch without normalization or active channels"] = Of((graph, x) => Shortcut(
            graph, x, IdleProduct(graph, graph.Add(LayerNormalize.Named("norm", Columns, 1e-5f), x), out _, active: 0))),
        ["channel-idle branch without normalization whose hidden channels are read elsewhere"] = Of((graph, x) =>
        {
            Value y = IdleProduct(graph, x, out Value hidden);
            return Shortcut(graph, graph.Add(Linear.Named("other", 13, Columns), hidden), y);
        }),
        [Untrainable + "linear that is activated and read later"] = Of((graph, x) =>
        {
            Value u = graph.Add(Linear.Named("first", Columns, Columns), x);
            Value activated = graph.Add(new Activate(ActivationKind.Gelu, 3), u);
            return Shortcut(graph, u, graph.Add(Linear.Named("last", Columns, Columns), activated));
        }),
        ["linear that is activated and read elsewhere"] = Of((graph, x) =>
        {
            Value u = graph.Add(Linear.Named("first", Columns, Columns), x);
            Value other = graph.Add(LayerNormalize.Named("norm", Columns, 1e-5f), u);
            return Shortcut(graph, other, graph.Add(Linear.Named("last", Columns, Columns), graph.Add(new Activate(ActivationKind.Gelu, 3), u)));
        }),
        ["patches that are read twice"] = (new Shape(3, 16), (graph, x) =>
        {
            Value patches = graph.Add(new Gather(new PatchTable(3, 4, 2)), x);
            return graph.Add(new Add(null), graph.Add(Filters("first", 2), patches), graph.Add(Filters("second", 2), patches));
        }),
        ["pixels that are read twice"] = (new Shape(3, 16), (graph, x) =>
        {
            Value patches = graph.Add(Filters("op", 4), graph.Add(new Gather(new PatchTable(3, 4, 4)), x));
            return graph.Add(new Add(null), patches, graph.Add(Linear.Named("pixels", 16, 7), graph.Add(new TakeRow(1), x)));
        }),
    };

    private static Linear Filters(string name, int size)
        => Linear.OfFilters(name, 3, 7, size);

    private static (Shape, Func<Graph, Value, Value>) Of(Func<Graph, Value, Value> define) => (new Shape(Rows, Columns), define);

    private static (Shape, Func<Graph, Value, Value>) Windows(WindowGrid grid) => (new Shape(grid.Size * grid.Size, Columns), (graph, x) =>
    {
        const int Heads = 2;
        int side = 2 * grid.Window - 1;
        var positions = new RelativePositions(new TensorSpec("op", TensorRole.Embedding, side * side, Heads), grid);
        Value windows = graph.Add(new Gather(new WindowTable(grid, Columns)), x);
        Value attended = graph.Add(new Attend(Heads, 0.7f, positions), graph.Add(Linear.Named("qkv", Columns, 12), windows));
        return graph.Add(new Gather(new FromWindowsTable(grid, 4)), attended);
    });

    private static Value Shortcut(Graph graph, Value x, Value branch) => graph.Add(new Add(null), x, branch);

    private static Value Map3x3(Graph graph, Value x, bool bias) => graph.Add(
        Linear.OfFilters("op", 3, 7, 3, bias), graph.Add(new Gather(new ConvolutionTable(3, 4, 3, Stride: 1, Padding: 1, IsImage: false)), x));

    private static Value Rectified(Graph graph, Value x) => graph.Add(new Activate(ActivationKind.Relu, x.Shape.Columns), x);

    private static Value Mixer(Graph graph, Value x, out Value normalized, out Value pooled)
    {
        normalized = graph.Add(GroupNormalize.Named("norm", x.Shape.Columns, 1e-5f), x);
        pooled = graph.Add(new AveragePool((int)Math.Sqrt(x.Shape.Rows), 3), normalized);
        Value mixed = graph.Add(new Add(null, -1), pooled, normalized);
        return graph.Add(new Add(DropPathPosition.Deepest), x, mixed);
    }

    private static WeightNormalizedLinear Cosines(int inputs, int outputs)
        => new(new TensorSpec("op.weight_v", TensorRole.Weight, outputs, inputs));

    private static Value Merged(Graph graph, Value x, out Value product, out Value hidden)
    {
        product = graph.Add(Linear.Named("fc1", Columns, Columns), x);
        hidden = graph.Add(new Activate(ActivationKind.Gelu, 7), graph.Add(Linear.Named("fc2", Columns, 7), x));
        return graph.Add(new Add(null), product, graph.Add(Linear.Named("fc3", 7, Columns, bias: false), hidden));
    }

    private static Value Idle(Graph graph, Value x, out Value normalized, out Value hidden)
    {
        normalized = graph.Add(BatchNormalize.Named("norm1", Columns, 1e-5f), x);
        hidden = graph.Add(new Activate(ActivationKind.Gelu, 4), graph.Add(Linear.Named("fc1", Columns, 13), normalized));
        return graph.Add(Linear.Named("fc2", 13, Columns), graph.Add(BatchNormalize.Named("norm2", 13, 1e-5f), hidden));
    }

    private static Value IdleProduct(
        Graph graph, Value x, out Value hidden, int active = 4, ActivationKind kind = ActivationKind.Gelu)
    {
        hidden = graph.Add(new Activate(kind, active), graph.Add(Linear.Named("fc1", Columns, 13), x));
        return graph.Add(Linear.Named("fc2", 13, Columns), hidden);
    }

    /// <summary>Logits, [1, columns]: each row with a weight of its own.</summary>
    private static Value Mix(Graph graph, Value x)
    {
        Value mixed = graph.Add(Linear.Named("mix", x.Shape.Rows, 1, bias: false), graph.Add(new Transpose(), x));
        var shift = new TensorSpec("shift", TensorRole.Embedding, 1, 1, x.Shape.Columns);
        return graph.Add(new AddTable(shift), graph.Add(new Transpose(), mixed));
    }

    private sealed record DefinedLayer(Shape Taken, Func<Graph, Value, Value> Definition) : Layer
    {
        public override Shape Input => Taken;

        public override Value Define(Graph graph, Value x) => Definition(graph, x);
    }

    /// <summary>Every third element, again from the start where they end: [4, 3].</summary>
    private sealed record EveryThird : IndexTable
    {
        public override Shape Source => new(Rows, Columns);

        public override Shape Result => new(4, 3);

        public override int[] Indices() => [.. Enumerable.Range(0, 12).Select(i => 3 * i % (Rows * Columns))];
    }

    /// <summary>Rows 4, 2, none, 0 and none, in units of half a row.</summary>
    private sealed record EveryOtherRow : IndexTable
    {
        public override Shape Source => new(Rows, Columns);

        public override Shape Result => Source;

        public override int Unit => Columns / 2;

        public override int[] Indices() => [8, 9, 4, 5, Nowhere, Nowhere, 1, 0, Nowhere, Nowhere];
    }

    private sealed record Reversed : IndexTable
    {
        public override Shape Source => new(Rows, Columns);

        public override Shape Result => Source;

        public override int[] Indices() => [.. Enumerable.Range(0, Rows * Columns).Reverse()];
    }
}
