using RePaViT.Layers;

namespace RePaViT.Networks;

/// <summary>A value inside a network that can be requested.</summary>
/// <param name="Name">One of the names of <see cref="NetworkLayout"/>.</param>
/// <param name="Layers">How many layers of the network come before it.</param>
/// <param name="Last">A layer of its own after those; null for none. It has no tensors.</param>
internal readonly record struct NetworkOutput(string Name, int Layers, Layer? Last = null);

/// <summary>The layers of a network, and where its outputs are.</summary>
/// <param name="Layers">In the order in which they run.</param>
/// <param name="Outputs">By name, in the same order; the last is the network's own.</param>
internal sealed record NetworkLayout(IReadOnlyList<Layer> Layers, IReadOnlyList<NetworkOutput> Outputs)
{
    /// <summary>One value for each class.</summary>
    public const string Logits = "logits";

    /// <summary>What the head reads, or what is projected for it.</summary>
    public const string Features = "features";

    /// <summary>Where a network has one, the vector of length 1 by whose angles its head decides.</summary>
    public const string Embedding = "embedding";

    /// <summary>Cosines with prototypes, where a network learns without labels: see <see cref="SelfDistillationHead"/>.</summary>
    public const string Cosines = "cosines";

    /// <summary>Logits of every token, where a network has them: those of the class token first.</summary>
    public const string TokenLogits = "token_logits";

    /// <summary>Logits, and below them features as a teacher has them: see <see cref="DistillationHead"/>.</summary>
    public const string Distilled = "distilled";

    /// <summary>The output of a name.</summary>
    /// <exception cref="ArgumentException">There is none; the message says which there are.</exception>
    public NetworkOutput Find(string name)
    {
        foreach (NetworkOutput output in Outputs)
        {
            if (output.Name == name)
            {
                return output;
            }
        }

        throw new ArgumentException($"There is no output '{name}'; the network has {string.Join(", ", Outputs.Select(output => output.Name))}.", nameof(name));
    }

    /// <summary>The tokens after a stage, counted from 1.</summary>
    public static string Stage(int number) => $"stage{number}";
}
