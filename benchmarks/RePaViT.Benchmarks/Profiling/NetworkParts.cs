using RePaViT.Architectures;
using RePaViT.Kernels;

namespace RePaViT.Benchmarks.Profiling;

/// <summary>One kind of work in a network: what a call of the network does of it, by itself.</summary>
/// <param name="Name">What it is, with its shape.</param>
/// <param name="MultiplyAdds">Of one run.</param>
/// <param name="Run">Does as much of it as one call of the network.</param>
internal sealed record NetworkPart(string Name, double MultiplyAdds, Action Run);

/// <summary>
/// The kernels that a network calls, with the shapes it calls them with. Each block has weights of its own here too, so
/// that they come from where they come from in the network.
/// </summary>
internal sealed class NetworkParts
{
    private readonly ThreadTeam _team;
    private readonly Gemm _gemm;
    private readonly RowKernels _rowKernels;
    private readonly int _images;
    private readonly int _tokens;
    private readonly PinnedBuffer _x;
    private readonly PinnedBuffer _y;
    private readonly PinnedBuffer _vector;

    /// <param name="network">A deployed or vanilla network.</param>
    /// <param name="architecture">What it is.</param>
    /// <param name="images">Images of a call.</param>
    /// <param name="threads">Threads that share it.</param>
    public NetworkParts(Network network, ViTArchitecture architecture, int images, int threads)
    {
        _team = ThreadTeam.Get(threads);
        _gemm = new Gemm(_team);
        _rowKernels = new RowKernels(_team);
        _images = images;
        AttentionBlock[] attentions = [.. network.Layers.OfType<AttentionBlock>()];
        _tokens = attentions[0].Tokens;
        int widest = Math.Max(5 * architecture.Dim, 3 * architecture.PatchSize * architecture.PatchSize);
        _x = Noise((long)images * _tokens * widest);
        _y = Noise((long)images * _tokens * widest);
        _vector = Noise(Math.Max(widest, architecture.Classes));

        int rows = images * _tokens;
        int dim = architecture.Dim;
        PatchEmbedding input = network.Layers.OfType<PatchEmbedding>().Single();
        ReparameterizedFeedForward[] deployed = [.. network.Layers.OfType<ReparameterizedFeedForward>()];
        VanillaFeedForward[] vanilla = [.. network.Layers.OfType<VanillaFeedForward>()];

        // The last block has keys and values of all tokens, and of everything else no more than one row for each image.
        int blocks = attentions.Length - 1;
        List<NetworkPart> parts =
        [
            GatherPatches(input),
            Product("patch embedding", 1, images * input.Tokens, input.PatchLength, dim),
            Normalize(blocks + Math.Min(vanilla.Length, blocks) + 1, rows, dim),
            Product("queries, keys, values", blocks, rows, dim, 3 * dim),
            Attend(blocks, attentions[0]),
            Product("projection", blocks, rows, dim, dim, accumulate: true),
        ];
        if (vanilla.Length > 0)
        {
            parts.Add(Product("first feed-forward product", blocks, rows, dim, vanilla[0].Hidden));
            parts.Add(Product("second feed-forward product", blocks, rows, vanilla[0].Hidden, dim, accumulate: true));
            parts.Add(ApplyGelu(blocks, rows, vanilla[0].Hidden));
        }

        if (deployed.Length > 0)
        {
            int active = deployed[0].Active;
            parts.Add(Product("first feed-forward product", blocks, rows, dim, active + dim));
            parts.Add(Product("second feed-forward product", blocks, rows, active, dim, bias: false, accumulate: true));
            parts.Add(ApplyGelu(blocks, rows, active));
        }

        parts.Add(Product("keys, values of the last block", 1, rows, dim, 2 * dim));
        parts.Add(Product("head", 1, images, dim, architecture.Classes));
        Parts = parts;
    }

    public IReadOnlyList<NetworkPart> Parts { get; }

    private static PinnedBuffer Noise(long length)
    {
        var buffer = new PinnedBuffer(length);
        var random = new Random(1);
        foreach (ref float value in buffer.Span)
        {
            value = (float)(random.NextDouble() - 0.5);
        }

        return buffer;
    }

    private NetworkPart GatherPatches(PatchEmbedding input)
    {
        var patches = new Patches(_team, input.ImageSize, input.PatchSize);
        float[] images = new float[_images * input.Channels * input.ImageSize * input.ImageSize];
        return new("cut into patches", 0, () => patches.Gather(images, _x.AsMatrix(_images * input.Tokens, input.PatchLength)));
    }

    private NetworkPart Product(string name, int calls, int rows, int depth, int columns, bool bias = true, bool accumulate = false)
    {
        PinnedBuffer weight = Noise((long)depth * columns);
        PackedMatrix[] weights =
            [.. Enumerable.Range(0, calls).Select(_ => PackedMatrix.OfLinearWeight(_team, weight.AsMatrix(columns, depth)))];
        GemmEpilogue epilogue = bias ? GemmEpilogue.AddBias(_vector.AsMatrix(1, columns)) : default;
        return new($"{name}: {calls} x [{rows}, {depth}] [{depth}, {columns}]", (double)calls * rows * depth * columns, () =>
        {
            foreach (PackedMatrix packed in weights)
            {
                _gemm.Multiply(_x.AsMatrix(rows, depth), packed, _y.AsMatrix(rows, columns), epilogue, accumulate);
            }
        });
    }

    private NetworkPart Normalize(int calls, int rows, int dim)
        => new($"normalization: {calls} x [{rows}, {dim}]", 0, () =>
        {
            for (int call = 0; call < calls; call++)
            {
                _rowKernels.Normalize(_x.AsMatrix(rows, dim), _y.AsMatrix(rows, dim), default, default, 1e-6f);
            }
        });

    private NetworkPart Attend(int calls, AttentionBlock layer)
    {
        var attention = new Attention(_team, layer.Tokens, layer.Heads, layer.HeadDim, scale: 1, training: false);
        int rows = _images * layer.Tokens;
        return new(
            $"attention: {calls} x [{_images} x {layer.Heads}, {layer.Tokens}, {layer.HeadDim}]",
            2.0 * calls * rows * layer.Tokens * layer.Dim,
            () =>
            {
                for (int call = 0; call < calls; call++)
                {
                    attention.Forward(_x.AsMatrix(rows, 3 * layer.Dim), _y.AsMatrix(rows, layer.Dim));
                }
            });
    }

    private NetworkPart ApplyGelu(int calls, int rows, int columns)
    {
        void Chunk(int chunk, int worker)
        {
            Matrix x = _x.AsMatrix(rows, columns).Chunk(chunk);
            Gelu.Forward(x.AsSpan(), _y.AsMatrix(rows, columns).Chunk(chunk).AsSpan());
        }

        return new($"GELU: {calls} x [{rows}, {columns}]", 0, () =>
        {
            for (int call = 0; call < calls; call++)
            {
                _team.Run(RowChunks.Count(rows), Chunk);
            }
        });
    }
}
