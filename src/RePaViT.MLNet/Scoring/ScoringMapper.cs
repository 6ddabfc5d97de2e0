using Microsoft.ML;
using Microsoft.ML.Data;
using RePaViT.IO;
using RePaViT.MLNet.Images;

namespace RePaViT.MLNet.Scoring;

/// <summary>
/// Scoring bound to the schema of an input. The columns of the input keep their places, so an index below their number
/// means the same column on both sides.
/// </summary>
internal abstract class ScoringMapper : IRowToRowMapper
{
    private readonly DataViewSchema.Column _column;
    private readonly ImageColumn _images;

    /// <param name="input">The columns of the input.</param>
    /// <param name="output">The same columns, and those that scoring adds after them.</param>
    /// <param name="source">The column of images.</param>
    /// <param name="scorer">What computes scores.</param>
    protected ScoringMapper(
        DataViewSchema input, DataViewSchema output, (DataViewSchema.Column Column, ImageColumn Images) source, ImageScorer scorer)
    {
        (_column, _images) = source;
        Scorer = scorer;
        InputSchema = input;
        OutputSchema = output;
    }

    public ImageScorer Scorer { get; }

    public DataViewSchema InputSchema { get; }

    public DataViewSchema OutputSchema { get; }

    /// <summary>Whether a column of the output is the input's.</summary>
    public bool PassesThrough(DataViewSchema.Column column) => column.Index < InputSchema.Count;

    /// <summary>Scores that are not requested cost nothing, not even the reading of images.</summary>
    public IEnumerable<DataViewSchema.Column> GetDependencies(IEnumerable<DataViewSchema.Column> dependingColumns)
    {
        var needed = new SortedSet<int>();
        foreach (DataViewSchema.Column column in dependingColumns)
        {
            needed.Add(PassesThrough(column) ? column.Index : _column.Index);
        }

        return needed.Select(index => InputSchema[index]);
    }

    public DataViewRow GetRow(DataViewRow input, IEnumerable<DataViewSchema.Column> activeColumns)
    {
        ArgumentNullException.ThrowIfNull(input);
        return input.Schema == InputSchema
            ? new ScoringRow(this, input, activeColumns)
            : throw new ArgumentException("The schema of the row is not the one that the mapper was made for.", nameof(input));
    }

    /// <summary>Reads images where a row or cursor of the input stands.</summary>
    public ImageFetcher CreateFetcher(DataViewRow input) => _images.CreateFetcher(input, _column, Scorer.Preprocessing);

    /// <summary>Gives out a column that scoring adds.</summary>
    public ValueGetter<TValue> CreateGetter<TValue>(DataViewSchema.Column column, ScoreReader scores)
        => As<TValue>(CreateGetter(column.Index - InputSchema.Count, scores), column);

    /// <exception cref="InvalidOperationException">The column has another type.</exception>
    public static ValueGetter<TValue> As<TValue>(Delegate getter, DataViewSchema.Column column)
        => getter as ValueGetter<TValue> ?? throw new InvalidOperationException(
            $"Column '{column.Name}' of type {column.Type} holds values of {column.Type.RawType}, not of {typeof(TValue)}.");

    /// <exception cref="InvalidOperationException">The column was not requested.</exception>
    public static void ThrowUnlessActive(DataViewRow row, DataViewSchema.Column column)
    {
        if (!row.IsColumnActive(column))
        {
            throw new InvalidOperationException($"Column '{column.Name}' was not requested together with the rows.");
        }
    }

    /// <summary>What became of an image that could not be scored.</summary>
    /// <param name="position">The row, counted from 0.</param>
    /// <param name="reason">What was thrown.</param>
    public InvalidDataException Failure(long position, Exception reason)
        => new($"Row {position}, column '{_column.Name}': the image cannot be scored. {Excerpt.OfMessage(reason)}", Excerpt.AsReason(reason));

    /// <summary>A <see cref="ValueGetter{TValue}"/> of a column that scoring adds.</summary>
    /// <param name="added">Which, counted from 0.</param>
    /// <param name="scores">Gives the scores of the row.</param>
    protected abstract Delegate CreateGetter(int added, ScoreReader scores);

    /// <summary>Gives out all scores.</summary>
    protected static ValueGetter<VBuffer<float>> CreateScoreGetter(ScoreReader scores)
        => (ref VBuffer<float> value) =>
        {
            ReadOnlySpan<float> all = scores();
            VBufferEditor<float> editor = VBufferEditor.Create(ref value, all.Length);
            all.CopyTo(editor.Values);
            value = editor.Commit();
        };
}
