namespace RePaViT.Kernels;

/// <summary>
/// What is added to the scores of attention within windows, scaled already: entries of a table for each head, and a mask for
/// each kind of window.
/// </summary>
internal sealed class ScoreBias
{
    private readonly int _heads;
    private readonly int _tokens;
    private readonly int[] _tableRows;
    private readonly float[][] _masks;
    private readonly int[] _kinds;
    private readonly PinnedBuffer _values;
    private readonly float[] _gradient;

    /// <param name="heads">Number of heads, which are the columns of the table.</param>
    /// <param name="tableRows">For each row of a window and each other one, the row of the table: [tokens * tokens].</param>
    /// <param name="masks">What else is added, for each kind: [tokens * tokens].</param>
    /// <param name="kinds">The kind of each window of an image.</param>
    public ScoreBias(int heads, int[] tableRows, float[][] masks, int[] kinds)
    {
        (_heads, _tableRows, _masks, _kinds) = (heads, tableRows, masks, kinds);
        _tokens = (int)Math.Sqrt(tableRows.Length);
        _values = new PinnedBuffer((long)masks.Length * heads * tableRows.Length);
        _gradient = new float[tableRows.Length];
    }

    /// <summary>What is added for a head in a window of the batch: [tokens, tokens].</summary>
    public Matrix In(int window, int head) => Of(_kinds[window % _kinds.Length], head);

    /// <summary>Takes another table, [rows, heads].</summary>
    public void Set(ReadOnlySpan<float> table)
    {
        for (int kind = 0; kind < _masks.Length; kind++)
        {
            for (int head = 0; head < _heads; head++)
            {
                Span<float> values = Of(kind, head).AsSpan();
                for (int i = 0; i < values.Length; i++)
                {
                    values[i] = table[_tableRows[i] * _heads + head] + _masks[kind][i];
                }
            }
        }
    }

    /// <summary>Adds the gradient of the table.</summary>
    /// <param name="attention">What added this bias, after its backward pass.</param>
    /// <param name="table">[rows, heads].</param>
    public void AddGradient(Attention attention, Span<float> table)
    {
        for (int head = 0; head < _heads; head++)
        {
            attention.GetBiasGradient(head, _gradient);
            for (int i = 0; i < _gradient.Length; i++)
            {
                table[_tableRows[i] * _heads + head] += _gradient[i];
            }
        }
    }

    private Matrix Of(int kind, int head)
        => _values.AsMatrix(_masks.Length * _heads * _tokens, _tokens).TakeRows((kind * _heads + head) * _tokens, _tokens);
}
