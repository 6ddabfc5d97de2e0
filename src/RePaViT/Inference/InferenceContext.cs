using RePaViT.Kernels;

namespace RePaViT.Inference;

/// <summary>The buffers and kernels of one call at a time.</summary>
internal sealed class InferenceContext
{
    private readonly InferenceShapes _shapes;
    private readonly Patches _patches;
    private readonly PinnedBuffer _patchRows;
    private readonly PinnedBuffer _tokens;
    private readonly PinnedBuffer _branch;
    private readonly PinnedBuffer _qkv;
    private readonly PinnedBuffer _hiddenA;
    private readonly PinnedBuffer _hiddenB;
    private readonly PinnedBuffer _logits;
    private bool _hiddenAInUse;

    public InferenceContext(ThreadTeam team, InferenceShapes shapes)
    {
        _shapes = shapes;
        long rows = (long)shapes.ImagesPerPass * shapes.Tokens;
        _patches = new Patches(team, shapes.ImageSize, shapes.PatchSize);
        _patchRows = new PinnedBuffer((long)shapes.ImagesPerPass * shapes.Patches * shapes.PatchLength);
        _tokens = new PinnedBuffer(rows * shapes.Dim);
        _branch = new PinnedBuffer(rows * shapes.Dim);
        _qkv = new PinnedBuffer(rows * 3 * shapes.Dim);
        _hiddenA = new PinnedBuffer(rows * shapes.HiddenWidth);
        _hiddenB = new PinnedBuffer(rows * shapes.HiddenWidth);
        _logits = new PinnedBuffer((long)shapes.ImagesPerPass * shapes.Classes);
        Team = team;
        Gemm = new Gemm(team);
        QuantizedGemm = new QuantizedGemm(team);
        Rows = new RowKernels(team);
        Attention = new Attention(
            team, shapes.Tokens, shapes.Heads, shapes.Dim / shapes.Heads, scale: 1, training: false);
    }

    public ThreadTeam Team { get; }

    public Gemm Gemm { get; }

    public QuantizedGemm QuantizedGemm { get; }

    /// <summary>The left-hand factor of the last product of integers.</summary>
    public QuantizedRows Rounded { get; } = new();

    public RowKernels Rows { get; }

    public Attention Attention { get; }

    /// <summary>Images of this pass.</summary>
    public int Images { get; private set; }

    /// <summary>What one step hands to the next: a row for each token of each image; behind the last attention, for each image.</summary>
    public Matrix Tokens { get; set; }

    /// <summary>Room for tokens: [images * tokens, dim].</summary>
    public Matrix TokenBuffer => _tokens.AsMatrix(Images * _shapes.Tokens, _shapes.Dim);

    /// <summary>Room for a residual branch, with as many rows as the tokens of now: [rows, dim].</summary>
    public Matrix Branch => _branch.AsMatrix(Tokens.Rows, _shapes.Dim);

    /// <summary>Room for queries, keys and values: [rows, 3 * dim].</summary>
    public Matrix Qkv => _qkv.AsMatrix(Tokens.Rows, 3 * _shapes.Dim);

    /// <summary>Room for the logits: [images, classes].</summary>
    public Matrix Logits => _logits.AsMatrix(Images, _shapes.Classes);

    public void Begin(ReadOnlySpan<float> images, int count)
    {
        Images = count;
        Tokens = _patchRows.AsMatrix(count * _shapes.Patches, _shapes.PatchLength);
        _patches.Gather(images, Tokens);
    }

    /// <summary>Goes on with the tokens of images, [count * tokens, dim], that went through earlier steps before.</summary>
    public void Continue(ReadOnlySpan<float> tokens, int count)
    {
        Images = count;
        Tokens = TokenBuffer;
        tokens.CopyTo(Tokens.AsSpan());
    }

    /// <summary>Room for hidden channels, [rows, width], that does not overlap what was given out last.</summary>
    public Matrix Hidden(int width)
    {
        _hiddenAInUse = !_hiddenAInUse;
        return (_hiddenAInUse ? _hiddenA : _hiddenB).AsMatrix(Tokens.Rows, width);
    }
}
