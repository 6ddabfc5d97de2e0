using System.Buffers;
using System.Numerics.Tensors;
using RePaViT.Models;
using RePaViT.Threading;
using RePaViT.Training.Pixels;

namespace RePaViT.Training;

/// <summary>Labels of tokens that a model makes of the images of each batch.</summary>
internal sealed class TeacherLabels : ITokenLabelSource
{
    private readonly TokenTeacher _teacher;

    private TeacherLabels(TokenTeacher teacher, string identity) => (_teacher, Identity) = (teacher, identity);

    /// <param name="teacher">A model that sees images of the network's size.</param>
    /// <param name="classNames">The classes of the data set.</param>
    /// <exception cref="ArgumentException">It has other classes.</exception>
    public static TeacherLabels Of(RePaViTModel teacher, IReadOnlyList<string> classNames)
    {
        TeacherIdentity.ThrowUnlessSameClasses(teacher, classNames);
        return new TeacherLabels(teacher.CreateTokenTeacher(), TeacherIdentity.Of(teacher));
    }

    public string Identity { get; }

    public bool NeedsPixels => true;

    public void Fill(ImageView[] views, float[] pixels, int patchesPerSide, float[] targets)
    {
        // The teacher sees what the network sees.
        var map = new LabelMap(_teacher.PerSide, _teacher.PerSide);
        float[] weights = new float[patchesPerSide * patchesPerSide * map.Places];
        for (int patch = 0; patch < patchesPerSide * patchesPerSide; patch++)
        {
            map.Weigh(AffineTransform.Identity, patchesPerSide, patch, weights.AsSpan(patch * map.Places, map.Places));
        }

        int classes = _teacher.Classes;
        int targetLength = (1 + patchesPerSide * patchesPerSide) * classes;
        int imagesAtOnce = Math.Min(_teacher.ImagesPerBatch, views.Length);
        float[] probabilities = ArrayPool<float>.Shared.Rent(imagesAtOnce * _teacher.OutputLength);
        for (int start = 0; start < views.Length; start += imagesAtOnce)
        {
            int first = start;
            int count = Math.Min(imagesAtOnce, views.Length - start);
            _teacher.Compute(
                pixels.AsSpan(first * _teacher.ImageLength, count * _teacher.ImageLength), probabilities.AsSpan(0, count * _teacher.OutputLength));
            ParallelLoop.Run(count, image => Read(
                probabilities.AsSpan(image * _teacher.OutputLength, _teacher.OutputLength),
                weights,
                classes,
                targets.AsSpan((first + image) * targetLength, targetLength)));
        }

        ArrayPool<float>.Shared.Return(probabilities);
    }

    public void Dispose()
    {
        // The teacher is the caller's.
    }

    /// <summary>The label of the image as it is, and those of its patches from the places that they show.</summary>
    private static void Read(ReadOnlySpan<float> probabilities, ReadOnlySpan<float> weights, int classes, Span<float> target)
    {
        probabilities[..classes].CopyTo(target);
        ReadOnlySpan<float> places = probabilities[classes..];
        int placeCount = places.Length / classes;
        for (int patch = 0; patch < target.Length / classes - 1; patch++)
        {
            Span<float> row = target.Slice((1 + patch) * classes, classes);
            row.Clear();
            for (int place = 0; place < placeCount; place++)
            {
                float weight = weights[patch * placeCount + place];
                if (weight != 0)
                {
                    TensorPrimitives.MultiplyAdd(places.Slice(place * classes, classes), weight, row, row);
                }
            }
        }
    }
}
