using System.Numerics.Tensors;

namespace RePaViT.Kernels;

/// <summary>
/// Multi-head self-attention: for each head O = softmax(scale Q K') V. Of the score matrix no more than a block of rows
/// of one head exists at a time; the backward pass computes it again.
/// </summary>
internal sealed unsafe class Attention
{
    private const int QueriesPerBlock = 96;

    private readonly ThreadTeam _team;
    private readonly Action<int, int> _forward;
    private readonly Action<int, int> _backward;
    private readonly Scratch[] _scratch;
    private readonly int _tokens;
    private readonly int _heads;
    private readonly int _headDim;
    private readonly float _scale;
    private Matrix _qkv;
    private Matrix _output;
    private Matrix _dOutput;
    private Matrix _dQkv;

    /// <param name="team">Threads to share the heads of all images.</param>
    /// <param name="tokens">Rows of an image.</param>
    /// <param name="heads">Number of heads.</param>
    /// <param name="headDim">Channels of a head.</param>
    /// <param name="scale">What scores are multiplied with.</param>
    /// <param name="training">Whether the backward pass is needed.</param>
    public Attention(ThreadTeam team, int tokens, int heads, int headDim, float scale, bool training)
    {
        _team = team;
        _tokens = tokens;
        _heads = heads;
        _headDim = headDim;
        _scale = scale;
        _forward = Forward;
        _backward = Backward;
        _scratch = new Scratch[team.Size];
        for (int i = 0; i < _scratch.Length; i++)
        {
            _scratch[i] = new Scratch(tokens, headDim, Math.Min(tokens, QueriesPerBlock), training);
        }
    }

    /// <summary>Attends within each image.</summary>
    /// <param name="qkv">[images * tokens, 3 * dim]: queries, keys, values; in each the heads side by side.</param>
    /// <param name="output">[images * tokens, dim].</param>
    public void Forward(Matrix qkv, Matrix output)
    {
        _qkv = qkv;
        _output = output;
        _team.Run(qkv.Rows / _tokens * _heads, _forward);
    }

    /// <summary>The gradient of queries, keys and values.</summary>
    /// <param name="qkv">As in the forward pass.</param>
    /// <param name="output">What the forward pass gave.</param>
    /// <param name="dOutput">Its gradient.</param>
    /// <param name="dQkv">The result; overwritten.</param>
    public void Backward(Matrix qkv, Matrix output, Matrix dOutput, Matrix dQkv)
    {
        _qkv = qkv;
        _output = output;
        _dOutput = dOutput;
        _dQkv = dQkv;
        _team.Run(qkv.Rows / _tokens * _heads, _backward);
    }

    private Matrix Head(Matrix matrix, int item, int part)
        => matrix.TakeRows(item / _heads * _tokens, _tokens)
            .TakeColumns(part * _heads * _headDim + item % _heads * _headDim, _headDim);

    private void Forward(int item, int worker)
    {
        Scratch scratch = _scratch[worker];
        Matrix queries = Head(_qkv, item, 0);
        Matrix output = Head(_output, item, 0);
        scratch.KeysTransposed.Pack(Head(_qkv, item, 1), transposed: true);
        scratch.Values.Pack(Head(_qkv, item, 2), transposed: false);
        for (int start = 0; start < _tokens; start += QueriesPerBlock)
        {
            int rows = Math.Min(QueriesPerBlock, _tokens - start);
            Matrix probabilities = scratch.Probabilities.AsMatrix(rows, _tokens);
            Probabilities(queries.TakeRows(start, rows), scratch.KeysTransposed, probabilities);
            Panels.Multiply(probabilities, scratch.Values, output.TakeRows(start, rows));
        }
    }

    private void Backward(int item, int worker)
    {
        Scratch scratch = _scratch[worker];
        Matrix queries = Head(_qkv, item, 0);
        Matrix output = Head(_output, item, 0);
        Matrix dOutput = Head(_dOutput, item, 0);
        Matrix dQueries = Head(_dQkv, item, 0);
        Matrix dKeys = Head(_dQkv, item, 1);
        Matrix dValues = Head(_dQkv, item, 2);
        scratch.KeysTransposed.Pack(Head(_qkv, item, 1), transposed: true);
        scratch.Keys.Pack(Head(_qkv, item, 1), transposed: false);
        scratch.ValuesTransposed.Pack(Head(_qkv, item, 2), transposed: true);
        for (int start = 0; start < _tokens; start += QueriesPerBlock)
        {
            int rows = Math.Min(QueriesPerBlock, _tokens - start);
            bool accumulate = start > 0;
            Matrix blockQueries = queries.TakeRows(start, rows);
            Matrix blockGradient = dOutput.TakeRows(start, rows);
            Matrix probabilities = scratch.Probabilities.AsMatrix(rows, _tokens);
            Matrix dScores = scratch.Scores.AsMatrix(rows, _tokens);
            Probabilities(blockQueries, scratch.KeysTransposed, probabilities);

            // O = P V
            scratch.Block.Pack(blockGradient, transposed: false);
            Panels.Multiply(probabilities, scratch.Block, dValues, accumulate, transposedA: true);
            Panels.Multiply(blockGradient, scratch.ValuesTransposed, dScores);

            // P = softmax(scale S): dS = scale P (dP - rowsum(dP P)), and rowsum(dP P) = rowsum(dO O).
            for (int row = 0; row < rows; row++)
            {
                float* o = output.Data + (long)(start + row) * output.Stride;
                float* dO = dOutput.Data + (long)(start + row) * dOutput.Stride;
                Span<float> gradient = dScores.Row(row);
                Span<float> probability = probabilities.Row(row);
                TensorPrimitives.Subtract(gradient, Reduce.Dot(o, dO, _headDim), gradient);
                TensorPrimitives.Multiply(gradient, probability, gradient);
                TensorPrimitives.Multiply(gradient, _scale, gradient);
            }

            // S = Q K'
            Panels.Multiply(dScores, scratch.Keys, dQueries.TakeRows(start, rows));
            scratch.Block.Pack(blockQueries, transposed: false);
            Panels.Multiply(dScores, scratch.Block, dKeys, accumulate, transposedA: true);
        }
    }

    private void Probabilities(Matrix queries, Panels keysTransposed, Matrix probabilities)
    {
        Panels.Multiply(queries, keysTransposed, probabilities);
        for (int row = 0; row < probabilities.Rows; row++)
        {
            Span<float> scores = probabilities.Row(row);
            if (_scale != 1)
            {
                TensorPrimitives.Multiply(scores, _scale, scores);
            }

            Softmax.Forward(scores);
        }
    }

    /// <summary>What one thread needs for one head.</summary>
    private sealed class Scratch
    {
        public Scratch(int tokens, int headDim, int queries, bool training)
        {
            KeysTransposed = new Panels(headDim, tokens);
            Values = new Panels(tokens, headDim);
            Probabilities = new PinnedBuffer((long)queries * tokens);
            if (training)
            {
                Keys = new Panels(tokens, headDim);
                ValuesTransposed = new Panels(headDim, tokens);
                Block = new Panels(queries, headDim);
                Scores = new PinnedBuffer((long)queries * tokens);
            }
        }

        public Panels KeysTransposed { get; }

        public Panels Values { get; }

        public PinnedBuffer Probabilities { get; }

        public Panels Keys { get; } = null!;

        public Panels ValuesTransposed { get; } = null!;

        public Panels Block { get; } = null!;

        public PinnedBuffer Scores { get; } = null!;
    }

    /// <summary>A packed factor that one thread makes and uses.</summary>
    private sealed class Panels(int maxDepth, int maxColumns)
    {
        private readonly PinnedBuffer _buffer = new(GemmKernel.PackedLength(maxDepth, maxColumns));
        private int _depth;
        private int _columns;

        public void Pack(Matrix source, bool transposed)
        {
            _depth = transposed ? source.Columns : source.Rows;
            _columns = transposed ? source.Rows : source.Columns;
            for (int panel = 0; panel * GemmKernel.PanelWidth < _columns; panel++)
            {
                GemmKernel.PackPanel(source, transposed, panel, _buffer.Pointer + (long)panel * GemmKernel.PanelWidth * _depth);
            }
        }

        public static void Multiply(Matrix a, Panels b, Matrix c, bool accumulate = false, bool transposedA = false)
        {
            var left = transposedA ? new GemmKernel.Left(a.Data, 1, a.Stride) : new GemmKernel.Left(a.Data, a.Stride, 1);
            GemmKernel.Multiply(
                left, b._buffer.Pointer, c.Data, c.Stride, c.Rows, b._depth, b._columns, accumulate, default, 0, 0);
        }
    }
}
