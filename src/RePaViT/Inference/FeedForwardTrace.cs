using RePaViT.Architectures;
using RePaViT.Kernels;
using RePaViT.Reparameterization;

namespace RePaViT.Inference;

/// <summary>The tokens that enter each reparameterized feed-forward layer of a network, all of them.</summary>
internal static class FeedForwardTrace
{
    /// <summary>
    /// Layer by layer, [count * tokens, dim]. All images pass a layer before the next one begins, so only one layer's
    /// tokens are held: each array is the last one again.
    /// </summary>
    /// <param name="network">A deployed network.</param>
    /// <param name="threads">Threads that share the work; null for one per processor.</param>
    /// <param name="count">Number of images, at least 1.</param>
    /// <param name="prepare">Gets the index of the first of some images and room for them: [images, channels, size, size].</param>
    public static IEnumerable<float[]> Run(Network network, int? threads, int count, Action<int, Memory<float>> prepare)
    {
        ThreadTeam team = ThreadTeam.Get(threads);
        Network folded = Folding.Fold(network, preprocessing: null);
        var source = new StepSource(folded.Weights, team, Quantized: false);
        InferenceShapes shapes = InferenceShapes.Of(folded.Layers);
        var context = new InferenceContext(team, shapes);
        float[] tokens = new float[checked(count * shapes.Tokens * shapes.Dim)];
        float[] images = new float[Math.Min(count, shapes.ImagesPerPass) * shapes.ImageLength];
        var steps = new List<InferenceStep>();
        bool begun = false;
        foreach (Layer layer in folded.Layers.TakeWhile(layer => layer is not ClassTokenPooling))
        {
            if (layer is ReparameterizedFeedForward)
            {
                Advance();
                steps.Clear();
                begun = true;
                yield return tokens;
            }

            steps.Add(InferenceStep.Of(layer, source));
        }

        // All images through some steps: from pixels, or from the tokens before them, to the tokens after them.
        void Advance()
        {
            int tokensLength = shapes.Tokens * shapes.Dim;
            for (int start = 0; start < count; start += shapes.ImagesPerPass)
            {
                int pass = Math.Min(shapes.ImagesPerPass, count - start);
                Span<float> passTokens = tokens.AsSpan(start * tokensLength, pass * tokensLength);
                if (begun)
                {
                    context.Continue(passTokens, pass);
                }
                else
                {
                    Memory<float> passImages = images.AsMemory(0, pass * shapes.ImageLength);
                    prepare(start, passImages);
                    context.Begin(passImages.Span, pass);
                }

                foreach (InferenceStep step in steps)
                {
                    step.Run(context);
                }

                for (int row = 0; row < context.Tokens.Rows; row++)
                {
                    context.Tokens.Row(row).CopyTo(passTokens[(row * shapes.Dim)..]);
                }
            }
        }
    }
}
