using Microsoft.ML;
using Microsoft.ML.Data;
using RePaViT.MLNet.Images;
using RePaViT.MLNet.Labels;

namespace RePaViT.MLNet.Scoring;

/// <summary>
/// What scoring adds to a schema, and what it needs there: once as columns, and once as the shape that an estimator
/// promises before there are data.
/// </summary>
internal static class ScoringSchema
{
    /// <summary>The predicted label is added first, the scores behind it.</summary>
    public const int AddedColumns = 2;

    private const string KeyValues = "KeyValues";

    /// <summary>The columns of the input, each where it was, and those of the scores behind them.</summary>
    public static DataViewSchema AddTo(DataViewSchema input, ScoringDescription description, ClassKeys classes)
    {
        var scoreAnnotations = new DataViewSchema.Annotations.Builder();
        classes.AddSlotNames(scoreAnnotations);

        var schema = new DataViewSchema.Builder();
        schema.AddColumns(input);
        schema.AddColumn(description.PredictedLabelColumnName, classes.Type, classes.CreateAnnotations());
        schema.AddColumn(
            description.ScoreColumnName,
            new VectorDataViewType(NumberDataViewType.Single, classes.Count),
            scoreAnnotations.ToAnnotations());
        return schema.ToSchema();
    }

    /// <summary>The same of shapes.</summary>
    /// <param name="input">The shape of the input.</param>
    /// <param name="description">The names of the columns.</param>
    /// <param name="label">The column that predicted labels are to look like.</param>
    /// <exception cref="ArgumentException">The column is no label.</exception>
    public static SchemaShape AddTo(SchemaShape input, ScoringDescription description, SchemaShape.Column label)
    {
        // A shape knows no sizes, so the columns for a single class have it.
        DataViewSchema added = AddTo(new DataViewSchema.Builder().ToSchema(), description, SingleClass(label));
        SchemaShape.Column[] columns = [.. SchemaShapes.Of(added)];
        return new SchemaShape([.. input.Where(column => columns.All(other => other.Name != column.Name)), .. columns]);
    }

    /// <summary>Finds the column of images.</summary>
    /// <exception cref="ArgumentException">It is missing or holds something else; the message says what is needed.</exception>
    public static (DataViewSchema.Column Column, ImageColumn Images) FindFeatures(
        DataViewSchema schema, ScoringDescription description)
    {
        DataViewSchema.Column column = Columns.Find(schema, description.FeatureColumnName, Columns.DroppedImages);
        ImageColumn images = ImageColumn.Of(column);
        return description.Features is not ImageColumn trained || trained.Kind == images.Kind
            ? (column, images)
            : throw new ArgumentException(
                $"Column '{column.Name}' of type {column.Type} holds {Words(images.Kind)}, but the model was trained on {Words(trained.Kind)}.");
    }

    private static ClassKeys SingleClass(SchemaShape.Column label)
    {
        if (!label.IsKey || label.Kind != SchemaShape.Column.VectorKind.Scalar)
        {
            throw new ArgumentException(
                $"Column '{label.Name}' ({label.Kind} of {label.ItemType}) is no label: a key is needed, as Conversion.MapValueToKey makes it.");
        }

        SchemaShape.Column values = label.Annotations.FirstOrDefault(annotation => annotation.Name == KeyValues);
        string? valueType = values.ItemType?.RawType.Name;
        if (valueType is not null && KeyValue.FindType(valueType) is null)
        {
            throw new ArgumentException(
                $"The keys of column '{label.Name}' stand for values of type {values.ItemType}, which cannot be stored with a model.");
        }

        string name = valueType is null ? "" : KeyValue.Sample(KeyValue.FindType(valueType)!);
        return ClassKeys.Create(label.ItemType.RawType.Name, valueType, [name]);
    }

    private static string Words(ImageColumnKind kind) => kind switch
    {
        ImageColumnKind.Image => "decoded images (LoadImages)",
        ImageColumnKind.File => "bytes of image files (LoadRawImageBytes)",
        _ => "vectors of numbers (ExtractPixels)",
    };
}
