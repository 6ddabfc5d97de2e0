using Microsoft.ML;
using Microsoft.ML.Data;
using RePaViT.MLNet.Images;
using RePaViT.MLNet.Labels;
using RePaViT.MLNet.Scoring;
using RePaViT.MLNet.Tests.Support;

namespace RePaViT.MLNet.Tests.Scoring;

[TestClass]
public sealed class ScoringSchemaTests
{
    private readonly MLContext _context = new(seed: 1);

    [TestMethod]
    [DataRow("Text", "a", "b")]
    [DataRow("Whole", "7", "-3")]
    [DataRow("Truth", "False", "True")]
    public void Labels_and_slots_carry_the_values_of_the_label(string label, string first, string second)
    {
        DataViewSchema input = Rows(label).Schema;

        DataViewSchema output = Create(input).GetOutputSchema(input);

        Assert.AreEqual(input["Label"].Type, output["PredictedLabel"].Type);
        Assert.AreEqual(new VectorDataViewType(NumberDataViewType.Single, 2), output["Score"].Type);
        VBuffer<ReadOnlyMemory<char>> slots = default;
        output["Score"].Annotations.GetValue("SlotNames", ref slots);
        CollectionAssert.AreEqual(new[] { first, second }, slots.DenseValues().Select(name => name.ToString()).ToArray());
        CollectionAssert.AreEqual(KeyValues(input["Label"]), KeyValues(output["PredictedLabel"]));
    }

    [TestMethod]
    [DataRow("Text")]
    [DataRow("Whole")]
    [DataRow("Truth")]
    [DataRow("Key")]
    public void An_estimators_promise_is_what_the_transformer_keeps(string label)
    {
        DataViewSchema input = Rows(label).Schema;
        SchemaShape shape = SchemaShapes.Of(input);

        SchemaShape promised = ScoringSchema.AddTo(shape, TestModel.Description, shape.Single(column => column.Name == "Label"));

        SchemaShape kept = SchemaShapes.Of(Create(input).GetOutputSchema(input));
        Assert.AreEqual(Describe(kept), Describe(promised));
    }

    [TestMethod]
    public void Columns_of_the_same_names_are_hidden()
    {
        DataViewSchema input = Rows("Text").Schema;
        ScoringDescription description = TestModel.Description with { ScoreColumnName = "Label" };
        SchemaShape shape = SchemaShapes.Of(input);

        var transformer = new ImageClassificationRePaViTTransformer(
            _context, description, ClassKeys.Of(input["Label"]), TestModel.Create(["a", "b"]));

        DataViewSchema output = transformer.GetOutputSchema(input);
        Assert.AreEqual(new VectorDataViewType(NumberDataViewType.Single, 2), output["Label"].Type);
        SchemaShape promised = ScoringSchema.AddTo(shape, description, shape.Single(column => column.Name == "Label"));
        Assert.AreEqual(Describe(SchemaShapes.Of(output)), Describe(promised));
    }

    [TestMethod]
    [DataRow("Image", "no column 'Image'")]
    [DataRow("Text", "holds no images")]
    [DataRow("Pixels", "was fitted to bytes of image files")]
    public void A_wrong_column_of_images_is_refused(string column, string named)
    {
        SchemaDefinition definition = SchemaDefinition.Create(typeof(Row));
        definition["Pixels"].ColumnType = new VectorDataViewType(NumberDataViewType.Single, 3, 2, 2);
        definition.Remove(definition["Image"]);
        IDataView rows = _context.Data.LoadFromEnumerable(Array.Empty<Row>(), definition);
        var transformer = new ImageClassificationRePaViTTransformer(
            _context,
            TestModel.Description with { FeatureColumnName = column },
            ClassKeys.FromNames(["a", "b"]),
            TestModel.Create(["a", "b"]));

        var exception = Assert.ThrowsExactly<ArgumentException>(() => transformer.Transform(rows));
        StringAssert.Contains(exception.Message, named, StringComparison.Ordinal);
        StringAssert.Contains(exception.Message, $"'{column}'", StringComparison.Ordinal);
        Assert.ThrowsExactly<ArgumentException>(() => transformer.GetOutputSchema(rows.Schema));
        Assert.ThrowsExactly<ArgumentException>(() => ((ITransformer)transformer).GetRowToRowMapper(rows.Schema));
    }

    [TestMethod]
    public void Images_of_any_kind_do_where_none_is_known()
    {
        ImageClassificationRePaViTTransformer transformer = new(
            _context, TestModel.Description with { Features = null }, ClassKeys.FromNames(["a", "b"]), TestModel.Create(["a", "b"]));
        foreach (ImageColumn column in new[] { new ImageColumn(ImageColumnKind.Image), new(ImageColumnKind.Pixels, 4, 5) })
        {
            var schema = new DataViewSchema.Builder();
            schema.AddColumn("Image", column.Type);

            Assert.HasCount(3, transformer.GetOutputSchema(schema.ToSchema()));
        }
    }

    private ImageClassificationRePaViTTransformer Create(DataViewSchema input)
        => TestModel.CreateTransformer(_context, ClassKeys.Of(input["Label"]));

    private IDataView Rows(string label)
    {
        SchemaDefinition definition = SchemaDefinition.Create(typeof(Row));
        definition["Key"].ColumnType = new KeyDataViewType(typeof(byte), 2);
        IDataView rows = _context.Data.LoadFromEnumerable(
            new[] { new Row { Text = "a", Whole = 7 }, new Row { Text = "b", Whole = -3, Truth = true } }, definition);
        IEstimator<ITransformer> keys = label == "Key"
            ? _context.Transforms.CopyColumns("Label", label)
            : _context.Transforms.Conversion.MapValueToKey("Label", label);
        return keys.Fit(rows).Transform(rows);
    }

    private static string[] KeyValues(DataViewSchema.Column column)
    {
        DataViewSchema.Column values = column.Annotations.Schema["KeyValues"];
        var type = (PrimitiveDataViewType)((VectorDataViewType)values.Type).ItemType;
        return KeyValue.Read(column.Annotations, values, type);
    }

    private static string Describe(SchemaShape shape) => string.Join("; ", shape.Select(
        column => $"{column.Name}: {column.Kind} {column.ItemType} {column.IsKey} ({Describe(column.Annotations)})"));

    private sealed class Row
    {
        public byte[] Image { get; set; } = [];

        public float[] Pixels { get; set; } = [];

        public string Text { get; set; } = "";

        public int Whole { get; set; }

        public bool Truth { get; set; }

        public byte Key { get; set; }
    }
}
