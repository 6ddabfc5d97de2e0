namespace RePaViT.Conversion;

/// <summary>An array for each batch, the same one as long as batches have the same size: large ones would pile up until they are collected.</summary>
internal sealed class BatchArray
{
    private float[] _values = [];

    /// <summary>The array; what was in it before is lost.</summary>
    public float[] Of(long length)
    {
        if (_values.LongLength != length)
        {
            _values = new float[length];
        }

        return _values;
    }
}
