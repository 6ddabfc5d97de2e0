using RePaViT.Operators;
using TorchSharp;

namespace RePaViT.Torch;

/// <summary>
/// Index tables and masks of a network on a device, made when they are first needed and kept: every pass reads the same. Safe
/// for several threads at once.
/// </summary>
internal sealed class DeviceTables(torch.Device device) : IDisposable
{
    private readonly Lock _lock = new();
    private readonly Dictionary<IndexTable, Units> _units = [];
    private readonly Dictionary<RelativePositions, ScoreBias> _biases = [];

    /// <summary>Where the units of a result come from.</summary>
    public Units Of(IndexTable table) => GetOrAdd(_units, table, () =>
    {
        int behind = (int)(table.Source.Length / table.Unit);
        int[] places = table.Indices();
        bool hasZeros = places.Contains(IndexTable.Nowhere);
        return new Units(Keep(torch.tensor(Array.ConvertAll(places, place => place == IndexTable.Nowhere ? behind : place), device: device)), hasZeros);
    });

    /// <summary>What scores within windows get.</summary>
    public ScoreBias Of(RelativePositions positions) => GetOrAdd(_biases, positions, () =>
    {
        float[][] masks = positions.Masks();
        torch.Tensor rows = Keep(torch.tensor(positions.TableRows(), device: device));
        return new ScoreBias(rows, masks.Length == 1 ? null : Keep(
            torch.tensor([.. positions.Kinds().SelectMany(kind => masks[kind])], device: device)
                .view(-1, 1, positions.Grid.Places, positions.Grid.Places)));
    });

    public void Dispose()
    {
        foreach (Units units in _units.Values)
        {
            units.Places.Dispose();
        }

        foreach (ScoreBias bias in _biases.Values)
        {
            bias.Rows.Dispose();
            bias.Mask?.Dispose();
        }
    }

    private TValue GetOrAdd<TKey, TValue>(Dictionary<TKey, TValue> known, TKey key, Func<TValue> create)
        where TKey : notnull
    {
        lock (_lock)
        {
            if (!known.TryGetValue(key, out TValue? value))
            {
                using DisposeScope temporaries = torch.NewDisposeScope();
                value = create();
                known.Add(key, value);
            }

            return value;
        }
    }

    private static torch.Tensor Keep(torch.Tensor tensor) => tensor.DetachFromDisposeScope();

    /// <param name="Places">
    /// For each unit of the result its place among the units of the source; what comes from nowhere is from one after the last.
    /// </param>
    /// <param name="HasZeros">Whether any does.</param>
    public readonly record struct Units(torch.Tensor Places, bool HasZeros);

    /// <param name="Rows">For each place of a window and each other one the row of the learned table.</param>
    /// <param name="Mask">What else each window adds, [windows, 1, places, places]; null for nothing.</param>
    public readonly record struct ScoreBias(torch.Tensor Rows, torch.Tensor? Mask);
}
