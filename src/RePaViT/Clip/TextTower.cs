using System.Numerics.Tensors;
using RePaViT.Kernels;
using RePaViT.Layers;
using RePaViT.Operators;
using RePaViT.Threading;

namespace RePaViT.Clip;

/// <summary>
/// Computes the vectors of texts, in the space that they share with images. What follows the token that ends a text has no effect, since no
/// token attends to a later one. So texts are not padded, and those of the same length are computed together. Safe to use from several
/// threads at once.
/// </summary>
internal sealed class TextTower
{
    // 40 MB of hidden channels for the longest texts in CLIP's usual size.
    private const int TextsPerPass = 64;

    private readonly ThreadTeam _team;
    private readonly float[] _tokens;
    private readonly float[] _positions;
    private readonly Block[] _blocks;
    private readonly Normalization _norm;
    private readonly PackedProduct _projection;

    /// <param name="architecture">Its structure.</param>
    /// <param name="weights">Its tensors.</param>
    /// <param name="threads">Threads that share a call; null for one per core.</param>
    public TextTower(TextArchitecture architecture, NamedTensors weights, int? threads = null)
    {
        _team = ThreadTeam.Get(threads);
        Architecture = architecture;
        _tokens = weights[architecture.Tokens.Name].ToArray();
        _positions = weights[architecture.Positions.Name].ToArray();
        _blocks = [.. Enumerable.Range(0, architecture.Depth).Select(block => new Block(architecture, block, weights, _team))];
        _norm = new Normalization(architecture.Norm, weights);
        _projection = new PackedProduct(architecture.Projection, weights, _team);
    }

    public TextArchitecture Architecture { get; }

    /// <summary>Computes vectors of length 1.</summary>
    /// <param name="texts">The tokens of each; those after the first with the largest number are left out.</param>
    /// <param name="cancellationToken">Stops it between two passes.</param>
    /// <returns>[outputs] for each, in the same order.</returns>
    /// <exception cref="ArgumentException">A text has no tokens, too many, or one that is not in the vocabulary.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public float[][] Embed(IReadOnlyList<IReadOnlyList<int>> texts, CancellationToken cancellationToken = default)
    {
        int[][] read = [.. texts.Select(TakeRead)];
        float[][] embeddings = new float[texts.Count][];
        foreach (IGrouping<int, int> sameLength in Enumerable.Range(0, read.Length).GroupBy(text => read[text].Length))
        {
            foreach (int[] pass in sameLength.Chunk(TextsPerPass))
            {
                cancellationToken.ThrowIfCancellationRequested();
                Embed(Array.ConvertAll(pass, text => read[text]), sameLength.Key, (index, values) => embeddings[pass[index]] = values);
            }
        }

        return embeddings;
    }

    /// <summary>The tokens of a text up to the one that ends it, which has the largest number.</summary>
    private int[] TakeRead(IReadOnlyList<int> tokens, int text)
    {
        if (tokens.Count == 0 || tokens.Count > Architecture.ContextLength)
        {
            throw new ArgumentException($"Text {text} has {tokens.Count} tokens, but 1 to {Architecture.ContextLength} are accepted.");
        }

        int end = 0;
        for (int i = 0; i < tokens.Count; i++)
        {
            if (tokens[i] < 0 || tokens[i] >= Architecture.Vocabulary)
            {
                throw new ArgumentException($"Text {text} has token {tokens[i]}, but only 0 to {Architecture.Vocabulary - 1} are in the vocabulary.");
            }

            end = tokens[i] > tokens[end] ? i : end;
        }

        return [.. tokens.Take(end + 1)];
    }

    /// <summary>Computes texts of the same length.</summary>
    private void Embed(int[][] texts, int length, Action<int, float[]> give)
    {
        int rows = texts.Length * length;
        var gemm = new Gemm(_team);
        var kernels = new RowKernels(_team);
        var attention = new Attention(
            _team, length, Architecture.Heads, Architecture.Dim / Architecture.Heads, 1 / MathF.Sqrt(Architecture.Dim / Architecture.Heads),
            training: false, CausalBias(length));
        var buffers = new PassBuffers(rows, texts.Length, Architecture);
        Matrix x = buffers.Tokens.AsMatrix(rows, Architecture.Dim);
        for (int row = 0; row < rows; row++)
        {
            (int text, int place) = Math.DivRem(row, length);
            ReadOnlySpan<float> token = _tokens.AsSpan(texts[text][place] * Architecture.Dim, Architecture.Dim);
            TensorPrimitives.Add(token, _positions.AsSpan(place * Architecture.Dim, Architecture.Dim), x.Row(row));
        }

        foreach (Block block in _blocks)
        {
            block.Run(x, buffers, gemm, kernels, attention);
        }

        Matrix last = buffers.Branch.AsMatrix(texts.Length, Architecture.Dim);
        Matrix y = buffers.Outputs.AsMatrix(texts.Length, Architecture.Outputs);
        for (int text = 0; text < texts.Length; text++)
        {
            x.Row((text + 1) * length - 1).CopyTo(last.Row(text));
        }

        _norm.Run(kernels, last, last);
        _projection.Run(gemm, last, y);
        kernels.NormalizeLength(y, y, NormalizeRows.Epsilon);
        for (int text = 0; text < texts.Length; text++)
        {
            give(text, y.Row(text).ToArray());
        }

        GC.KeepAlive(buffers);
    }

    /// <summary>The mask of attention scores: 0 for a token and those before it, minus infinity for later ones.</summary>
    private ScoreBias CausalBias(int length)
    {
        float[] mask = new float[length * length];
        for (int row = 0; row < length; row++)
        {
            mask.AsSpan(row * length + row + 1, length - row - 1).Fill(float.NegativeInfinity);
        }

        var bias = new ScoreBias(Architecture.Heads, new int[length * length], [mask], [0]);
        bias.Set(new float[Architecture.Heads]);
        return bias;
    }

    /// <summary>The memory of a pass; it must stay reachable until the pass is done.</summary>
    private sealed class PassBuffers(int rows, int texts, TextArchitecture architecture)
    {
        public PinnedBuffer Tokens { get; } = new((long)rows * architecture.Dim);

        public PinnedBuffer Branch { get; } = new((long)rows * architecture.Dim);

        public PinnedBuffer Qkv { get; } = new((long)rows * 3 * architecture.Dim);

        public PinnedBuffer Hidden { get; } = new((long)rows * architecture.Hidden);

        public PinnedBuffer Outputs { get; } = new((long)texts * architecture.Outputs);
    }

    /// <summary>Layer normalization with its weights.</summary>
    private sealed class Normalization(LayerNormalize norm, NamedTensors weights)
    {
        private readonly PinnedBuffer _gamma = PinnedBuffer.Of(weights[norm.Gamma!.Name].Data);
        private readonly PinnedBuffer _beta = PinnedBuffer.Of(weights[norm.Beta!.Name].Data);

        public void Run(RowKernels kernels, Matrix x, Matrix y)
            => kernels.Normalize(x, y, _gamma.AsMatrix(1, _gamma.Length), _beta.AsMatrix(1, _beta.Length), norm.Epsilon);
    }

    /// <summary>x += Proj(Attend(Qkv(LN(x)))), then x += fc2(act(fc1(LN(x)))).</summary>
    private sealed class Block
    {
        private readonly TextArchitecture _architecture;
        private readonly Normalization _attentionNorm;
        private readonly PackedProduct _qkv;
        private readonly PackedProduct _proj;
        private readonly Normalization _feedForwardNorm;
        private readonly PackedProduct _inner;
        private readonly PackedProduct _output;

        public Block(TextArchitecture architecture, int block, NamedTensors weights, ThreadTeam team)
        {
            _architecture = architecture;
            AttentionBlock attention = architecture.AttentionOf(block);
            VanillaFeedForward feedForward = architecture.FeedForwardOf(block);
            _attentionNorm = new Normalization(attention.Norm, weights);
            _qkv = new PackedProduct(attention.Qkv, weights, team);
            _proj = new PackedProduct(attention.Proj, weights, team);
            _feedForwardNorm = new Normalization((LayerNormalize)feedForward.Norm!, weights);
            _inner = new PackedProduct(feedForward.Inner, weights, team);
            _output = new PackedProduct(feedForward.Output, weights, team);
        }

        public void Run(Matrix x, PassBuffers buffers, Gemm gemm, RowKernels kernels, Attention attention)
        {
            Matrix branch = buffers.Branch.AsMatrix(x.Rows, x.Columns);
            Matrix qkv = buffers.Qkv.AsMatrix(x.Rows, 3 * x.Columns);
            _attentionNorm.Run(kernels, x, branch);
            _qkv.Run(gemm, branch, qkv);
            attention.Forward(qkv, branch);
            _proj.Run(gemm, branch, x, accumulate: true);

            Matrix hidden = buffers.Hidden.AsMatrix(x.Rows, _architecture.Hidden);
            _feedForwardNorm.Run(kernels, x, branch);
            _inner.Run(gemm, branch, hidden, _architecture.Activation);
            _output.Run(gemm, hidden, x, accumulate: true);
        }
    }
}
