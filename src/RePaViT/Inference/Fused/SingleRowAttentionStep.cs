using RePaViT.Kernels;
using RePaViT.Operators;

namespace RePaViT.Inference.Fused;

/// <summary>
/// Attention of which one row for each image is read: keys and values of all rows, and the query of that row alone.
/// </summary>
internal sealed class SingleRowAttentionStep : InferenceStep
{
    /// <summary>Number of operators in its place: queries, keys and values, attention, taking a row.</summary>
    public const int Nodes = 3;

    private readonly LinearProduct _queries;
    private readonly LinearProduct _keysValues;
    private readonly ValuePlace _x;
    private readonly ValuePlace _xRow;
    private readonly ValuePlace _qkv;
    private readonly ValuePlace _y;
    private readonly int _kernel;
    private readonly int _dim;

    /// <param name="linear">Makes queries, keys and values.</param>
    /// <param name="row">The row that is read.</param>
    /// <param name="source">The weights.</param>
    /// <param name="kernel">The attention kernel.</param>
    /// <param name="x">What <paramref name="linear"/> takes.</param>
    /// <param name="qkv">A place for what it gives.</param>
    /// <param name="y">A place for the result.</param>
    public SingleRowAttentionStep(
        Linear linear, int row, PlanSource source, int kernel, ValuePlace x, ValuePlace qkv, ValuePlace y)
    {
        _dim = linear.Outputs / 3;
        PackedLinear packed = source.Packed(linear);
        _queries = source.Rounded(packed.TakeOutputs(0, _dim));
        _keysValues = source.Rounded(packed.TakeOutputs(_dim, 2 * _dim));
        (_kernel, _x, _qkv, _y) = (kernel, x, qkv, y);
        _xRow = x with { Row = row };
    }

    public override long? MultiplyAdds => (long)_x.Stored.Rows * _dim * (2 * _dim + 2) + (long)_dim * _dim;

    /// <summary>Whether these operators begin at a node.</summary>
    public static bool BeginsAt(IReadOnlyList<Node> nodes, int first, Func<Value, bool> isReadOnce)
        => first + Nodes <= nodes.Count
            && nodes[first].Operator is Linear
            && nodes[first + 1].Operator is Attend { Positions: null } && nodes[first + 1].Input == nodes[first].Result && isReadOnce(nodes[first].Result)
            && nodes[first + 2].Operator is TakeRow && nodes[first + 2].Input == nodes[first + 1].Result && isReadOnce(nodes[first + 1].Result);

    public override void Run(InferenceContext context)
    {
        Matrix qkv = _qkv.In(context);
        Matrix keysValues = qkv.TakeColumns(_dim, 2 * _dim);
        Matrix queries = qkv.TakeColumns(0, _dim).TakeRows(0, context.Images);
        _keysValues.Run(context, _x.In(context), keysValues);
        _queries.Run(context, _xRow.In(context), queries);
        context.Kernel<Attention>(_kernel).Forward(
            queries, keysValues.TakeColumns(0, _dim), keysValues.TakeColumns(_dim, _dim), _y.In(context));
    }
}
