using RePaViT.Import.Files;
using RePaViT.Import.Resampling;
using RePaViT.IO;
using RePaViT.Layers;
using RePaViT.Operators;

using RePaViT.Data;

namespace RePaViT.Import;

/// <summary>Puts the tensors of a network together from those of a file.</summary>
/// <param name="context">What is known of it.</param>
/// <param name="fileLength">Bytes of the file, which justify as much to be read.</param>
internal sealed class PretrainedWeights(PretrainedContext context, long fileLength)
{
    private const string ClassToken = "cls_token";

    /// <summary>Our name of register tokens, where they are one tensor.</summary>
    public const string Registers = "reg_token";

    // Files share tensors now and then, but never more than they hold.
    private const int MaxShare = 2;

    private long _bytesRead;

    /// <summary>The tensors of some layers.</summary>
    /// <param name="layers">The layers.</param>
    /// <param name="cancellationToken">Stops it between two layers.</param>
    /// <exception cref="InvalidDataException">A tensor is missing, or has another shape.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public NamedTensors Read(IEnumerable<Layer> layers, CancellationToken cancellationToken)
    {
        var weights = new NamedTensors();
        foreach (Layer layer in layers)
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (layer is TokenEmbedding tokens)
            {
                ReadTokens(tokens, weights);
                continue;
            }

            foreach (TensorSpec tensor in layer.Tensors)
            {
                weights.Add(tensor.Name, new WeightTensor(ReadScaled(tensor), tensor.Shape));
            }
        }

        return weights;
    }

    /// <summary>Some tensors of a network that has no layers of this library's.</summary>
    /// <param name="tensors">The tensors.</param>
    /// <param name="cancellationToken">Stops it between two.</param>
    /// <exception cref="InvalidDataException">A tensor is missing, or has another shape.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public NamedTensors Read(IEnumerable<TensorSpec> tensors, CancellationToken cancellationToken)
    {
        var weights = new NamedTensors();
        foreach (TensorSpec tensor in tensors)
        {
            cancellationToken.ThrowIfCancellationRequested();
            weights.Add(tensor.Name, new WeightTensor(ReadScaled(tensor), tensor.Shape));
        }

        return weights;
    }

    /// <summary>A tensor of one number.</summary>
    /// <exception cref="InvalidDataException">It is missing, or of more numbers.</exception>
    public float ReadScalar(string name)
    {
        StoredTensor only = context.Source.Take(name) is [StoredTensor part] ? part : throw context.Missing(name);
        return only.Length == 1 ? ReadPart(only)[0] : throw WrongShape(only.Name, only.Shape, []);
    }

    private float[] ReadScaled(TensorSpec tensor)
    {
        float[] values = Read(tensor);
        int dot = tensor.Name.LastIndexOf('.');
        if (dot < 0 || context.Source.TakeScale(tensor.Name[..dot]) is not StoredTensor scale)
        {
            return values;
        }

        if (scale.Length != tensor.Shape[0])
        {
            throw WrongShape(scale.Name, scale.Shape, [tensor.Shape[0]]);
        }

        float[] factors = ReadPart(scale);
        int width = values.Length / factors.Length;
        for (int i = 0; i < values.Length; i++)
        {
            values[i] *= factors[i / width];
        }

        return values;
    }

    private float[] Read(TensorSpec tensor)
    {
        if (HasNoBias(tensor.Name))
        {
            return new float[tensor.Length];
        }

        int[] shape = context.Source.ShapeOf(tensor.Name) ?? throw context.Missing(tensor.Name);
        if (!PretrainedContext.WithDimensions(shape, tensor.Shape.Length).AsSpan().SequenceEqual(tensor.Shape))
        {
            return tensor.Name.EndsWith(RelativePositionTable.NameEnd, StringComparison.Ordinal) && RelativePositionTable.Fits(shape, tensor.Shape)
                ? ReadRelativePositions(tensor, shape)
                : throw WrongShape(tensor.Name, shape, tensor.Shape);
        }

        StoredTensor[] parts = context.Source.Take(tensor.Name)!;
        return parts is [StoredTensor only] ? ReadPart(only) : [.. parts.SelectMany(ReadPart)];
    }

    /// <summary>Whether a bias is 0: that of a projection, and that of queries, keys and values where the first block has none.</summary>
    private bool HasNoBias(string name) => !context.Source.Has(name)
        && (name == "head.bias" && context.Source.Table.HasProjection
            || name.EndsWith(".attn.qkv.bias", StringComparison.Ordinal) && !context.Source.Has("blocks.0.attn.qkv.bias"));

    /// <summary>
    /// Tokens that stand for no patch, and the positions of all. Where a file has no positions for such tokens, they are 0.
    /// </summary>
    private void ReadTokens(TokenEmbedding layer, NamedTensors weights)
    {
        float[] registers = ReadRegisters(layer);
        foreach (TensorSpec tensor in layer.Tensors)
        {
            float[] values = tensor.Name switch
            {
                _ when tensor.Name == layer.Positions => ReadPositions(layer),
                _ when tensor.Name.StartsWith($"{Registers}.", StringComparison.Ordinal) =>
                    registers.AsSpan(int.Parse(tensor.Name.AsSpan(Registers.Length + 1)) * layer.Dim, layer.Dim).ToArray(),
                _ => Read(tensor),
            };
            weights.Add(tensor.Name, new WeightTensor(values, tensor.Shape));
        }
    }

    /// <summary>Register tokens. A class token that is not classified is the first of them.</summary>
    private float[] ReadRegisters(TokenEmbedding layer)
    {
        string[] names = layer.ClassToken is null ? [ClassToken, Registers] : [Registers];
        return
        [
            .. names.Where(context.Source.Has).SelectMany(name => Read(
                new TensorSpec(name, TensorRole.Embedding, 1, context.ShapeOf(name, 3)[1], layer.Dim))),
        ];
    }

    private float[] ReadPositions(TokenEmbedding layer)
    {
        PositionTable table = PositionTable.Find(context, context.ShapeOf("patch_embed.proj.weight", 4)[3]);
        int rows = table.Prefix + table.Side * table.Side;
        float[] stored = Read(new TensorSpec(PositionTable.Name, TensorRole.Embedding, 1, rows, layer.Dim));
        int start = table.Prefix * layer.Dim;
        float[] positions = new float[layer.Tokens * layer.Dim];
        stored.AsSpan(0, start).CopyTo(positions);
        ReadOfPatches().CopyTo(positions.AsSpan(layer.Prefix * layer.Dim));
        return positions;

        ReadOnlySpan<float> ReadOfPatches()
        {
            int side = (int)Math.Sqrt(layer.Tokens - layer.Prefix);
            if (side == table.Side)
            {
                return stored.AsSpan(start);
            }

            if (context.Options.ImageSize is null)
            {
                // A file cannot ask for more than it holds.
                throw context.Refusal($"its positions are for {table.Side} x {table.Side} patches, where {side} x {side} are needed");
            }

            context.Resampled.Add(PositionTable.Name);
            AxisTaps taps = context.Source.Table.PositionFilter == PositionFilter.Antialiased
                ? AxisTaps.Antialiased(table.Side, side)
                : AxisTaps.Cubic(table.Side, side);
            return taps.Resample(stored.AsSpan(start), table.Side);
        }
    }

    private float[] ReadRelativePositions(TensorSpec tensor, int[] shape)
    {
        context.Resampled.Add(tensor.Name);
        float[] stored = Read(tensor with { Shape = shape });
        return RelativePositionTable.Resample(stored, RelativePositionTable.SideOf(shape[0]), RelativePositionTable.SideOf(tensor.Shape[0]));
    }

    private float[] ReadPart(StoredTensor part)
    {
        _bytesRead += part.Bytes;
        return _bytesRead <= MaxShare * fileLength
            ? part.ReadValues()
            : throw context.Refusal($"its tensors share so many values that more than {_bytesRead} bytes would be read from {fileLength}");
    }

    private InvalidDataException WrongShape(string name, int[] shape, int[] needed) => context.Refusal(
        $"tensor '{Excerpt.Of(name)}' has shape [{Excerpt.OfList(shape)}], where [{Excerpt.OfList(needed)}] is needed");
}
