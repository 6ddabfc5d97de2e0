using RePaViT.Inference;
using RePaViT.Layers;
using RePaViT.Operators;

namespace RePaViT.Conversion;

/// <summary>
/// Calibration images on their way through a network: what all of them have at one place. Only that is kept, not what they had
/// before, since to compute it again for every block would cost half the number of blocks as much.
/// </summary>
/// <param name="images">The images.</param>
/// <param name="threads">Threads that share the work; null for one per processor.</param>
/// <param name="cancellationToken">Stops it between two batches.</param>
internal sealed class ImageStream(CalibrationImages images, int? threads, CancellationToken cancellationToken) : IDisposable
{
    private const int RowsPerBatch = 2048;

    private readonly BatchArray _read = new();
    private readonly BatchArray _written = new();

    // What the images have; null as long as that is their pixels.
    private RowStore? _rows;

    public int Count => images.Count;

    /// <summary>What an image has, once it has passed a layer.</summary>
    public Shape Shape => _rows!.Shape;

    /// <summary>Images that are worth computing at once.</summary>
    public int ImagesPerBatch => Math.Clamp(RowsPerBatch / Shape.Rows, 1, Count);

    /// <summary>The same images at the same position, to continue in another network.</summary>
    public ImageStream Fork()
    {
        var fork = new ImageStream(images, threads, cancellationToken) { _rows = new RowStore(Count, Shape) };
        ForEachBatch(ImagesPerBatch, (first, count) => fork._rows.Write(first, Read(first, count)));
        return fork;
    }

    /// <summary>Lets the images pass some layers, possibly none.</summary>
    public void Advance(IReadOnlyList<Layer> layers, NamedTensors weights)
    {
        if (layers.Count == 0)
        {
            return;
        }

        InferencePlan plan = InferencePlan.Compile(layers, weights, threads);
        Shape shape = layers[^1].ToGraph().Output.Shape;
        RowStore target = _rows?.Shape == shape ? _rows : new RowStore(Count, shape);
        try
        {
            ForEachBatch(plan.ImagesPerPass, (first, count) =>
            {
                float[] result = _written.Of(count * shape.Length);
                plan.Run(Read(first, count), count, result);
                target.Write(first, result);
            });
        }
        catch
        {
            target.Dispose();
            throw;
        }

        if (target != _rows)
        {
            _rows?.Dispose();
            _rows = target;
        }
    }

    /// <summary>What some images have, from one on; until the next call.</summary>
    public float[] Read(int first, int count)
    {
        float[] values = _read.Of(count * (_rows?.Shape.Length ?? images.ImageLength));
        if (_rows is null)
        {
            images.Prepare(first, values);
        }
        else
        {
            _rows.Read(first, values);
        }

        return values;
    }

    /// <summary>Goes through all images, some at a time.</summary>
    public void ForEachBatch(int imagesPerBatch, Action<int, int> use)
    {
        for (int first = 0; first < Count; first += imagesPerBatch)
        {
            cancellationToken.ThrowIfCancellationRequested();
            use(first, Math.Min(imagesPerBatch, Count - first));
        }
    }

    /// <summary>
    /// Root mean square of the difference from the same images' values in another network, relative to that of the other's values.
    /// </summary>
    public double RelativeDistance(ImageStream other)
    {
        double squares = 0;
        double total = 0;
        ForEachBatch(ImagesPerBatch, (first, count) =>
        {
            float[] mine = Read(first, count);
            float[] theirs = other.Read(first, count);
            for (int i = 0; i < mine.Length; i++)
            {
                double difference = (double)mine[i] - theirs[i];
                squares += difference * difference;
                total += (double)theirs[i] * theirs[i];
            }
        });
        return squares == 0 ? 0 : Math.Sqrt(squares / total);
    }

    public void Dispose() => _rows?.Dispose();
}
