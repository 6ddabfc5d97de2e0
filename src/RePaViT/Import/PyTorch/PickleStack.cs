namespace RePaViT.Import.PyTorch;

/// <summary>What the instructions of a pickle work on: values, and marks between them.</summary>
/// <param name="input">Where an instruction stands, for messages.</param>
internal sealed class PickleStack(PickleInput input)
{
    private static readonly object MarkValue = new();

    private readonly List<object?> _values = [];

    /// <summary>The number of values and marks.</summary>
    public int Count => _values.Count;

    /// <summary>Puts a mark on top.</summary>
    public void Mark() => _values.Add(MarkValue);

    /// <summary>Puts a value on top.</summary>
    public void Push(object? value) => _values.Add(value);

    /// <summary>The value on top, which stays there; a mark is none.</summary>
    public object? Peek() => _values.Count > 0 && _values[^1] != MarkValue ? _values[^1] : throw Missing();

    /// <summary>Takes the value on top; a mark is none.</summary>
    public object? Pop()
    {
        object? value = Peek();
        _values.RemoveAt(_values.Count - 1);
        return value;
    }

    /// <summary>Takes what is on top, also a mark.</summary>
    public void PopAny()
    {
        if (_values.Count == 0)
        {
            throw Missing();
        }

        _values.RemoveAt(_values.Count - 1);
    }

    /// <summary>Takes all values above the last mark, and the mark.</summary>
    public object?[] PopToMark()
    {
        int mark = _values.LastIndexOf(MarkValue);
        if (mark < 0)
        {
            throw Missing();
        }

        object?[] values = [.. _values.Skip(mark + 1)];
        _values.RemoveRange(mark, _values.Count - mark);
        return values;
    }

    private InvalidDataException Missing() => input.Refusal("an instruction needs a value that is missing");
}
