using System.Numerics.Tensors;
using RePaViT.Threading;

namespace RePaViT.Kernels;

/// <summary>
/// Multi-head self-attention: for each head O = softmax(scale Q K' + B) V. Of the score matrix no more than a block of rows
/// of one head exists at a time; the backward pass computes it again.
/// </summary>
internal sealed unsafe class Attention
{
    private const int QueriesPerBlock = 108;

    // Sums of the gradient of the bias are made in as many parts, whatever the number of threads, and then added in order.
    private const int BiasGradientParts = 8;

    private readonly ThreadTeam _team;
    private readonly Action<int, int> _forward;
    private readonly Action<int, int> _backward;
    private readonly Action<int, int> _backwardPart;
    private readonly Scratch[] _scratch;
    private readonly int _tokens;
    private readonly int _heads;
    private readonly int _headDim;
    private readonly float _scale;
    private readonly ScoreBias? _bias;
    private readonly PinnedBuffer _biasGradient;
    private int _queriesPerBlock;
    private int _blocks;
    private Matrix _queries;
    private Matrix _keys;
    private Matrix _values;
    private Matrix _output;
    private Matrix _dOutput;
    private Matrix _dQkv;

    /// <param name="team">Threads to share the heads of all images, and blocks of their queries.</param>
    /// <param name="tokens">Rows of an image.</param>
    /// <param name="heads">Number of heads.</param>
    /// <param name="headDim">Channels of a head.</param>
    /// <param name="scale">What scores are multiplied by.</param>
    /// <param name="training">Whether the backward pass is needed.</param>
    /// <param name="bias">What is added to scores; null for nothing.</param>
    public Attention(ThreadTeam team, int tokens, int heads, int headDim, float scale, bool training, ScoreBias? bias = null)
    {
        _team = team;
        _tokens = tokens;
        _heads = heads;
        _headDim = headDim;
        _scale = scale;
        _bias = bias;
        _biasGradient = new PinnedBuffer(training && bias is not null ? (long)BiasGradientParts * heads * tokens * tokens : 0);
        _forward = Forward;
        _backward = (item, worker) => Backward(item, worker, default);
        _backwardPart = BackwardPart;
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
        int dim = _heads * _headDim;
        Forward(qkv.TakeColumns(0, dim), qkv.TakeColumns(dim, dim), qkv.TakeColumns(2 * dim, dim), output);
    }

    /// <summary>Attends within each image, with the given number of queries of each.</summary>
    /// <param name="queries">[images * queries, dim]; the heads side by side, as in the others.</param>
    /// <param name="keys">[images * tokens, dim].</param>
    /// <param name="values">[images * tokens, dim].</param>
    /// <param name="output">[images * queries, dim].</param>
    public void Forward(Matrix queries, Matrix keys, Matrix values, Matrix output)
    {
        (_queries, _keys, _values, _output) = (queries, keys, values, output);
        int images = keys.Rows / _tokens;
        _blocks = (queries.Rows / images + QueriesPerBlock - 1) / QueriesPerBlock;
        _queriesPerBlock = GemmKernel.RoundUp((queries.Rows / images + _blocks - 1) / _blocks, GemmKernel.TileRows);
        foreach (Scratch scratch in _scratch)
        {
            scratch.PackedItem = -1;
        }

        _team.Run(images * _heads * _blocks, _forward);
    }

    /// <summary>The gradient of queries, keys and values.</summary>
    /// <param name="qkv">As in the forward pass.</param>
    /// <param name="output">What the forward pass gave.</param>
    /// <param name="dOutput">Its gradient.</param>
    /// <param name="dQkv">The result; overwritten.</param>
    public void Backward(Matrix qkv, Matrix output, Matrix dOutput, Matrix dQkv)
    {
        int dim = _heads * _headDim;
        (_queries, _keys, _values) = (qkv.TakeColumns(0, dim), qkv.TakeColumns(dim, dim), qkv.TakeColumns(2 * dim, dim));
        (_output, _dOutput, _dQkv) = (output, dOutput, dQkv);
        if (_bias is null)
        {
            _team.Run(qkv.Rows / _tokens * _heads, _backward);
        }
        else
        {
            _team.Run(BiasGradientParts * _heads, _backwardPart);
        }
    }

    /// <summary>The gradient of what was added to the scores of a head, summed over all windows of the last backward pass.</summary>
    /// <param name="head">The head.</param>
    /// <param name="gradient">[tokens, tokens]; overwritten.</param>
    public void GetBiasGradient(int head, Span<float> gradient)
    {
        BiasGradient(0, head).AsSpan().CopyTo(gradient);
        for (int part = 1; part < BiasGradientParts; part++)
        {
            TensorPrimitives.Add(gradient, BiasGradient(part, head).AsSpan(), gradient);
        }
    }

    private Matrix BiasGradient(int part, int head)
        => _biasGradient.AsMatrix(BiasGradientParts * _heads * _tokens, _tokens).TakeRows((part * _heads + head) * _tokens, _tokens);

    /// <summary>One head in some of the windows, one after the other.</summary>
    private void BackwardPart(int task, int worker)
    {
        (int part, int head) = Math.DivRem(task, _heads);
        int windows = _keys.Rows / _tokens;
        Matrix gradient = BiasGradient(part, head);
        gradient.AsSpan().Clear();
        for (int window = part; window < windows; window += BiasGradientParts)
        {
            Backward(window * _heads + head, worker, gradient);
        }
    }

    /// <summary>The rows and columns of a head of an image; one item after the other.</summary>
    private Matrix Head(Matrix matrix, int item, int part = 0)
    {
        int rows = matrix.Rows / (_keys.Rows / _tokens);
        return matrix.TakeRows(item / _heads * rows, rows)
            .TakeColumns(part * _heads * _headDim + item % _heads * _headDim, _headDim);
    }

    /// <summary>A block of queries of one head. The next one of a thread mostly has the same keys and values.</summary>
    private void Forward(int task, int worker)
    {
        Scratch scratch = _scratch[worker];
        int item = task / _blocks;
        if (scratch.PackedItem != item)
        {
            scratch.KeysTransposed.Pack(null, Head(_keys, item), transposed: true);
            scratch.Values.Pack(null, Head(_values, item), transposed: false);
            scratch.PackedItem = item;
        }

        Matrix queries = Head(_queries, item);
        int start = task % _blocks * _queriesPerBlock;
        int rows = Math.Min(_queriesPerBlock, queries.Rows - start);
        Matrix scores = Scores(scratch, queries.TakeRows(start, rows));
        float scale = AddBias(scores, item, start);
        Matrix result = Head(_output, item).TakeRows(start, rows);
        for (int row = 0; row < rows; row++)
        {
            scratch.Sums.Span[row] = Softmax.Exponentials(scores.Data + (long)row * scores.Stride, scores.Columns, scale);
        }

        // Dividing the result is less work than dividing the probabilities.
        Gemm.MultiplyOnThisThread(scores.TakeColumns(0, _tokens), scratch.Values, result);
        for (int row = 0; row < rows; row++)
        {
            Softmax.Rescale(result.Data + (long)row * result.Stride, _headDim, 1 / scratch.Sums.Span[row]);
        }
    }

    /// <param name="item">The window and the head.</param>
    /// <param name="worker">The thread.</param>
    /// <param name="biasGradient">Gets the gradient of the bias added, if there is one.</param>
    private void Backward(int item, int worker, Matrix biasGradient)
    {
        Scratch scratch = _scratch[worker];
        Matrix queries = Head(_queries, item);
        Matrix output = Head(_output, item);
        Matrix dOutput = Head(_dOutput, item);
        Matrix dQueries = Head(_dQkv, item, 0);
        Matrix dKeys = Head(_dQkv, item, 1);
        Matrix dValues = Head(_dQkv, item, 2);
        scratch.KeysTransposed.Pack(null, Head(_keys, item), transposed: true);
        scratch.Keys.Pack(null, Head(_keys, item), transposed: false);
        scratch.ValuesTransposed.Pack(null, Head(_values, item), transposed: true);
        for (int start = 0; start < _tokens; start += QueriesPerBlock)
        {
            int rows = Math.Min(QueriesPerBlock, _tokens - start);
            bool accumulate = start > 0;
            Matrix blockQueries = queries.TakeRows(start, rows);
            Matrix blockGradient = dOutput.TakeRows(start, rows);
            Matrix scores = Scores(scratch, blockQueries);
            Matrix scoreGradient = scratch.ScoreGradient.AsMatrix(rows, scores.Columns);
            float scale = AddBias(scores, item, start);
            for (int row = 0; row < rows; row++)
            {
                Softmax.Forward(scores.Data + (long)row * scores.Stride, scores.Columns, scale);
            }

            // O = P V
            Matrix probabilities = scores.TakeColumns(0, _tokens);
            scratch.Block.Pack(null, blockGradient, transposed: false);
            Gemm.MultiplyOnThisThread(probabilities, scratch.Block, dValues, default, accumulate, transposedA: true);
            Gemm.MultiplyOnThisThread(blockGradient, scratch.ValuesTransposed, scoreGradient);

            // P = softmax(scale S + B): dB = P (dP - rowsum(dP P)) and dS = scale dB, and rowsum(dP P) = rowsum(dO O).
            for (int row = 0; row < rows; row++)
            {
                float* o = output.Data + (long)(start + row) * output.Stride;
                float* dO = dOutput.Data + (long)(start + row) * dOutput.Stride;
                Softmax.Backward(
                    scores.Data + (long)row * scores.Stride, scoreGradient.Data + (long)row * scoreGradient.Stride,
                    scores.Columns, Reduce.Dot(o, dO, _headDim), _scale);
                if (_bias is not null)
                {
                    Span<float> sum = biasGradient.Row(start + row);
                    TensorPrimitives.MultiplyAdd(scoreGradient.Row(row)[.._tokens], 1 / _scale, sum, sum);
                }
            }

            // S = Q K'
            Matrix dScores = scoreGradient.TakeColumns(0, _tokens);
            Gemm.MultiplyOnThisThread(dScores, scratch.Keys, dQueries.TakeRows(start, rows));
            scratch.Block.Pack(null, blockQueries, transposed: false);
            Gemm.MultiplyOnThisThread(dScores, scratch.Block, dKeys, default, accumulate, transposedA: true);
        }
    }

    /// <summary>
    /// Q K', with the columns that fill up the last panel of keys, since whole panels are faster. There a score is minus
    /// infinity: as if there were no token.
    /// </summary>
    private static Matrix Scores(Scratch scratch, Matrix queries)
    {
        PackedMatrix keys = scratch.KeysTransposed;
        Matrix scores = scratch.Scores.AsMatrix(queries.Rows, keys.PaddedColumns);
        Gemm.MultiplyOnThisThread(queries, keys, scores, GemmEpilogue.AddBias(scratch.Mask.AsMatrix(1, keys.PaddedColumns)));
        return scores;
    }

    /// <summary>Scales scores and adds the bias of some rows, if there is one.</summary>
    /// <returns>What they are still to be multiplied by.</returns>
    private float AddBias(Matrix scores, int item, int start)
    {
        if (_bias is null)
        {
            return _scale;
        }

        Matrix bias = _bias.In(item / _heads, item % _heads);
        for (int row = 0; row < scores.Rows; row++)
        {
            Span<float> values = scores.Row(row)[.._tokens];
            TensorPrimitives.MultiplyAdd(values, _scale, bias.Row(start + row), values);
        }

        return 1;
    }

    /// <summary>
    /// What one thread needs for one head. All of it is there from the start: which thread works on what is left to chance,
    /// and none should have to allocate late.
    /// </summary>
    private sealed class Scratch
    {
        public Scratch(int tokens, int headDim, int queries, bool training)
        {
            KeysTransposed = new PackedMatrix(headDim, tokens);
            Values = new PackedMatrix(tokens, headDim);
            Scores = new PinnedBuffer((long)queries * KeysTransposed.PaddedColumns);
            Sums = new PinnedBuffer(queries);
            Mask = new PinnedBuffer(KeysTransposed.PaddedColumns);
            for (int i = tokens; i < KeysTransposed.PaddedColumns; i++)
            {
                Mask.Span[i] = float.NegativeInfinity;
            }

            Keys = training ? new PackedMatrix(tokens, headDim) : new PackedMatrix();
            ValuesTransposed = training ? new PackedMatrix(headDim, tokens) : new PackedMatrix();
            Block = training ? new PackedMatrix(queries, headDim) : new PackedMatrix();
            ScoreGradient = new PinnedBuffer(training ? Scores.Length : 0);
        }

        /// <summary>The head of an image whose keys and values are packed for the forward pass; -1 for none.</summary>
        public int PackedItem { get; set; } = -1;

        public PackedMatrix KeysTransposed { get; }

        public PackedMatrix Values { get; }

        public PinnedBuffer Scores { get; }

        public PinnedBuffer Sums { get; }

        /// <summary>0 for each token, then minus infinity.</summary>
        public PinnedBuffer Mask { get; }

        public PackedMatrix Keys { get; }

        public PackedMatrix ValuesTransposed { get; }

        public PackedMatrix Block { get; }

        public PinnedBuffer ScoreGradient { get; }
    }
}
