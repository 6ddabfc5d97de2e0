using Microsoft.ML;
using Microsoft.ML.Data;
using RePaViT.MLNet.Tests.Support;
using RePaViT.Tests.Support;

namespace RePaViT.MLNet.Tests.Saving;

[TestClass]
public sealed class SaveAtomicallyTests
{
    private readonly MLContext _context = new(seed: 1);

    [TestMethod]
    public void A_model_is_saved_as_ML_NET_saves_it()
    {
        using var folder = new TemporaryFolder();
        IDataView rows = _context.Data.LoadFromEnumerable(ImageRow.Create(4, "a", "b"));
        ImageClassificationRePaViTTransformer model = TestModel.CreateTransformer(_context, "a", "b");
        File.WriteAllText(folder.File("model.zip"), "an earlier model");

        _context.Model.SaveAtomically(model, rows.Schema, folder.File("model.zip"));

        ITransformer loaded = _context.Model.Load(folder.File("model.zip"), out DataViewSchema schema);
        CollectionAssert.AreEqual(
            rows.Schema.Select(column => column.Name).ToArray(), schema.Select(column => column.Name).ToArray());
        Scores.AreEqual(Scores.Read(model.Transform(rows)), Scores.Read(loaded.Transform(rows)), tolerance: 1e-5);
        CollectionAssert.AreEqual(new[] { "model.zip" }, folder.FileNames.ToArray());
    }

    [TestMethod]
    public void A_model_that_fails_halfway_leaves_the_earlier_one_whole()
    {
        using var folder = new TemporaryFolder();
        string path = folder.File("model.zip");
        DataViewSchema schema = _context.Data.LoadFromEnumerable(ImageRow.Create(1, "a", "b")).Schema;
        ImageClassificationRePaViTTransformer good = TestModel.CreateTransformer(_context, "a", "b");
        _context.Model.SaveAtomically(good, schema, path);
        byte[] before = File.ReadAllBytes(path);

        // The good half is written before the other fails.
        var model = new TransformerChain<ITransformer>(good, new FailingTransformer());
        Assert.ThrowsExactly<TimeoutException>(() => _context.Model.SaveAtomically(model, schema, path));

        CollectionAssert.AreEqual(before, File.ReadAllBytes(path));
        CollectionAssert.AreEqual(new[] { "model.zip" }, folder.FileNames.ToArray());
    }

    [TestMethod]
    public void What_cannot_be_a_file_is_refused()
    {
        using var folder = new TemporaryFolder();
        ImageClassificationRePaViTTransformer model = TestModel.CreateTransformer(_context, "a", "b");
        Assert.ThrowsExactly<UnauthorizedAccessException>(() => _context.Model.SaveAtomically(model, null, folder.Path));
        Assert.ThrowsExactly<UnauthorizedAccessException>(() => model.SaveAsOnnx(folder.Path));
        Assert.ThrowsExactly<ArgumentNullException>(() => _context.Model.SaveAtomically(model, null, null!));
        Assert.ThrowsExactly<ArgumentNullException>(() => _context.Model.SaveAtomically(null!, null, folder.File("model.zip")));
        Assert.AreEqual(0, folder.FileNames.Count());
    }

    private sealed class FailingTransformer : ITransformer
    {
        public bool IsRowToRowMapper => false;

        public void Save(ModelSaveContext ctx) => throw new TimeoutException();

        public DataViewSchema GetOutputSchema(DataViewSchema inputSchema) => inputSchema;

        public IRowToRowMapper GetRowToRowMapper(DataViewSchema inputSchema) => throw new NotSupportedException();

        public IDataView Transform(IDataView input) => input;
    }
}
