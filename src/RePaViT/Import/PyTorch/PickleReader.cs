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

    private readonly PickleInput _input;
    private readonly PickleCalls _calls;
    private readonly PickleStack _stack;

    // Sorted: a hash table could be filled with numbers that all fall into one place.
    private readonly SortedDictionary<long, object?> _memo = [];

    private PickleReader(PickleInput input, PickleCalls calls)
    {
        _input = input;
        _stack = new PickleStack(input);
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
                object? result = _stack.Pop();
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
                _stack.Mark();
                break;
            case PickleOpcode.Pop:
                _stack.PopAny();
                break;
            case PickleOpcode.PopMark:
                _stack.PopToMark();
                break;
            case PickleOpcode.Duplicate:
                _stack.Push(_stack.Peek());
                break;
            case PickleOpcode.Memoize:
                _memo[_memo.Count] = _stack.Peek();
                break;
            case PickleOpcode.Put8:
                _memo[_input.ReadByte()] = _stack.Peek();
                break;
            case PickleOpcode.Put32:
                _memo[_input.ReadUInt32()] = _stack.Peek();
                break;
            case PickleOpcode.Get8:
                _stack.Push(Recall(_input.ReadByte()));
                break;
            case PickleOpcode.Get32:
                _stack.Push(Recall(_input.ReadUInt32()));
                break;
            case PickleOpcode.Global:
                _stack.Push(new PickleGlobal(_input.ReadLine(), _input.ReadLine()));
                break;
            case PickleOpcode.StackGlobal:
                string name = PopName();
                _stack.Push(new PickleGlobal(PopName(), name));
                break;
            case PickleOpcode.PersistentId:
                _stack.Push(_calls.Load(_stack.Pop(), _input));
                break;
            case PickleOpcode.Reduce or PickleOpcode.NewObject:
                object?[] arguments = PopTuple();
                _stack.Push(_calls.Call(_stack.Pop(), arguments, _input));
                break;
            case PickleOpcode.NewObjectWithNames:
                _stack.Pop();
                object?[] positional = PopTuple();
                _stack.Push(_calls.Call(_stack.Pop(), positional, _input));
                break;
            case PickleOpcode.Build:
                Build();
                break;
            default:
                if (PickleConstants.TryRead(opcode, _input, out object? constant))
                {
                    _stack.Push(constant);
                }
                else if (!TryContain(opcode))
                {
                    throw _input.Refusal($"instruction 0x{(byte)opcode:x2} is not one that a file of weights needs");
                }

                break;
        }
    }

    /// <summary>Lists, tuples, dictionaries and sets.</summary>
    private bool TryContain(PickleOpcode opcode)
    {
        switch (opcode)
        {
            case PickleOpcode.EmptyTuple:
                _stack.Push(Array.Empty<object?>());
                break;
            case PickleOpcode.Tuple:
                _stack.Push(_stack.PopToMark());
                break;
            case PickleOpcode.Tuple1:
                _stack.Push(new[] { _stack.Pop() });
                break;
            case PickleOpcode.Tuple2:
                object? second = _stack.Pop();
                _stack.Push(new[] { _stack.Pop(), second });
                break;
            case PickleOpcode.Tuple3:
                (object? last, object? middle) = (_stack.Pop(), _stack.Pop());
                _stack.Push(new[] { _stack.Pop(), middle, last });
                break;
            case PickleOpcode.EmptyList or PickleOpcode.EmptySet:
                _stack.Push(new PickleList());
                break;
            case PickleOpcode.List or PickleOpcode.FrozenSet:
                object?[] items = _stack.PopToMark();
                _stack.Push(new PickleList());
                AddTo(_stack.Peek(), items);
                break;
            case PickleOpcode.Append:
                object? item = _stack.Pop();
                AddTo(_stack.Peek(), [item]);
                break;
            case PickleOpcode.AppendAll or PickleOpcode.AddItems:
                object?[] appended = _stack.PopToMark();
                AddTo(_stack.Peek(), appended);
                break;
            case PickleOpcode.EmptyDictionary:
                _stack.Push(new PickleDictionary());
                break;
            case PickleOpcode.Dictionary:
                object?[] pairs = _stack.PopToMark();
                _stack.Push(new PickleDictionary());
                SetIn(_stack.Peek(), pairs);
                break;
            case PickleOpcode.SetItem:
                object? value = _stack.Pop();
                object? key = _stack.Pop();
                SetIn(_stack.Peek(), [key, value]);
                break;
            case PickleOpcode.SetItems:
                object?[] set = _stack.PopToMark();
                SetIn(_stack.Peek(), set);
                break;
            default:
                return false;
        }

        return true;
    }

    /// <summary>Gives an object its attributes. Only what is inert keeps them; containers and tensors need none.</summary>
    private void Build()
    {
        object? state = _stack.Pop();
        switch (_stack.Peek())
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

    private object? Recall(long index) => _memo.TryGetValue(index, out object? value)
        ? value
        : throw _input.Refusal($"value {index} is recalled, but was never stored");

    private string PopName() => _stack.Pop() is string { Length: <= PickleInput.MaxNameLength } name
        ? name
        : throw _input.Refusal($"code is named by something that is not a string of up to {PickleInput.MaxNameLength} characters");

    private object?[] PopTuple() => _stack.Pop() is object?[] tuple ? tuple : throw _input.Refusal("arguments are not a tuple");

    /// <summary>What kind of thing a value is, as messages say it.</summary>
    public static string Describe(object? value) => value switch
    {
        null => "None",
        bool => "a truth value",
        long or double => "a number",
        string => "a string",
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
