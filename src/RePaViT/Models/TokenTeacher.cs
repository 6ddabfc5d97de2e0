using System.Numerics.Tensors;
using RePaViT.Kernels;
using RePaViT.Operators;

namespace RePaViT.Models;

/// <summary>A model that says what each part of an image shows. Safe to use from several threads at once.</summary>
internal sealed class TokenTeacher
{
    private readonly OutputEngine _engine;
    private readonly int _classTokens;

    /// <param name="engine">Runs the network up to the logits of its tokens.</param>
    /// <param name="shape">The shape of these: those of a square map, maybe with a class token before them.</param>
    public TokenTeacher(OutputEngine engine, Shape shape)
    {
        _engine = engine;
        Classes = shape.Columns;
        PerSide = (int)Math.Sqrt(shape.Rows);
        _classTokens = shape.Rows - PerSide * PerSide;
    }

    public int Classes { get; }

    /// <summary>Places along each side of the map.</summary>
    public int PerSide { get; }

    public int ImageLength => _engine.ImageLength;

    public int ImagesPerBatch => _engine.ImagesPerBatch;

    /// <summary>Values of an image's probabilities: those of the image, and those of every place.</summary>
    public int OutputLength => (1 + PerSide * PerSide) * Classes;

    /// <summary>Computes probabilities of images that are prepared already.</summary>
    /// <param name="images">[count, 3, size, size]: planes of red, green, blue from 0 to 255.</param>
    /// <param name="probabilities">[count, 1 + places, classes]: those of the image as a whole before those of its places.</param>
    public void Compute(ReadOnlySpan<float> images, Span<float> probabilities)
    {
        int count = images.Length / ImageLength;
        int length = (_classTokens + PerSide * PerSide) * Classes;
        int offset = (1 - _classTokens) * Classes;
        _engine.Run(images, probabilities[..(count * length)]);

        // From the last image on: where there is no class token, all move after the room for the first row.
        for (int image = count - 1; image >= 0; image--)
        {
            Span<float> rows = probabilities.Slice(image * OutputLength, OutputLength);
            probabilities.Slice(image * length, length).CopyTo(rows[offset..]);
            if (offset > 0)
            {
                Average(rows[Classes..], rows[..Classes]);
            }

            for (int row = 0; row < OutputLength; row += Classes)
            {
                Softmax.Forward(rows.Slice(row, Classes));
            }
        }
    }

    private static void Average(ReadOnlySpan<float> rows, Span<float> average)
    {
        average.Clear();
        for (int row = 0; row < rows.Length; row += average.Length)
        {
            TensorPrimitives.Add(average, rows.Slice(row, average.Length), average);
        }

        TensorPrimitives.Divide(average, rows.Length / average.Length, average);
    }
}
