using RePaViT.Import.Names;
using RePaViT.IO;
using RePaViT.Layers;
using RePaViT.Networks;
using RePaViT.Operators;
using RePaViT.Weights;

namespace RePaViT.Import;

/// <summary>Writes weights under the names of other projects, by the tables that read them.</summary>
internal static class PretrainedWriter
{
    /// <param name="path">The file to create or replace; it appears as a whole or not at all.</param>
    /// <param name="description">What the network is.</param>
    /// <param name="network">Its layers and weights, with nothing folded.</param>
    /// <param name="naming">Whose names to write.</param>
    /// <exception cref="ArgumentException">There is no such network under these names.</exception>
    public static void Write(string path, ModelDescription description, Network network, WeightNaming naming)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(path);
        Entry[] entries = naming switch
        {
            WeightNaming.Reference => [.. network.Layers.SelectMany(layer => TensorsOf(layer, network.Weights).Concat(BuffersOf(layer)))],
            WeightNaming.Timm => TimmTensors(description.Architecture, network),
            _ => throw new ArgumentOutOfRangeException(nameof(naming), naming, "Reference or Timm is needed."),
        };
        var metadata = new Dictionary<string, string>(NetworkMetadata.Create(description)) { ["format"] = "pt" };
        byte[] header = Safetensors.CreateHeader(
            entries.Select(entry => new SafetensorsEntry(entry.Name, entry.Type, entry.Tensor.Shape.ToArray(), entry.Tensor.Length)), metadata);
        AtomicFile.Write(path, stream =>
        {
            Safetensors.WriteHeader(stream, header);
            foreach (Entry entry in entries)
            {
                if (entry.Type == SafetensorsType.I64)
                {
                    LittleEndian.WriteInt64s(stream, entry.Tensor.Data);
                }
                else
                {
                    LittleEndian.WriteSingles(stream, entry.Tensor.Data);
                }
            }
        });
    }

    /// <summary>The tensors of a layer, register tokens as one.</summary>
    private static IEnumerable<Entry> TensorsOf(Layer layer, NamedTensors weights)
    {
        string[] registers = layer is TokenEmbedding tokens ? [.. Enumerable.Range(0, tokens.Registers).Select(TokenEmbedding.RegisterToken)] : [];
        foreach (TensorSpec tensor in layer.Tensors.Where(tensor => !registers.Contains(tensor.Name)))
        {
            yield return new Entry(tensor.Name, weights[tensor.Name]);
        }

        if (registers.Length > 0)
        {
            float[] values = [.. registers.SelectMany(name => weights[name].ToArray())];
            yield return new Entry(PretrainedWeights.Registers, new WeightTensor(values, 1, registers.Length, values.Length / registers.Length));
        }
    }

    /// <summary>What PyTorch stores in addition, without which a strict <c>load_state_dict</c> refuses the file.</summary>
    private static IEnumerable<Entry> BuffersOf(Layer layer)
    {
        foreach (TensorSpec variance in layer.Tensors.Where(tensor => tensor.Role == TensorRole.RunningVariance))
        {
            string norm = variance.Name[..variance.Name.LastIndexOf('.')];
            yield return new Entry($"{norm}.num_batches_tracked", new WeightTensor([0f])) { Type = SafetensorsType.I64 };
        }

        if (layer is not AttentionBlock { Positions: RelativePositions positions } block)
        {
            yield break;
        }

        int places = positions.Grid.Places;
        float[] rows = Array.ConvertAll(positions.TableRows(), row => (float)row);
        yield return new Entry($"{block.Name}.relative_position_index", new WeightTensor(rows, places, places)) { Type = SafetensorsType.I64 };
        if (positions.Grid.Shift > 0)
        {
            float[][] masks = positions.Masks();
            float[] values = [.. positions.Kinds().SelectMany(kind => masks[kind])];
            yield return new Entry($"{block.Name}_mask", new WeightTensor(values, positions.Grid.Windows, places, places));
        }
    }

    private static Entry[] TimmTensors(Architecture architecture, Network network)
    {
        NameTable? table = architecture switch
        {
            _ when !architecture.IsVanilla => null,
            ViTArchitecture { ProjectionDim: null } => TimmNames.ViT,
            SwinArchitecture => TimmNames.Swin,
            _ => null,
        };
        if (table is null)
        {
            throw new ArgumentException(
                $"timm's names are for vanilla networks of {nameof(ViTArchitecture)} and {nameof(SwinArchitecture)}, but this is "
                    + $"{(architecture.IsVanilla ? "" : "a channel-idle ")}{architecture.GetType().Name}"
                    + $"{(architecture is ViTArchitecture { ProjectionDim: not null } ? $" with a {nameof(ViTArchitecture.ProjectionDim)}" : "")}: "
                + $"{nameof(WeightNaming)}.{nameof(WeightNaming.Reference)} is accepted.");
        }

        bool isAveraged = architecture is ViTArchitecture { AveragePooling: true };
        return
        [
            .. network.Layers.SelectMany(layer => TensorsOf(layer, network.Weights))
                .Select(entry => entry with { Name = NameIn(table, entry.Name, isAveraged) }),
        ];
    }

    /// <summary>The other's name of one of our tensors: the first of its rows, but after pooling the norm has a name of its own.</summary>
    private static string NameIn(NameTable table, string name, bool isAveraged)
    {
        string[] names = [.. table.TranslationsOf(name)];
        return isAveraged ? names.FirstOrDefault(other => other.StartsWith(TimmNames.PooledNorm, StringComparison.Ordinal)) ?? names[0] : names[0];
    }

    private sealed record Entry(string Name, WeightTensor Tensor)
    {
        public SafetensorsType Type { get; init; } = SafetensorsType.F32;
    }
}
