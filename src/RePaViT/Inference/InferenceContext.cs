using RePaViT.Kernels;
using RePaViT.Threading;

namespace RePaViT.Inference;

/// <summary>The buffers and kernels of one call at a time.</summary>
internal sealed class InferenceContext
{
    private readonly PinnedBuffer[] _buffers;
    private readonly object[] _kernels;

    /// <param name="team">The threads that compute.</param>
    /// <param name="imagesPerPass">Greatest number of images.</param>
    /// <param name="bufferLengths">Floats of each buffer, for one image.</param>
    /// <param name="kernels">Make what steps keep from one call to the next.</param>
    public InferenceContext(
        ThreadTeam team, int imagesPerPass, IReadOnlyList<long> bufferLengths, IReadOnlyList<Func<ThreadTeam, object>> kernels)
    {
        _buffers = new PinnedBuffer[bufferLengths.Count];
        for (int i = 0; i < _buffers.Length; i++)
        {
            _buffers[i] = new PinnedBuffer(imagesPerPass * bufferLengths[i]);
        }

        _kernels = [.. kernels.Select(create => create(team))];
        Team = team;
        Gemm = new Gemm(team);
        QuantizedGemm = new QuantizedGemm(team);
        Rows = new RowKernels(team);
        ImageKernels = new ImageKernels(team);
        Pooling = new AveragePooling(team);
        GroupNorm = new GroupNorm(team);
    }

    public ThreadTeam Team { get; }

    public Gemm Gemm { get; }

    public QuantizedGemm QuantizedGemm { get; }

    /// <summary>The left-hand factor of the last product of integers.</summary>
    public QuantizedRows Rounded { get; } = new();

    public RowKernels Rows { get; }

    public ImageKernels ImageKernels { get; }

    public AveragePooling Pooling { get; }

    public GroupNorm GroupNorm { get; }

    /// <summary>Images of this pass.</summary>
    public int Images { get; set; }

    public PinnedBuffer Buffer(int index) => _buffers[index];

    public T Kernel<T>(int index) => (T)_kernels[index];
}
