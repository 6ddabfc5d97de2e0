using Microsoft.ML;
using Microsoft.ML.Data;
using RePaViT.MLNet.Tests.Support;

namespace RePaViT.MLNet.Tests.Scoring;

/// <summary>A column nobody asks for costs nothing.</summary>
[TestClass]
public sealed class LazinessTests
{
    private readonly MLContext _context = new(seed: 1);
    private readonly Counter _counter = new();
    private readonly IDataView _scored;

    public LazinessTests()
    {
        CountedRow[] rows = [.. ImageRow.Create(20, "a", "b").Select(row => new CountedRow(_counter, row))];
        _scored = TestModel.CreateTransformer(_context, "a", "b").Transform(_context.Data.LoadFromEnumerable(rows));
    }

    [TestMethod]
    public void Images_are_not_read_where_no_score_is_asked_for()
    {
        CollectionAssert.AreEqual(Enumerable.Range(0, 20).ToArray(), _scored.GetColumn<int>("Number").ToArray());
        Assert.AreEqual(0, _counter.Images);
    }

    [TestMethod]
    [DataRow("Score")]
    [DataRow("PredictedLabel")]
    public void Each_image_is_read_once(string column)
    {
        using DataViewRowCursor cursor = _scored.GetRowCursor([_scored.Schema[column]]);
        Assert.AreEqual(0, _counter.Images);

        while (cursor.MoveNext())
        {
        }

        Assert.AreEqual(20, _counter.Images);
        Assert.AreEqual(0, _counter.Numbers);
    }

    [TestMethod]
    [DataRow(1)]
    [DataRow(3)]
    public void Few_rows_read_few_images(int rows)
    {
        Assert.HasCount(rows, _context.Data.TakeRows(_scored, rows).GetColumn<float[]>("Score").ToArray());
        Assert.AreEqual(rows, _counter.Images);
    }

    [TestMethod]
    public void A_column_that_is_not_asked_for_is_refused()
    {
        using DataViewRowCursor cursor = _scored.GetRowCursor([_scored.Schema["Score"]]);

        Assert.IsFalse(cursor.IsColumnActive(_scored.Schema["Number"]));
        Assert.ThrowsExactly<InvalidOperationException>(() => cursor.GetGetter<int>(_scored.Schema["Number"]));
        Assert.ThrowsExactly<InvalidOperationException>(() => cursor.GetGetter<uint>(_scored.Schema["PredictedLabel"]));
        Assert.ThrowsExactly<InvalidOperationException>(() => cursor.GetGetter<float>(_scored.Schema["Score"]));
    }

    private sealed class Counter
    {
        public int Images { get; set; }

        public int Numbers { get; set; }
    }

    private sealed class CountedRow(Counter counter, ImageRow row)
    {
        public byte[] Image
        {
            get
            {
                counter.Images++;
                return row.Image;
            }
        }

        public int Number
        {
            get
            {
                counter.Numbers++;
                return row.Number;
            }
        }
    }
}
