using RePaViT.Layers;
using RePaViT.Networks;
using RePaViT.Operators;

namespace RePaViT.Training;

/// <summary>The share of the learning rate that each tensor has: decay^distance, the distance being counted from the head on.</summary>
internal sealed class LayerRates
{
    private readonly Dictionary<string, double> _rates = new(StringComparer.Ordinal);

    private LayerRates()
    {
    }

    /// <summary>All of it for each.</summary>
    public static LayerRates Same { get; } = new();

    /// <param name="network">A whole network, or its last layers.</param>
    /// <param name="recipe">Says how it decays.</param>
    public static LayerRates Of(Network network, TrainingRecipe recipe)
    {
        if (recipe.LayerDecay is not double decay)
        {
            return Same;
        }

        var rates = new LayerRates();
        foreach ((Layer layer, int distance) in network.Layers.Zip(Distances(network.Layers)))
        {
            foreach (TensorSpec tensor in layer.Tensors)
            {
                rates._rates.Add(tensor.Name, Math.Pow(decay, distance));
            }
        }

        return rates;
    }

    public double RateOf(string tensor) => _rates.GetValueOrDefault(tensor, 1);

    /// <summary>
    /// How far each layer is from the head: 0 for all after the last block, 1 for the last block and so on, and one more than there are
    /// blocks for all before the first. What is between two blocks belongs to the one before it. A block has two residual branches.
    /// </summary>
    public static int[] Distances(IReadOnlyList<Layer> layers)
    {
        int[] distances = new int[layers.Count];
        int branches = 0;
        for (int i = layers.Count - 1; i >= 0; i--)
        {
            if (IsBranch(layers[i]))
            {
                branches++;
                distances[i] = (branches + 1) / 2;
            }
            else
            {
                distances[i] = branches == 0 ? 0 : branches / 2 + 1;
            }
        }

        return distances;
    }

    private static bool IsBranch(Layer layer) => layer.ToGraph().Nodes.Any(node => node.Operator is Add { DropPath: not null });
}
