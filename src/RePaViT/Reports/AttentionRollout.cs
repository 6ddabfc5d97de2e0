using System.Numerics.Tensors;
using RePaViT.Inference;
using RePaViT.Layers;
using RePaViT.Networks;
using RePaViT.Threading;

namespace RePaViT.Reports;

/// <summary>
/// How much of what is classified comes from each patch, by attention alone: the product over all blocks of the heads' mean
/// attention and, in equal parts, the shortcut (Abnar and Zuidema, arXiv 2005.00928, section 3).
/// </summary>
internal static class AttentionRollout
{
    // Attention of all blocks is held for some images at a time.
    private const long ValuesAtOnce = 1 << 24;

    /// <summary>Whether all tokens of an image attend to each other, in every block of a network that classifies tokens.</summary>
    public static bool Suits(Network network)
        => network.Layers.OfType<TokenEmbedding>().Any() && network.Layers.OfType<AttentionBlock>().Any()
        && network.Layers.OfType<AttentionBlock>().All(block => block.Windows is null);

    /// <param name="network">One that suits, taking pixels from 0 to 255.</param>
    /// <param name="planes">[count, 3, size, size], from 0 to 255.</param>
    /// <param name="count">Number of images.</param>
    /// <returns>For each image the shares of its patches, row by row from the top.</returns>
    public static float[][] Compute(Network network, ReadOnlyMemory<float> planes, int count)
    {
        AttentionBlock[] blocks = [.. network.Layers.OfType<AttentionBlock>()];
        long length = (long)blocks[0].Tokens * blocks[0].Tokens * blocks.Length;
        int atOnce = (int)Math.Clamp(ValuesAtOnce / length, 1, count);
        int imageLength = planes.Length / count;
        var maps = new List<float[]>(count);
        for (int start = 0; start < count; start += atOnce)
        {
            int images = Math.Min(atOnce, count - start);
            maps.AddRange(Compute(network, blocks, planes.Slice(start * imageLength, images * imageLength), images));
        }

        return [.. maps];
    }

    private static float[][] Compute(Network network, AttentionBlock[] blocks, ReadOnlyMemory<float> planes, int count)
    {
        int tokens = blocks[0].Tokens;
        int imageLength = planes.Length / count;
        float[][][] attention = [.. Enumerable.Range(0, count).Select(_ => new float[blocks.Length][])];
        IEnumerable<(Operators.Shape, float[] Values)> inputs = LayerTrace.Run(
            network, layer => layer is AttentionBlock, threads: null, count, (first, room) => planes.Slice(first * imageLength, room.Length).CopyTo(room));
        foreach ((int index, (_, float[] values)) in inputs.Index())
        {
            AttentionBlock block = blocks[index];
            float[] projected = new float[3 * values.Length];
            InferencePlan.Compile([new QueriesKeysValues(block)], network.Weights).Run(values, count, projected);
            int length = projected.Length / count;
            ParallelLoop.Run(count, image => attention[image][index] = MeanAttention(block, projected.AsSpan(image * length, length)));
        }

        int prefix = network.Layers.OfType<TokenEmbedding>().First().Prefix;
        float[] classified = Classified(network, tokens, prefix);
        return [.. attention.Select(blockByBlock => Roll(blockByBlock, classified)[prefix..])];
    }

    /// <summary>The weights with which tokens are classified: one, the mean of two, or the mean of all patches.</summary>
    private static float[] Classified(Network network, int tokens, int prefix)
    {
        TokenEmbedding embedding = network.Layers.OfType<TokenEmbedding>().First();
        (int first, int count) = embedding switch
        {
            { ClassToken: null } => (prefix, tokens - prefix),
            { DistillationToken: not null } => (0, 2),
            _ => (0, 1),
        };
        float[] weights = new float[tokens];
        weights.AsSpan(first, count).Fill(1f / count);
        return weights;
    }

    /// <summary>From the last block back to the first: a row vector times each matrix.</summary>
    private static float[] Roll(float[][] attention, float[] classified)
    {
        float[] shares = classified;
        foreach (float[] matrix in attention.Reverse())
        {
            float[] before = new float[shares.Length];
            for (int token = 0; token < shares.Length; token++)
            {
                TensorPrimitives.MultiplyAdd(matrix.AsSpan(token * shares.Length, shares.Length), shares[token] / 2, before, before);
                before[token] += shares[token] / 2;
            }

            shares = before;
        }

        return shares;
    }

    /// <summary>softmax(scale Q K'), the mean over the heads: [tokens, tokens].</summary>
    private static float[] MeanAttention(AttentionBlock block, ReadOnlySpan<float> projected)
    {
        int tokens = block.Tokens;
        int width = 3 * block.Dim;
        float scale = block.Folded ? 1 : 1 / MathF.Sqrt(block.HeadDim);
        float[] mean = new float[tokens * tokens];
        float[] scores = new float[tokens];
        for (int head = 0; head < block.Heads; head++)
        {
            for (int token = 0; token < tokens; token++)
            {
                ReadOnlySpan<float> query = projected.Slice(token * width + head * block.HeadDim, block.HeadDim);
                for (int other = 0; other < tokens; other++)
                {
                    scores[other] = scale * TensorPrimitives.Dot(
                        query, projected.Slice(other * width + block.Dim + head * block.HeadDim, block.HeadDim));
                }

                Span<float> row = mean.AsSpan(token * tokens, tokens);
                TensorPrimitives.SoftMax<float>(scores, scores);
                TensorPrimitives.MultiplyAdd(scores, 1f / block.Heads, row, row);
            }
        }

        return mean;
    }
}
