using RePaViT.Training.Pixels;

namespace RePaViT.Training;

/// <summary>Where the labels of a network's tokens come from. Safe to use from several threads at once.</summary>
internal interface ITokenLabelSource : IDisposable
{
    /// <summary>What the labels are, by a hash of their content.</summary>
    string Identity { get; }

    /// <summary>Whether the images of a batch are needed as they are before they are normalized.</summary>
    bool NeedsPixels { get; }

    /// <summary>Gives the labels of images.</summary>
    /// <param name="views">The images, and what of each is seen.</param>
    /// <param name="pixels">The prepared images, [count, 3, size, size] from 0 to 255; empty unless they are needed.</param>
    /// <param name="patchesPerSide">Patches along each side of a prepared image.</param>
    /// <param name="targets">
    /// Gets [count, 1 + patches, classes]: probabilities of the image as a whole, and of each patch. Each row adds up to 1.
    /// </param>
    void Fill(ImageView[] views, float[] pixels, int patchesPerSide, float[] targets);
}

/// <summary>What is seen of an image.</summary>
/// <param name="Index">The image, an index into the data set.</param>
/// <param name="Transform">Where in it each place of the prepared image comes from, both being squares of size 1.</param>
internal readonly record struct ImageView(int Index, AffineTransform Transform);
