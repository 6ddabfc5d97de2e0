namespace RePaViT.Kernels;

/// <summary>Memory for whatever is needed next; grows, never shrinks. What was there before is lost.</summary>
internal sealed class ScratchBuffer
{
    private PinnedBuffer _buffer = new(0);

    public Matrix AsMatrix(int rows, int columns)
    {
        EnsureLength((long)rows * columns);
        return _buffer.AsMatrix(rows, columns);
    }

    public PinnedBuffer EnsureLength(long length)
    {
        if (length > _buffer.Length)
        {
            _buffer = new PinnedBuffer(length);
        }

        return _buffer;
    }
}
