using RePaViT.Operators;

namespace RePaViT.Inference;

/// <summary>Gives values places in as few buffers as their lives allow.</summary>
internal sealed class BufferPlan
{
    private readonly List<long> _lengths = [];
    private readonly List<int> _free = [];

    /// <summary>Floats of each buffer, for one image.</summary>
    public IReadOnlyList<long> Lengths => _lengths;

    /// <summary>A place that nothing else stands in until its buffer is released.</summary>
    public ValuePlace Rent(Shape shape)
    {
        // The smallest that is large enough; otherwise the one that has to grow the least.
        int best = -1;
        foreach (int buffer in _free)
        {
            bool isLarge = _lengths[buffer] >= shape.Length;
            bool isBetter = best < 0
                || (isLarge ? _lengths[best] < shape.Length || _lengths[buffer] < _lengths[best] : _lengths[buffer] > _lengths[best]);
            if (isBetter)
            {
                best = buffer;
            }
        }

        if (best < 0)
        {
            _lengths.Add(shape.Length);
            return new ValuePlace(_lengths.Count - 1, shape);
        }

        _free.Remove(best);
        _lengths[best] = Math.Max(_lengths[best], shape.Length);
        return new ValuePlace(best, shape);
    }

    public void Release(int buffer) => _free.Add(buffer);
}
