using System.Buffers.Binary;
using System.Numerics.Tensors;
using RePaViT.Data;
using RePaViT.IO;
using RePaViT.Models;
using RePaViT.Threading;
using RePaViT.Training;
using RePaViT.Weights;

namespace RePaViT;

/// <summary>
/// Files of token labels: what each part of each image of a data set shows, according to a teacher. A safetensors file with two
/// tensors of the same shape, [images, rows, columns, k]: <c>classes</c> (I32 or I64), the k most probable classes at each
/// position of a map that covers the whole image, stretched to a square; and <c>scores</c> (F16 or F32), their probabilities,
/// which add up to at most 1. The rest, up to 1, is shared by all classes. The metadata <c>classNames</c>, a JSON list of all
/// names, is optional.
/// </summary>
public static class TokenLabelFile
{
    internal const string ClassesName = "classes";
    internal const string ScoresName = "scores";
    internal const string ClassNamesKey = "classNames";

    /// <summary>Writes what a model says about every image.</summary>
    /// <param name="path">The file to create, or to replace as a whole.</param>
    /// <param name="teacher">
    /// An LV-ViT, or a model that averages its last feature map (MLP-Mixer, Swin, PoolFormer), for images of any size.
    /// </param>
    /// <param name="images">The images, with the teacher's classes.</param>
    /// <param name="classesPerPlace">Classes to keep at each position, at least 1; if there are fewer, all are kept. Default 5.</param>
    /// <param name="cancellationToken">Stops it; an existing file is then kept.</param>
    /// <exception cref="ArgumentException">
    /// The head of the teacher reads only a class token, its classes are not those of the images, or the file would have a
    /// tensor of more than 2^31 values.
    /// </exception>
    /// <exception cref="IOException">The file cannot be written; it keeps its content.</exception>
    /// <exception cref="UnauthorizedAccessException">The path is a folder, a pipe or a device, or may not be written.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public static void Write(
        string path, RePaViTModel teacher, IImageDataset images, int classesPerPlace = 5, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(teacher);
        ArgumentNullException.ThrowIfNull(images);
        ArgumentOutOfRangeException.ThrowIfLessThan(classesPerPlace, 1);
        if (!images.ClassNames.SequenceEqual(teacher.ClassNames))
        {
            throw new ArgumentException("The images have class names that differ from the teacher's: the same names, in the same order, "
                + "are needed.", nameof(images));
        }

        TokenTeacher tokens = teacher.CreateTokenTeacher();
        int kept = Math.Min(classesPerPlace, tokens.Classes);
        int[] shape = [images.Count, tokens.PerSide, tokens.PerSide, kept];
        long length = (long)images.Count * tokens.PerSide * tokens.PerSide * kept;
        if (length < 1 || length > Array.MaxLength)
        {
            throw new ArgumentException(
                $"{images.Count} images with {tokens.PerSide} x {tokens.PerSide} places of {kept} classes make {length} values: from 1 to {Array.MaxLength} are accepted.");
        }

        var classes = new SafetensorsEntry(ClassesName, SafetensorsType.I32, shape, (int)length);
        var scores = new SafetensorsEntry(ScoresName, SafetensorsType.F16, shape, (int)length);
        var metadata = new Dictionary<string, string> { [ClassNamesKey] = RunJson.Stored.Write(images.ClassNames.ToArray()) };
        byte[] header = Safetensors.CreateHeader([classes, scores], metadata);
        AtomicFile.Write(path, stream =>
        {
            Safetensors.WriteHeader(stream, header);
            Write(stream, teacher, tokens, images, kept, stream.Position + classes.Bytes, cancellationToken);
        });
    }

    /// <summary>Some images after the other: their classes, and from a later position on their scores.</summary>
    private static void Write(
        Stream stream, RePaViTModel teacher, TokenTeacher tokens, IImageDataset images, int kept, long scorePosition, CancellationToken cancellationToken)
    {
        int imagesAtOnce = Math.Min(tokens.ImagesPerBatch, images.Count);
        int perImage = tokens.PerSide * tokens.PerSide * kept;
        float[] pixels = new float[imagesAtOnce * tokens.ImageLength];
        float[] probabilities = new float[imagesAtOnce * tokens.OutputLength];
        byte[] classBytes = new byte[imagesAtOnce * perImage * sizeof(int)];
        byte[] scoreBytes = new byte[imagesAtOnce * perImage * 2];
        long classPosition = stream.Position;
        for (int start = 0; start < images.Count; start += imagesAtOnce)
        {
            cancellationToken.ThrowIfCancellationRequested();
            int first = start;
            int count = Math.Min(imagesAtOnce, images.Count - start);
            ParallelLoop.Run(count, i => Prepare(images.GetImage(first + i), teacher, pixels.AsSpan(i * tokens.ImageLength, tokens.ImageLength)));
            tokens.Compute(pixels.AsSpan(0, count * tokens.ImageLength), probabilities.AsSpan(0, count * tokens.OutputLength));
            ParallelLoop.Run(count, i => TakeGreatest(
                probabilities.AsSpan(i * tokens.OutputLength, tokens.OutputLength)[tokens.Classes..],
                tokens.Classes,
                kept,
                classBytes.AsSpan(i * perImage * sizeof(int), perImage * sizeof(int)),
                scoreBytes.AsSpan(i * perImage * 2, perImage * 2)));
            stream.Position = classPosition;
            stream.Write(classBytes, 0, count * perImage * sizeof(int));
            classPosition = stream.Position;
            stream.Position = scorePosition;
            stream.Write(scoreBytes, 0, count * perImage * 2);
            scorePosition = stream.Position;
        }
    }

    private static void Prepare(RgbImage image, RePaViTModel teacher, Span<float> planes)
    {
        image = teacher.Preprocessing.Reduce(image);
        var whole = new ImageBox(0, 0, image.Width, image.Height);
        Resampler.Resize(image, whole, teacher.Architecture.ImageSize, teacher.Preprocessing.Interpolation, planes);
    }

    /// <summary>The most probable classes at each position, greatest first. Overwrites the probabilities.</summary>
    private static void TakeGreatest(Span<float> probabilities, int classes, int kept, Span<byte> classBytes, Span<byte> scoreBytes)
    {
        for (int i = 0; i < classBytes.Length / sizeof(int); i++)
        {
            Span<float> row = probabilities.Slice(i / kept * classes, classes);
            int greatest = TensorPrimitives.IndexOfMax<float>(row);
            BinaryPrimitives.WriteInt32LittleEndian(classBytes[(i * sizeof(int))..], greatest);
            BinaryPrimitives.WriteHalfLittleEndian(scoreBytes[(i * 2)..], (Half)row[greatest]);
            row[greatest] = -1;
        }
    }
}
