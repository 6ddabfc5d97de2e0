using RePaViT.Randomness;
namespace RePaViT.Training;

/// <summary>
/// Stochastic depth: for each image a residual branch is left out with a probability, or else multiplied by
/// 1 / (1 - probability), so that its expectation stays. Every engine makes the same choices.
/// </summary>
internal static class DropPathChoice
{
    /// <summary>Chooses what a branch is multiplied by, for each image of a batch.</summary>
    /// <param name="scales">The result, one for each image.</param>
    /// <param name="rate">The probability, in [0, 1).</param>
    /// <param name="seed">The run's seed.</param>
    /// <param name="key">Names the batch.</param>
    /// <param name="branch">Number of the branch in the network: every one makes choices of its own.</param>
    public static void Draw(Span<float> scales, double rate, ulong seed, long key, int branch)
    {
        var random = new RandomStream(seed, RandomPurpose.DropPath, key, branch);
        foreach (ref float scale in scales)
        {
            scale = random.NextDouble() < rate ? 0 : (float)(1 / (1 - rate));
        }
    }
}
