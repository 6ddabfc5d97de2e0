using RePaViT.Benchmarks.Engines;
using RePaViT.Networks;

namespace RePaViT.Benchmarks.Verification;

/// <summary>
/// <c>NAME.expected.safetensors</c>: what others compute with a file of pretrained weights that lies beside it, and what that
/// file does not tell.
/// </summary>
internal static class PretrainedFixture
{
    private const string Suffix = ".expected.safetensors";

    // Sums are rounded in another order there; nothing else may differ.
    private const double Tolerance = 1e-5;

    /// <summary>Whether a file says what is expected of another.</summary>
    public static bool Is(string path) => path.EndsWith(Suffix, StringComparison.Ordinal);

    /// <summary>Whether a file holds weights of which another says what is expected.</summary>
    public static bool IsExpectedOf(string path)
        => !Is(path) && File.Exists(Path.ChangeExtension(path, null) + Suffix);

    /// <exception cref="InvalidDataException">One of the files is damaged, or not accepted.</exception>
    public static IEnumerable<Check?> Compare(GoldenFile expected, string path, IBenchmarkEngine engine)
    {
        Settings settings = expected.Config<Settings>();
        string weights = Path.Combine(Path.GetDirectoryName(path)!, Path.GetFileName(settings.File));
        RePaViTModel model = RePaViTModel.LoadPretrained(weights, new PretrainedOptions
        {
            ImageSize = settings.ImgSize,
            Heads = settings.Family == "vit" ? settings.NumHeads : null,
            IdleRatio = settings.IdleRatio,
            FeedForwardActivation = settings.Activation,
        });
        WeightTensor input = expected.Tensor("input");
        int size = model.Architecture.ImageSize;
        if (input.Shape is not [>= 1, RePaViT.Architecture.Channels, int height, int width] || height != size || width != size)
        {
            throw new InvalidDataException($"'input' has shape {input}, but images of {size} x {size} are needed.");
        }

        foreach (string output in new[] { NetworkLayout.Logits, NetworkLayout.Features })
        {
            if (expected.Tensors.TryGet(output, out WeightTensor? values))
            {
                var comparison = new Comparison(output, Tolerance);
                comparison.Add(output, values.Data, engine.Logits(model.Network.TakeOutput(output), input.Data, input.Shape[0]));
                yield return comparison.Result;
            }
        }
    }

    private sealed record Settings
    {
        /// <summary>The name of the file of weights.</summary>
        public required string File { get; init; }

        public required string Family { get; init; }

        public required int ImgSize { get; init; }

        public required int NumHeads { get; init; }

        public double? IdleRatio { get; init; }

        /// <summary>What else is to be known, in words.</summary>
        public string Note { get; init; } = "";

        public FeedForwardActivation? Activation
            => Note.Contains("quick GELU", StringComparison.OrdinalIgnoreCase) ? FeedForwardActivation.QuickGelu
                : Note.Contains("GELU", StringComparison.OrdinalIgnoreCase) ? FeedForwardActivation.Gelu
                : null;
    }
}
