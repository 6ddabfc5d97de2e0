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
    private const string KeyValues = "KeyValues";

    private static readonly DataViewSchema Nothing = new DataViewSchema.Builder().ToSchema();

    /// <summary>The columns of the input, each where it was, and after them the predicted label and the scores.</summary>
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

    /// <summary>The columns of the input, each where it was, and after them that of a model's output.</summary>
    public static DataViewSchema AddTo(DataViewSchema input, FeaturizerDescription description, int length)
    {
        var schema = new DataViewSchema.Builder();
        schema.AddColumns(input);
        schema.AddColumn(description.OutputColumnName, new VectorDataViewType(NumberDataViewType.Single, length));
        return schema.ToSchema();
    }

    /// <summary>The same of shapes.</summary>
    /// <param name="input">The shape of the input.</param>
    /// <param name="description">The names of the columns.</param>
    /// <param name="label">The column that predicted labels are to look like.</param>
    /// <exception cref="ArgumentException">The column is not a label.</exception>
    public static SchemaShape AddTo(SchemaShape input, ScoringDescription description, SchemaShape.Column label)
        => Add(input, AddTo(Nothing, description, SingleClass(label)));

    /// <summary>The same of shapes.</summary>
    public static SchemaShape AddTo(SchemaShape input, FeaturizerDescription description) => Add(input, AddTo(Nothing, description, length: 1));

    /// <summary>Finds the column of images.</summary>
    /// <param name="schema">Where to look.</param>
    /// <param name="name">Its name.</param>
    /// <param name="fitted">What the transformer was fitted to; null if that is not known, and images of any kind do.</param>
    /// <exception cref="ArgumentException">It is missing or holds something else; the message says what is needed.</exception>
    public static (DataViewSchema.Column Column, ImageColumn Images) FindImages(DataViewSchema schema, string name, ImageColumn? fitted)
    {
        DataViewSchema.Column column = Columns.Find(schema, name, Columns.DroppedImages);
        ImageColumn images = ImageColumn.Of(column);
        return fitted is null || fitted.Kind == images.Kind
            ? (column, images)
            : throw new ArgumentException(
                $"Column '{column.Name}' of type {column.Type} holds {Words(images.Kind)}, but the model was fitted to {Words(fitted.Kind)}.");
    }

    /// <summary>A shape knows no sizes: columns of any size have it.</summary>
    private static SchemaShape Add(SchemaShape input, DataViewSchema added)
    {
        SchemaShape.Column[] columns = [.. SchemaShapes.Of(added)];
        return new SchemaShape([.. input.Where(column => columns.All(other => other.Name != column.Name)), .. columns]);
    }

    private static ClassKeys SingleClass(SchemaShape.Column label)
    {
        if (!label.IsKey || label.Kind != SchemaShape.Column.VectorKind.Scalar)
        {
            throw new ArgumentException(
                $"Column '{label.Name}' ({label.Kind} of {label.ItemType}) is not a label: "
                + "a key is needed, such as Conversion.MapValueToKey makes.");
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
