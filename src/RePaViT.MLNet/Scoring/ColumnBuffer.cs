using System.Runtime.ExceptionServices;
using Microsoft.ML;
using Microsoft.ML.Data;

namespace RePaViT.MLNet.Scoring;

/// <summary>Values of a column that were read ahead, one a slot.</summary>
internal abstract class ColumnBuffer
{
    private ExceptionDispatchInfo?[] _failures = [];

    /// <summary>
    /// Whether values of a type may be kept when the cursor moves on. Images and values of a user's own types may be
    /// disposed or overwritten.
    /// </summary>
    public static bool CanHold(DataViewType type) => type is PrimitiveDataViewType or VectorDataViewType;

    /// <summary>Makes a buffer for an active column of a cursor that <see cref="CanHold"/>.</summary>
    public static ColumnBuffer Create(DataViewRowCursor cursor, DataViewSchema.Column column)
    {
        (Type buffer, Type value) = column.Type is VectorDataViewType vector
            ? (typeof(VectorBuffer<>), vector.ItemType.RawType)
            : (typeof(ScalarBuffer<>), column.Type.RawType);
        return (ColumnBuffer)Activator.CreateInstance(buffer.MakeGenericType(value), cursor, column)!;
    }

    /// <summary>Makes a buffer for the rows' identities.</summary>
    public static ScalarBuffer<DataViewRowId> CreateForIds(DataViewRowCursor cursor) => new(cursor.GetIdGetter());

    /// <summary>Makes room.</summary>
    public virtual void Resize(int slots) => Array.Resize(ref _failures, slots);

    /// <summary>Reads the value of the row that the cursor stands on. What it throws waits for whoever wants the value.</summary>
    public void Read(int slot)
    {
        _failures[slot] = null;
        try
        {
            ReadValue(slot);
        }
        catch (Exception exception)
        {
            _failures[slot] = ExceptionDispatchInfo.Capture(exception);
        }
    }

    /// <summary>A <see cref="ValueGetter{TValue}"/> of the value in the slot that <paramref name="current"/> says.</summary>
    public abstract Delegate CreateGetter(Func<int> current);

    protected void ThrowIfFailed(int slot) => _failures[slot]?.Throw();

    protected abstract void ReadValue(int slot);
}

/// <summary>Values that stay as they are.</summary>
internal sealed class ScalarBuffer<T>(ValueGetter<T> getter) : ColumnBuffer
{
    private T[] _values = [];

    public ScalarBuffer(DataViewRowCursor cursor, DataViewSchema.Column column)
        : this(cursor.GetGetter<T>(column))
    {
    }

    public override void Resize(int slots)
    {
        base.Resize(slots);
        Array.Resize(ref _values, slots);
    }

    public override Delegate CreateGetter(Func<int> current)
        => (ValueGetter<T>)((ref T value) =>
        {
            int slot = current();
            ThrowIfFailed(slot);
            value = _values[slot];
        });

    protected override void ReadValue(int slot) => getter(ref _values[slot]);
}

/// <summary>Vectors, whose memory belongs to whoever reads them.</summary>
internal sealed class VectorBuffer<T>(DataViewRowCursor cursor, DataViewSchema.Column column) : ColumnBuffer
{
    private readonly ValueGetter<VBuffer<T>> _getter = cursor.GetGetter<VBuffer<T>>(column);
    private VBuffer<T>[] _values = [];

    public override void Resize(int slots)
    {
        base.Resize(slots);
        Array.Resize(ref _values, slots);
    }

    public override Delegate CreateGetter(Func<int> current)
        => (ValueGetter<VBuffer<T>>)((ref VBuffer<T> value) =>
        {
            int slot = current();
            ThrowIfFailed(slot);
            _values[slot].CopyTo(ref value);
        });

    protected override void ReadValue(int slot) => _getter(ref _values[slot]);
}
