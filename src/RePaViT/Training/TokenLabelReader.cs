using System.Buffers;
using System.Numerics.Tensors;
using System.Security.Cryptography;
using System.Text.Json;
using RePaViT.Data;
using RePaViT.IO;
using RePaViT.Threading;
using RePaViT.Weights;

namespace RePaViT.Training;

/// <summary>Labels of tokens from a file (<see cref="TokenLabelFile"/>), read image by image.</summary>
internal sealed class TokenLabelReader : ITokenLabelSource
{
    // Rounded to 16 bits, scores of a sum of 1 may add up to this much more.
    private const double SumTolerance = 1e-2;

    private const int BlockLength = 1 << 16;

    private readonly string _path;
    private readonly FileStream _file;
    private readonly LabelMap _map;
    private readonly int _perPlace;
    private readonly int _classCount;
    private readonly TensorPlace _classes;
    private readonly TensorPlace _scores;
    private readonly Func<int, int> _placeOf;

    private TokenLabelReader(string path, FileStream file, IImageDataset dataset)
    {
        (_path, _file, _classCount) = (path, file, dataset.ClassNames.Count);
        SafetensorsHeader header = Safetensors.ReadHeader(file, path);
        long dataStart = file.Position;
        ThrowUnlessSameClasses(header.Metadata, dataset.ClassNames);
        _classes = Find(header, dataStart, TokenLabelFile.ClassesName, ["I32", "I64"]);
        _scores = Find(header, dataStart, TokenLabelFile.ScoresName, ["F16", "F32"]);
        int[] shape = _classes.Entry.Shape;
        if (header.Entries.Count != 2 || shape.Length != 4 || shape.Contains(0) || !shape.SequenceEqual(_scores.Entry.Shape) || shape[3] > _classCount)
        {
            throw Refusal(
                $"Tensor '{TokenLabelFile.ClassesName}' has shape [{Excerpt.OfList(shape)}] and '{TokenLabelFile.ScoresName}' "
                + $"[{Excerpt.OfList(_scores.Entry.Shape)}], but these two alone are needed, both [images, rows, columns, classes of a place], "
                + $"with at most {_classCount} of these.");
        }

        (_map, _perPlace) = (new LabelMap(shape[1], shape[2]), shape[3]);
        _placeOf = dataset.PlacesIn(shape[0])
            ?? throw Refusal($"Tensor '{TokenLabelFile.ClassesName}' has labels for {shape[0]} images, but there are "
                + $"{dataset.DescribeCount()}.");
        Identity = $"file {CheckAndHash(dataStart, header.Entries)}";
    }

    /// <exception cref="InvalidDataException">The file is damaged, or not of these images; the message says where.</exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    /// <exception cref="UnauthorizedAccessException">It is a folder, or may not be read.</exception>
    public static TokenLabelReader Open(string path, IImageDataset dataset)
    {
        FileStream file = SourceFile.Open(path);
        try
        {
            return new TokenLabelReader(path, file, dataset);
        }
        catch (EndOfStreamException exception)
        {
            file.Dispose();
            throw new InvalidDataException($"{path}: the file became shorter while it was read.", exception);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    public string Identity { get; }

    public bool NeedsPixels => false;

    public void Fill(ImageView[] views, float[] pixels, int patchesPerSide, float[] targets)
    {
        int length = (1 + patchesPerSide * patchesPerSide) * _classCount;
        ParallelLoop.Run(views.Length, image => Fill(views[image], patchesPerSide, targets.AsSpan(image * length, length)));
    }

    public void Dispose() => _file.Dispose();

    private void Fill(ImageView view, int patchesPerSide, Span<float> target)
    {
        int length = _map.Places * _perPlace;
        float[] values = ArrayPool<float>.Shared.Rent(2 * length + _map.Places);
        Span<float> classes = values.AsSpan(0, length);
        Span<float> scores = values.AsSpan(length, length);
        Span<float> weights = values.AsSpan(2 * length, _map.Places);
        int place = _placeOf(view.Index);
        Read(_classes, place, classes);
        Read(_scores, place, scores);
        target.Clear();
        Span<float> ofImage = target[.._classCount];
        int patches = patchesPerSide * patchesPerSide;
        for (int patch = 0; patch < patches; patch++)
        {
            _map.Weigh(view.Transform, patchesPerSide, patch, weights);
            Span<float> row = target.Slice((1 + patch) * _classCount, _classCount);
            Sum(classes, scores, weights, row);
            TensorPrimitives.Add(ofImage, row, ofImage);
        }

        TensorPrimitives.Divide(ofImage, patches, ofImage);
        ArrayPool<float>.Shared.Return(values);
    }

    /// <summary>The label of a patch. What the classes of its places leave of 1 is shared by all classes.</summary>
    private void Sum(ReadOnlySpan<float> classes, ReadOnlySpan<float> scores, ReadOnlySpan<float> weights, Span<float> row)
    {
        for (int place = 0; place < weights.Length; place++)
        {
            // A patch shows few places.
            for (int i = place * _perPlace; i < (place + 1) * _perPlace && weights[place] != 0; i++)
            {
                row[(int)classes[i]] += weights[place] * scores[i];
            }
        }

        float sum = TensorPrimitives.Sum<float>(row);
        if (sum > 1)
        {
            TensorPrimitives.Divide(row, sum, row);
        }
        else
        {
            TensorPrimitives.Add(row, (1 - sum) / row.Length, row);
        }
    }

    private void Read(TensorPlace tensor, int image, Span<float> values)
    {
        SafetensorsType type = tensor.Entry.Type;
        int length = values.Length * type.Size;
        byte[] bytes = ArrayPool<byte>.Shared.Rent(length);
        if (RandomAccess.Read(_file.SafeFileHandle, bytes.AsSpan(0, length), tensor.Offset + (long)image * length) < length)
        {
            throw Refusal("The file became shorter while it was used.");
        }

        for (int i = 0; i < values.Length; i++)
        {
            values[i] = type.Decode(bytes.AsSpan(i * type.Size, type.Size));
        }

        ArrayPool<byte>.Shared.Return(bytes);
    }

    /// <summary>Reads the whole file.</summary>
    private string CheckAndHash(long dataStart, IReadOnlyList<SafetensorsEntry> entries)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        byte[] header = new byte[dataStart];
        _file.Position = 0;
        _file.ReadExactly(header);
        hash.AppendData(header);
        foreach (SafetensorsEntry entry in entries)
        {
            int size = entry.Type.Size;
            long places = entry.Length / _perPlace;
            int placesAtOnce = (int)Math.Min(places, Math.Max(1, BlockLength / (_perPlace * size)));
            byte[] block = new byte[placesAtOnce * _perPlace * size];
            float[] values = new float[_perPlace];
            for (long first = 0; first < places; first += placesAtOnce)
            {
                int count = (int)Math.Min(placesAtOnce, places - first);
                Span<byte> bytes = block.AsSpan(0, count * _perPlace * size);
                _file.ReadExactly(bytes);
                hash.AppendData(bytes);
                for (int place = 0; place < count; place++)
                {
                    for (int i = 0; i < _perPlace; i++)
                    {
                        values[i] = entry.Type.Decode(bytes.Slice((place * _perPlace + i) * size, size));
                    }

                    Check(entry, first + place, values);
                }
            }
        }

        return Convert.ToHexString(hash.GetHashAndReset());
    }

    private void Check(SafetensorsEntry entry, long place, ReadOnlySpan<float> values)
    {
        double sum = 0;
        foreach (float value in values)
        {
            bool isAccepted = entry == _classes.Entry
                ? value >= 0 && value < _classCount
                : value >= 0 && (sum += value) <= 1 + SumTolerance;
            if (!isAccepted)
            {
                string needed = entry == _classes.Entry
                    ? $"a class from 0 to {_classCount - 1} is"
                    : "probabilities that add up to at most 1 are";
                long image = Math.DivRem(place, _map.Places, out long inMap);
                throw Refusal(
                    $"Tensor '{entry.Name}' has {value} for image {image} at row {inMap / _map.Columns}, column {inMap % _map.Columns}, "
                    + $"but {needed} needed.");
            }
        }
    }

    private TensorPlace Find(SafetensorsHeader header, long dataStart, string name, string[] types)
    {
        long offset = dataStart;
        foreach (SafetensorsEntry entry in header.Entries)
        {
            if (entry.Name == name)
            {
                return types.Contains(entry.Type.Name)
                    ? new TensorPlace(entry, offset)
                    : throw Refusal($"Tensor '{name}' has type {entry.Type.Name}; {string.Join(" and ", types)} are accepted.");
            }

            offset += entry.Bytes;
        }

        throw Refusal($"Tensor '{name}' is missing.");
    }

    private void ThrowUnlessSameClasses(IReadOnlyDictionary<string, string> metadata, IReadOnlyList<string> classNames)
    {
        if (!metadata.TryGetValue(TokenLabelFile.ClassNamesKey, out string? json))
        {
            return;
        }

        string[]? names;
        try
        {
            names = RunJson.Stored.Parse<string[]>(json);
        }
        catch (JsonException exception)
        {
            throw Refusal($"Metadata '{TokenLabelFile.ClassNamesKey}' is not a list of texts. {Excerpt.OfMessage(exception)}");
        }

        if (names is null || !names.SequenceEqual(classNames))
        {
            throw Refusal($"Metadata '{TokenLabelFile.ClassNamesKey}' has class names that differ from the training data set's: the same "
                + "names, in the same order, are needed.");
        }
    }

    private InvalidDataException Refusal(string what) => new($"{_path}: {what}");

    private readonly record struct TensorPlace(SafetensorsEntry Entry, long Offset);
}
