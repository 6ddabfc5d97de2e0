using RePaViT.Weights;

namespace RePaViT.Import.Files;

/// <summary>What the elements of a stored tensor are.</summary>
/// <param name="Name">Its name in the file.</param>
/// <param name="Size">Bytes of an element.</param>
/// <param name="Numbers">How they become 32-bit floats; null for what no weights are made of.</param>
internal sealed record ElementType(string Name, int Size, SafetensorsType? Numbers)
{
    /// <summary>PyTorch's, by the name of their storage.</summary>
    public static IReadOnlyList<ElementType> OfPyTorch { get; } =
    [
        OfNumbers("FloatStorage", "F32"),
        OfNumbers("HalfStorage", "F16"),
        OfNumbers("BFloat16Storage", "BF16"),
        OfNumbers("DoubleStorage", "F64"),
        OfNumbers("LongStorage", "I64"),
        new("IntStorage", 4, null),
        new("ShortStorage", 2, null),
        new("CharStorage", 1, null),
        new("ByteStorage", 1, null),
        new("BoolStorage", 1, null),
        new("ComplexFloatStorage", 8, null),
        new("ComplexDoubleStorage", 16, null),
        new("UntypedStorage", 1, null),
    ];

    private static ElementType OfNumbers(string storage, string type)
    {
        SafetensorsType numbers = SafetensorsType.All.First(other => other.Name == type);
        return new(storage, numbers.Size, numbers);
    }
}
