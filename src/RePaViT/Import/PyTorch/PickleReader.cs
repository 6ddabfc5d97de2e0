using System.Text;
using RePaViT.IO;

namespace RePaViT.Import.PyTorch;

/// <summary>
/// Reads a pickle as data. A pickle is a program that may name any code; this reader has no way to call any. It knows how
/// PyTorch describes tensors and containers, and whatever else is named becomes an <see cref="InertValue"/>.
/// </summary>
internal sealed class PickleReader
{
    // A training checkpoint with a thousand tensors takes about a tenth of a million.
    private const int MaxOperations = 1 << 20;

    private const byte NewestProtocol = 5;

    private static readonly object StackMark = new();

    private readonly PickleInput _input;
    private readonly PickleCalls _calls;
    private readonly List<object?> _stack = [];

    // Sorted: a hash table could be filled with numbers that all fall into one place.
    private readonly SortedDictionary<long, object?> _memo = [];

    private PickleReader(PickleInput input, PickleCalls calls)
    {
        _input = input;
        _calls = calls;
    }

    /// <summary>Reads one pickle, to the end that it announces.</summary>
    /// <param name="input">Its bytes.</param>
    /// <param name="calls">What PyTorch's constructors make.</param>
    /// <returns>
    /// null, a <see cref="bool"/>, <see cref="long"/>, <see cref="double"/>, text, array of bytes or, for a tuple, of objects,
    /// or one of the classes beside this one.
    /// </returns>
    /// <exception cref="InvalidDataException">It is damaged, or needs what no file of weights does.</exception>
    public static object? Read(PickleInput input, PickleCalls calls) => new PickleReader(input, calls).Read();

    private object? Read()
    {
        for (int operation = 0; operation < MaxOperations; operation++)
        {
            var opcode = (PickleOpcode)_input.ReadByte();
            if (opcode == PickleOpcode.Stop)
            {
                object? result = Pop();
                return _stack.Count == 0 ? result : throw _input.Refusal($"{_stack.Count} values are left over at its end");
            }

            Execute(opcode);
        }

        throw _input.Refusal($"it has more than {MaxOperations} instructions");
    }

    private void Execute(PickleOpcode opcode)
    {
        switch (opcode)
        {
            case PickleOpcode.Protocol:
                byte protocol = _input.ReadByte();
                if (protocol > NewestProtocol)
                {
                    throw _input.Refusal($"protocol {protocol} is not known; {NewestProtocol} is the newest that is");
                }

                break;
            case PickleOpcode.Frame:
                // Only a hint how much to read at once.
                _input.ReadInt64();
                break;
            case PickleOpcode.Mark:
                _stack.Add(StackMark);
                break;
            case PickleOpcode.Pop:
                PopAny();
                break;
            case PickleOpcode.PopMark:
                PopToMark();
                break;
            case PickleOpcode.Duplicate:
                Push(Peek());
                break;
            case PickleOpcode.Memoize:
                _memo[_memo.Count] = Peek();
                break;
            case PickleOpcode.Put8:
                _memo[_input.ReadByte()] = Peek();
                break;
            case PickleOpcode.Put32:
                _memo[_input.ReadUInt32()] = Peek();
                break;
            case PickleOpcode.Get8:
                Push(Recall(_input.ReadByte()));
                break;
            case PickleOpcode.Get32:
                Push(Recall(_input.ReadUInt32()));
                break;
            case PickleOpcode.Global:
                Push(new PickleGlobal(_input.ReadLine(), _input.ReadLine()));
                break;
            case PickleOpcode.StackGlobal:
                string name = PopName();
                Push(new PickleGlobal(PopName(), name));
                break;
            case PickleOpcode.PersistentId:
                Push(_calls.Load(Pop(), _input));
                break;
            case PickleOpcode.Reduce or PickleOpcode.NewObject:
                object?[] arguments = PopTuple();
                Push(_calls.Call(Pop(), arguments, _input));
                break;
            case PickleOpcode.NewObjectWithNames:
                Pop();
                object?[] positional = PopTuple();
                Push(_calls.Call(Pop(), positional, _input));
                break;
            case PickleOpcode.Build:
                Build();
                break;
            default:
                if (!TryPushConstant(opcode) && !TryContain(opcode))
                {
                    throw _input.Refusal($"instruction 0x{(byte)opcode:x2} is none that a file of weights needs");
                }

                break;
        }
    }

    /// <summary>Numbers, texts and bytes.</summary>
    private bool TryPushConstant(PickleOpcode opcode)
    {
        object? constant;
        switch (opcode)
        {
            case PickleOpcode.None:
                constant = null;
                break;
            case PickleOpcode.True or PickleOpcode.False:
                constant = opcode == PickleOpcode.True;
                break;
            case PickleOpcode.Int32:
                constant = (long)_input.ReadInt32();
                break;
            case PickleOpcode.UInt8:
                constant = (long)_input.ReadByte();
                break;
            case PickleOpcode.UInt16:
                constant = (long)_input.ReadUInt16();
                break;
            case PickleOpcode.Long8:
                constant = ReadLong(_input.ReadByte());
                break;
            case PickleOpcode.Long32:
                constant = ReadLong(_input.ReadInt32());
                break;
            case PickleOpcode.Float64:
                constant = _input.ReadBigEndianDouble();
                break;
            case PickleOpcode.Text8:
                constant = _input.ReadText(_input.ReadByte());
                break;
            case PickleOpcode.Text32:
                constant = _input.ReadText(_input.ReadUInt32());
                break;
            case PickleOpcode.Text64:
                constant = _input.ReadText(_input.ReadInt64());
                break;
            case PickleOpcode.OldBytes8:
                // Python 2 made no difference between bytes and text; names and keys are text.
                constant = Encoding.Latin1.GetString(_input.ReadBytes(_input.ReadByte()));
                break;
            case PickleOpcode.OldBytes32:
                constant = Encoding.Latin1.GetString(_input.ReadBytes(_input.ReadInt32()));
                break;
            case PickleOpcode.Bytes8:
                constant = _input.ReadBytes(_input.ReadByte());
                break;
            case PickleOpcode.Bytes32:
                constant = _input.ReadBytes(_input.ReadUInt32());
                break;
            case PickleOpcode.Bytes64 or PickleOpcode.ByteArray64:
                constant = _input.ReadBytes(_input.ReadInt64());
                break;
            default:
                return false;
        }

        Push(constant);
        return true;
    }

    /// <summary>Lists, tuples, dictionaries and sets.</summary>
    private bool TryContain(PickleOpcode opcode)
    {
        switch (opcode)
        {
            case PickleOpcode.EmptyTuple:
                Push(Array.Empty<object?>());
                break;
            case PickleOpcode.Tuple:
                Push(PopToMark());
                break;
            case PickleOpcode.Tuple1:
                Push(new[] { Pop() });
                break;
            case PickleOpcode.Tuple2:
                object? second = Pop();
                Push(new[] { Pop(), second });
                break;
            case PickleOpcode.Tuple3:
                (object? last, object? middle) = (Pop(), Pop());
                Push(new[] { Pop(), middle, last });
                break;
            case PickleOpcode.EmptyList or PickleOpcode.EmptySet:
                Push(new PickleList());
                break;
            case PickleOpcode.List or PickleOpcode.FrozenSet:
                object?[] items = PopToMark();
                Push(new PickleList());
                AddTo(Peek(), items);
                break;
            case PickleOpcode.Append:
                object? item = Pop();
                AddTo(Peek(), [item]);
                break;
            case PickleOpcode.AppendAll or PickleOpcode.AddItems:
                object?[] appended = PopToMark();
                AddTo(Peek(), appended);
                break;
            case PickleOpcode.EmptyDictionary:
                Push(new PickleDictionary());
                break;
            case PickleOpcode.Dictionary:
                object?[] pairs = PopToMark();
                Push(new PickleDictionary());
                SetIn(Peek(), pairs);
                break;
            case PickleOpcode.SetItem:
                object? value = Pop();
                object? key = Pop();
                SetIn(Peek(), [key, value]);
                break;
            case PickleOpcode.SetItems:
                object?[] set = PopToMark();
                SetIn(Peek(), set);
                break;
            default:
                return false;
        }

        return true;
    }

    /// <summary>Gives an object its attributes. Only what is inert keeps them; containers and tensors need none.</summary>
    private void Build()
    {
        object? state = Pop();
        switch (Peek())
        {
            case InertValue inert:
                // With slots, a tuple of the dictionary and the slots.
                inert.State = (state is object?[] and [var attributes, var slots] ? attributes ?? slots : state) as PickleDictionary;
                break;
            case PickleDictionary or PickleTensor:
                break;
            case var other:
                throw _input.Refusal($"attributes are given to {Describe(other)}");
        }
    }

    private void AddTo(object? target, object?[] items)
    {
        switch (target)
        {
            case PickleList list:
                foreach (object? item in items)
                {
                    list.Add(item);
                }

                break;
            case InertValue:
                break;
            default:
                throw _input.Refusal($"items are appended to {Describe(target)}");
        }
    }

    private void SetIn(object? target, object?[] pairs)
    {
        if (pairs.Length % 2 != 0)
        {
            throw _input.Refusal("a key has no value");
        }

        switch (target)
        {
            case PickleDictionary dictionary:
                for (int i = 0; i < pairs.Length; i += 2)
                {
                    dictionary.Set(pairs[i], pairs[i + 1]);
                }

                break;
            case InertValue:
                break;
            default:
                throw _input.Refusal($"items are set in {Describe(target)}");
        }
    }

    /// <summary>A whole number of so many bytes; null for one that is no 64-bit number, which no weights depend on.</summary>
    private long? ReadLong(int length)
    {
        byte[] bytes = _input.ReadBytes(length);
        if (bytes.Length > sizeof(long))
        {
            return null;
        }

        long value = bytes.Length > 0 && bytes[^1] >= 0x80 ? -1 : 0;
        for (int i = bytes.Length - 1; i >= 0; i--)
        {
            value = (value << 8) | bytes[i];
        }

        return value;
    }

    private object? Recall(long index) => _memo.TryGetValue(index, out object? value)
        ? value
        : throw _input.Refusal($"value {index} is recalled, but was never kept");

    private void Push(object? value) => _stack.Add(value);

    private object? Peek() => _stack.Count > 0 && _stack[^1] != StackMark ? _stack[^1] : throw Missing();

    private object? Pop()
    {
        object? value = Peek();
        _stack.RemoveAt(_stack.Count - 1);
        return value;
    }

    private void PopAny()
    {
        if (_stack.Count == 0)
        {
            throw Missing();
        }

        _stack.RemoveAt(_stack.Count - 1);
    }

    private object?[] PopToMark()
    {
        int mark = _stack.LastIndexOf(StackMark);
        if (mark < 0)
        {
            throw Missing();
        }

        object?[] values = [.. _stack.Skip(mark + 1)];
        _stack.RemoveRange(mark, _stack.Count - mark);
        return values;
    }

    private string PopName() => Pop() is string { Length: <= PickleInput.MaxNameLength } name
        ? name
        : throw _input.Refusal($"code is named by something that is no text of up to {PickleInput.MaxNameLength} characters");

    private object?[] PopTuple() => Pop() is object?[] tuple ? tuple : throw _input.Refusal("arguments are no tuple");

    private InvalidDataException Missing() => _input.Refusal("an instruction needs a value that is not there");

    /// <summary>What kind of thing a value is, as messages say it.</summary>
    public static string Describe(object? value) => value switch
    {
        null => "None",
        bool => "a truth value",
        long or double => "a number",
        string => "a text",
        byte[] => "bytes",
        object?[] => "a tuple",
        PickleList => "a list",
        PickleDictionary => "a dictionary",
        PickleTensor => "a tensor",
        PickleStorage => "a storage",
        PickleGlobal global => $"the code '{Excerpt.Of(global.ToString())}'",
        InertValue inert => $"a '{Excerpt.Of(inert.Type)}'",
        _ => "a value",
    };
}
