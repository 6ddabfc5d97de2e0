using System.Numerics.Tensors;

namespace RePaViT;

/// <summary>
/// How far the probability of a model's answer falls when a part of the image is covered (Zeiler and Fergus, arXiv
/// 1311.2901, section 4.2). Needs nothing from the network but its answers.
/// </summary>
public static class PatchOcclusion
{
    /// <summary>Covered squares along each side: each costs a prediction.</summary>
    public const int Side = 7;

    /// <summary>Shows which parts of an image account for its most probable class.</summary>
    /// <param name="model">The model; it computes about fifty images.</param>
    /// <param name="image">An image of any size. The model sees the centered square that its preprocessing defines.</param>
    /// <param name="cancellationToken">Stops it before it computes.</param>
    /// <returns>
    /// [<see cref="Side"/>, <see cref="Side"/>]: by how much the probability falls when a square is covered, 0 to 1, row by row from
    /// the top.
    /// </returns>
    /// <exception cref="ArgumentException">The image has no pixels.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public static float[] Compute(RePaViTModel model, RgbImage image, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(model);
        float[] planes = new float[model.ImageLength];
        model.Preprocessing.Prepare(image, model.Architecture.ImageSize, planes);
        return Compute(model, planes, 1, cancellationToken)[0];
    }

    /// <param name="model">The model.</param>
    /// <param name="planes">[count, 3, size, size], from 0 to 255.</param>
    /// <param name="count">Number of images.</param>
    /// <param name="cancellationToken">Stops it between two images.</param>
    /// <returns>For each image, how much of the probability each square accounts for, at least 0, row by row from the top.</returns>
    internal static float[][] Compute(RePaViTModel model, ReadOnlyMemory<float> planes, int count, CancellationToken cancellationToken)
    {
        int classes = model.Architecture.Classes;
        int imageLength = planes.Length / count;
        float[] covered = new float[(Side * Side + 1) * imageLength];
        float[] probabilities = new float[(Side * Side + 1) * classes];
        float[][] maps = new float[count][];
        for (int image = 0; image < count; image++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            ReadOnlySpan<float> original = planes.Span.Slice(image * imageLength, imageLength);
            for (int place = 0; place <= Side * Side; place++)
            {
                Span<float> copy = covered.AsSpan(place * imageLength, imageLength);
                original.CopyTo(copy);
                if (place < Side * Side)
                {
                    Cover(copy, model, place);
                }
            }

            model.ComputeProbabilities(covered, probabilities);
            ReadOnlySpan<float> whole = probabilities.AsSpan(Side * Side * classes);
            int answer = whole.IndexOf(Largest(whole));
            float[] map = new float[Side * Side];
            for (int place = 0; place < map.Length; place++)
            {
                map[place] = Math.Max(0, whole[answer] - probabilities[place * classes + answer]);
            }

            maps[image] = map;
        }

        return maps;
    }

    /// <summary>The mean color carries the least information.</summary>
    private static void Cover(Span<float> planes, RePaViTModel model, int place)
    {
        int size = model.Architecture.ImageSize;
        Rgb mean = model.Preprocessing.Mean;
        ReadOnlySpan<float> colors = [255 * mean.Red, 255 * mean.Green, 255 * mean.Blue];
        (int row, int column) = Math.DivRem(place, Side);
        int left = column * size / Side;
        int width = (column + 1) * size / Side - left;
        for (int channel = 0; channel < colors.Length; channel++)
        {
            for (int y = row * size / Side; y < (row + 1) * size / Side; y++)
            {
                planes.Slice((channel * size + y) * size + left, width).Fill(colors[channel]);
            }
        }
    }

    private static float Largest(ReadOnlySpan<float> values) => TensorPrimitives.Max(values);
}
