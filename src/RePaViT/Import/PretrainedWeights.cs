using RePaViT.Import.Files;
using RePaViT.IO;
using RePaViT.Layers;
using RePaViT.Operators;

namespace RePaViT.Import;

/// <summary>Puts the tensors of a network together from those of a file.</summary>
/// <param name="context">What is known of it.</param>
/// <param name="fileLength">Bytes of the file, which justify as much to be read.</param>
internal sealed class PretrainedWeights(PretrainedContext context, long fileLength)
{
    private const string Positions = "pos_embed";
    private const string ClassToken = "cls_token";
    private const string Registers = "reg_token";

    // Files share tensors now and then, but never more than they hold.
    private const int MaxShare = 2;

    private long _bytesRead;

    /// <summary>The tensors of some layers.</summary>
    /// <param name="layers">The layers.</param>
    /// <exception cref="InvalidDataException">A tensor is missing, or has another shape.</exception>
    public NamedTensors Read(IEnumerable<Layer> layers)
    {
        var weights = new NamedTensors();
        foreach (Layer layer in layers)
        {
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
            throw WrongShape(tensor.Name, shape, tensor.Shape);
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
        int rows = context.ShapeOf(Positions, 3)[1];
        int withoutPosition = layer.Tokens - rows;
        float[] stored = Read(new TensorSpec(Positions, TensorRole.Embedding, 1, rows, layer.Dim));
        if (withoutPosition == 0)
        {
            return stored;
        }

        // Of all such tokens, or of register tokens only.
        int first = withoutPosition == layer.Prefix ? 0 : layer.Prefix - withoutPosition;
        float[] positions = new float[layer.Tokens * layer.Dim];
        stored.AsSpan(0, first * layer.Dim).CopyTo(positions);
        stored.AsSpan(first * layer.Dim).CopyTo(positions.AsSpan(layer.Prefix * layer.Dim));
        return positions;
    }

    private float[] ReadPart(StoredTensor part)
    {
        _bytesRead += part.Bytes;
        return _bytesRead <= MaxShare * fileLength
            ? part.ReadValues()
            : throw context.Refusal($"its tensors share values so often that {_bytesRead} bytes and more would be read of {fileLength}");
    }

    private InvalidDataException WrongShape(string name, int[] shape, int[] needed) => context.Refusal(
        $"tensor '{Excerpt.Of(name)}' has shape [{Excerpt.OfList(shape)}], and [{Excerpt.OfList(needed)}] is needed");
}
