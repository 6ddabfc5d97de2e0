using System.Numerics;
using System.Numerics.Tensors;
using Microsoft.ML;
using Microsoft.ML.Data;
using RePaViT.IO;
using RePaViT.MLNet.Images;
using RePaViT.MLNet.Labels;

namespace RePaViT.MLNet.Scoring;

/// <summary>
/// Scoring bound to the schema of an input. The columns of the input keep their places, so an index below their number
/// means the same column on both sides.
/// </summary>
internal sealed class ScoringMapper : IRowToRowMapper
{
    private readonly DataViewSchema.Column _features;
    private readonly ImageColumn _images;
    private readonly Type _labelType;

    /// <exception cref="ArgumentException">The column of images is missing or holds something else.</exception>
    public ScoringMapper(DataViewSchema input, ScoringDescription description, ClassKeys classes, ImageScorer scorer)
    {
        (_features, _images) = ScoringSchema.FindFeatures(input, description);
        _labelType = classes.Type.RawType;
        Scorer = scorer;
        InputSchema = input;
        OutputSchema = ScoringSchema.AddTo(input, description, classes);
    }

    public ImageScorer Scorer { get; }

    public DataViewSchema InputSchema { get; }

    public DataViewSchema OutputSchema { get; }

    /// <summary>Whether a column of the output is the input's.</summary>
    public bool PassesThrough(DataViewSchema.Column column) => column.Index < InputSchema.Count;

    /// <summary>Scores cost nothing, not even the reading of images, where nobody asks for them.</summary>
    public IEnumerable<DataViewSchema.Column> GetDependencies(IEnumerable<DataViewSchema.Column> dependingColumns)
    {
        var needed = new SortedSet<int>();
        foreach (DataViewSchema.Column column in dependingColumns)
        {
            needed.Add(PassesThrough(column) ? column.Index : _features.Index);
        }

        return needed.Select(index => InputSchema[index]);
    }

    public DataViewRow GetRow(DataViewRow input, IEnumerable<DataViewSchema.Column> activeColumns)
    {
        ArgumentNullException.ThrowIfNull(input);
        return input.Schema == InputSchema
            ? new ScoringRow(this, input, activeColumns)
            : throw new ArgumentException("The row has another schema than the mapper was made for.", nameof(input));
    }

    /// <summary>Reads images where a row or cursor of the input stands.</summary>
    public ImageFetcher CreateFetcher(DataViewRow input) => _images.CreateFetcher(input, _features);

    /// <summary>Gives out a column that scoring adds.</summary>
    public ValueGetter<TValue> CreateGetter<TValue>(DataViewSchema.Column column, ScoreReader scores)
    {
        Delegate getter = column.Index > InputSchema.Count
            ? CreateScoreGetter(scores)
            : _labelType switch
            {
                Type type when type == typeof(byte) => CreateLabelGetter<byte>(scores),
                Type type when type == typeof(ushort) => CreateLabelGetter<ushort>(scores),
                Type type when type == typeof(uint) => CreateLabelGetter<uint>(scores),
                _ => CreateLabelGetter<ulong>(scores),
            };
        return As<TValue>(getter, column);
    }

    /// <exception cref="InvalidOperationException">The column has another type.</exception>
    public static ValueGetter<TValue> As<TValue>(Delegate getter, DataViewSchema.Column column)
        => getter as ValueGetter<TValue> ?? throw new InvalidOperationException(
            $"Column '{column.Name}' of type {column.Type} holds values of {column.Type.RawType}, not of {typeof(TValue)}.");

    /// <exception cref="InvalidOperationException">The column was not asked for.</exception>
    public static void ThrowUnlessActive(DataViewRow row, DataViewSchema.Column column)
    {
        if (!row.IsColumnActive(column))
        {
            throw new InvalidOperationException($"Column '{column.Name}' was not asked for when the rows were.");
        }
    }

    /// <summary>What became of an image that could not be scored.</summary>
    /// <param name="position">The row, counted from 0.</param>
    /// <param name="reason">What was thrown.</param>
    public InvalidDataException Failure(long position, Exception reason)
        => new($"Row {position}, column '{_features.Name}': the image cannot be scored. {Excerpt.OfMessage(reason)}", Excerpt.AsReason(reason));

    private static ValueGetter<VBuffer<float>> CreateScoreGetter(ScoreReader scores)
        => (ref VBuffer<float> value) =>
        {
            ReadOnlySpan<float> probabilities = scores();
            VBufferEditor<float> editor = VBufferEditor.Create(ref value, probabilities.Length);
            probabilities.CopyTo(editor.Values);
            value = editor.Commit();
        };

    // Key 0 is a missing label.
    private static ValueGetter<T> CreateLabelGetter<T>(ScoreReader scores)
        where T : INumberBase<T>
        => (ref T value) => value = T.CreateChecked(TensorPrimitives.IndexOfMax(scores()) + 1);
}
