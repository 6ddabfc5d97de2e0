using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Runtime;
using RePaViT.MLNet.Training;
using RePaViT.Tests.Support;

namespace RePaViT.MLNet.Tests.Training;

[TestClass]
public class ImageImportTests
{
    [TestMethod]
    public void Images_keep_the_order_of_their_rows_on_any_number_of_cursors()
    {
        var context = new MLContext(seed: 1);
        Row[] rows = [.. Enumerable.Range(0, 2000).Select(i => new Row { Label = $"{i % 7}", Pixels = [i % 256, i / 256, i % 7] })];
        SchemaDefinition schema = SchemaDefinition.Create(typeof(Row));
        schema[nameof(Row.Pixels)].ColumnType = new VectorDataViewType(NumberDataViewType.Single, 3, 1, 1);
        IDataView data = context.Data.LoadFromEnumerable(rows, schema);
        data = context.Transforms.Conversion.MapValueToKey("Label").Fit(data).Transform(data);

        using var folder = new TemporaryFolder();
        using var store = new ImageStore(folder.Path, memoryLimit: 3000);
        using IChannel channel = ((IHostEnvironment)context).Start("Test");
        var import = new ImageImport(data, data.Schema["Pixels"], data.Schema["Label"], store, new ImagePreprocessing(), channel);
        StoredImageDataset images = import.Read("training", 0, CancellationToken.None);

        Assert.AreEqual(rows.Length, images.Count);
        for (int i = 0; i < rows.Length; i++)
        {
            Assert.AreEqual(rows[i].Label, images.ClassNames[images.GetLabel(i)]);
            byte[] expected = [(byte)(i % 256), (byte)(i / 256), (byte)(i % 7)];
            CollectionAssert.AreEqual(expected, images.GetImage(i).Pixels.ToArray());
        }
    }

    private sealed class Row
    {
        public string Label { get; set; } = "";

        public float[] Pixels { get; set; } = [];
    }
}
