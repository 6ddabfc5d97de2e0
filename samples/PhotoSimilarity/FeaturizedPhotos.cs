using System.Diagnostics;
using System.Globalization;
using System.Numerics.Tensors;
using Microsoft.ML;
using Microsoft.ML.Data;
using RePaViT.Tool;

namespace RePaViT.PhotoSimilarity;

/// <summary>Photos with what a network says of each: a row of unit length, so that products of rows are cosine similarities.</summary>
/// <param name="Photos">Those that could be read, in the order in which they were given.</param>
/// <param name="Rows">Their features.</param>
/// <param name="Unread">The others.</param>
internal sealed record FeaturizedPhotos(IReadOnlyList<Photo> Photos, IReadOnlyList<float[]> Rows, IReadOnlyList<UnreadPhoto> Unread)
{
    /// <summary>Reads photos through a pipeline of ML.NET, some dozens at once. What cannot be read keeps no other from it.</summary>
    /// <param name="modelFile">The network.</param>
    /// <param name="photos">What to read.</param>
    /// <param name="progress">Hears of each photo.</param>
    /// <param name="cancellationToken">Stops it.</param>
    public static FeaturizedPhotos Compute(
        string modelFile, IReadOnlyList<Photo> photos, IProgress<Progress> progress, CancellationToken cancellationToken)
    {
        // A pipe has no length, and reading it may take forever.
        Photo[] files = [.. photos.Where(photo => photo.Bytes > 0)];
        List<UnreadPhoto> unread = [.. photos.Except(files).Select(photo => new UnreadPhoto(photo, "It is empty, or no ordinary file."))];
        var mlContext = new MLContext();
        IDataView paths = mlContext.Data.LoadFromEnumerable(files.Select(file => new PhotoRow { ImagePath = file.Path }));
        IDataView featurized = mlContext.Transforms.LoadRawImageBytes("Image", null, nameof(PhotoRow.ImagePath))
            .Append(CreateFeaturizer(mlContext.Transforms, modelFile))
            .Fit(paths).Transform(paths);

        var read = new List<Photo>();
        var rows = new List<float[]>();
        DataViewSchema.Column column = featurized.Schema["Features"];
        using DataViewRowCursor cursor = featurized.GetRowCursor([column]);
        ValueGetter<VBuffer<float>> getter = cursor.GetGetter<VBuffer<float>>(column);
        VBuffer<float> features = default;
        long start = Stopwatch.GetTimestamp();
        for (int i = 0; cursor.MoveNext(); i++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            try
            {
                getter(ref features);
                rows.Add(ToUnitLength([.. features.DenseValues()]));
                read.Add(files[i]);
            }
            catch (InvalidDataException exception)
            {
                unread.Add(new UnreadPhoto(files[i], exception.InnerException?.Message ?? exception.Message));
            }

            progress.Report(new Progress(i + 1, files.Length, Stopwatch.GetElapsedTime(start)));
        }

        return new FeaturizedPhotos(read, rows, [.. unread.OrderBy(photo => photo.Photo.Name, StringComparer.Ordinal)]);
    }

    private static RePaViTFeaturizerEstimator CreateFeaturizer(TransformsCatalog transforms, string modelFile)
        => ModelFiles.HoldsWeights(modelFile)
            ? transforms.RePaViTFeaturizer("Features", "Image", RePaViTModel.LoadPretrained(modelFile, new PretrainedOptions
            {
                Report = found => Console.Error.WriteLine($"{found.Source}. {string.Join(' ', found.Assumptions)}"),
            }))
            : transforms.RePaViTFeaturizer("Features", "Image", modelFile);

    /// <exception cref="InvalidDataException">That cannot be done.</exception>
    private static float[] ToUnitLength(float[] row)
    {
        float length = TensorPrimitives.Norm<float>(row);
        if (length is not (> 0 and < float.PositiveInfinity))
        {
            throw new InvalidDataException("The network's features of it are zeros, or not finite.");
        }

        TensorPrimitives.Divide(row, length, row);
        return row;
    }

    private sealed class PhotoRow
    {
        public string ImagePath { get; set; } = "";
    }

    /// <summary>How far reading is.</summary>
    internal sealed record Progress(int Done, int Photos, TimeSpan Elapsed)
    {
        public override string ToString() => string.Create(
            CultureInfo.InvariantCulture,
            $"{Done:N0} of {Photos:N0} photos, {Done / Math.Max(Elapsed.TotalSeconds, 1e-3):F0} a second");
    }
}
