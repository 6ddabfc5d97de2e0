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
            _scratch[i] = new Scratch(tokens, Math.Min(tokens, QueriesPerBlock), training);
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
        scratch.KeysTransposed.Pack(null, Head(_qkv, item, 1), transposed: true);
        scratch.Values.Pack(null, Head(_qkv, item, 2), transposed: false);
        for (int start = 0; start < _tokens; start += QueriesPerBlock)
        {
            int rows = Math.Min(QueriesPerBlock, _tokens - start);
            Matrix probabilities = scratch.Probabilities.AsMatrix(rows, _tokens);
            Probabilities(queries.TakeRows(start, rows), scratch.KeysTransposed, probabilities);
            Gemm.MultiplyOnThisThread(probabilities, scratch.Values, output.TakeRows(start, rows));
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
        scratch.KeysTransposed.Pack(null, Head(_qkv, item, 1), transposed: true);
        scratch.Keys.Pack(null, Head(_qkv, item, 1), transposed: false);
        scratch.ValuesTransposed.Pack(null, Head(_qkv, item, 2), transposed: true);
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
            scratch.Block.Pack(null, blockGradient, transposed: false);
            Gemm.MultiplyOnThisThread(probabilities, scratch.Block, dValues, accumulate, transposedA: true);
            Gemm.MultiplyOnThisThread(blockGradient, scratch.ValuesTransposed, dScores);

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
            Gemm.MultiplyOnThisThread(dScores, scratch.Keys, dQueries.TakeRows(start, rows));
            scratch.Block.Pack(null, blockQueries, transposed: false);
            Gemm.MultiplyOnThisThread(dScores, scratch.Block, dKeys, accumulate, transposedA: true);
        }
    }

    private void Probabilities(Matrix queries, PackedMatrix keysTransposed, Matrix probabilities)
    {
        Gemm.MultiplyOnThisThread(queries, keysTransposed, probabilities);
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
        public Scratch(int tokens, int queries, bool training)
        {
            Probabilities = new PinnedBuffer((long)queries * tokens);
            Scores = new PinnedBuffer(training ? (long)queries * tokens : 0);
        }

        public PackedMatrix Keys { get; } = new();

        public PackedMatrix KeysTransposed { get; } = new();

        public PackedMatrix Values { get; } = new();

        public PackedMatrix ValuesTransposed { get; } = new();

        public PackedMatrix Block { get; } = new();

        public PinnedBuffer Probabilities { get; }

        public PinnedBuffer Scores { get; }
    }
}
