using Microsoft.ML;
using Microsoft.ML.Data;
using RePaViT.MLNet.Tests.Support;

namespace RePaViT.MLNet.Tests.Scoring;

/// <summary>A bad row spoils nothing but its own scores.</summary>
[TestClass]
public sealed class FailureTests
{
    private readonly MLContext _context = new(seed: 1);
    private readonly ImageClassificationRePaViTTransformer _transformer;

    public FailureTests() => _transformer = TestModel.CreateTransformer(_context, "a", "b");

    [TestMethod]
    [DataRow(0, 3)]
    [DataRow(2, 300)]
    [DataRow(40, 300)]
    public void An_image_that_was_cut_off_fails_only_its_own_row(int bad, int length)
    {
        ImageRow[] rows = ImageRow.Create(50, "a", "b");
        Scores[] expected = Scores.Read(_transformer.Transform(_context.Data.LoadFromEnumerable(rows)));
        rows[bad].Image = rows[bad].Image[..length];
        IDataView scored = _transformer.Transform(_context.Data.LoadFromEnumerable(rows));

        using DataViewRowCursor cursor = scored.GetRowCursor(scored.Schema);
        ValueGetter<int> number = cursor.GetGetter<int>(scored.Schema["Number"]);
        ValueGetter<uint> label = cursor.GetGetter<uint>(scored.Schema["PredictedLabel"]);
        ValueGetter<VBuffer<float>> score = cursor.GetGetter<VBuffer<float>>(scored.Schema["Score"]);
        for (int i = 0; i < rows.Length; i++)
        {
            Assert.IsTrue(cursor.MoveNext());
            (int value, uint key, VBuffer<float> scores) = (-1, 0, default);
            number(ref value);
            Assert.AreEqual(i, value);
            if (i == bad)
            {
                var exception = Assert.ThrowsExactly<InvalidDataException>(() => score(ref scores));
                StringAssert.Contains(exception.Message, $"Row {bad}, column 'Image'", StringComparison.Ordinal);
                Assert.ThrowsExactly<InvalidDataException>(() => label(ref key));
                continue;
            }

            label(ref key);
            score(ref scores);
            Scores.AreEqual([expected[i]], [new Scores(key, [.. scores.DenseValues()])]);
        }

        Assert.IsFalse(cursor.MoveNext());
    }

    [TestMethod]
    public void Rows_before_the_end_of_a_failing_source_come_out()
    {
        IDataView scored = _transformer.Transform(_context.Data.LoadFromEnumerable(FailAfter(10)));
        using DataViewRowCursor cursor = scored.GetRowCursor(scored.Schema);

        for (int i = 0; i < 10; i++)
        {
            Assert.IsTrue(cursor.MoveNext());
        }

        Assert.ThrowsExactly<IOException>(() => cursor.MoveNext());
    }

    [TestMethod]
    public void A_value_that_cannot_be_read_fails_only_whoever_wants_it()
    {
        FailingRow[] rows = [.. ImageRow.Create(10, "a", "b").Select(row => new FailingRow(row))];
        IDataView scored = _transformer.Transform(_context.Data.LoadFromEnumerable(rows));
        using DataViewRowCursor cursor = scored.GetRowCursor(scored.Schema);
        ValueGetter<int> number = cursor.GetGetter<int>(scored.Schema["Number"]);
        ValueGetter<uint> label = cursor.GetGetter<uint>(scored.Schema["PredictedLabel"]);
        int value = 0;
        uint key = 0;
        for (int i = 0; i < 10; i++)
        {
            Assert.IsTrue(cursor.MoveNext());
            label(ref key);
            if (i == 5)
            {
                Assert.ThrowsExactly<IOException>(() => number(ref value));
            }
            else
            {
                number(ref value);
                Assert.AreEqual(i, value);
            }
        }
    }

    [TestMethod]
    public void There_are_no_values_before_the_first_row_and_behind_the_last()
    {
        IDataView scored = _transformer.Transform(_context.Data.LoadFromEnumerable(ImageRow.Create(1, "a", "b")));
        using DataViewRowCursor cursor = scored.GetRowCursor(scored.Schema);
        ValueGetter<uint> label = cursor.GetGetter<uint>(scored.Schema["PredictedLabel"]);
        ValueGetter<int> number = cursor.GetGetter<int>(scored.Schema["Number"]);

        AssertNothing();
        Assert.IsTrue(cursor.MoveNext());
        Assert.IsFalse(cursor.MoveNext());
        AssertNothing();

        void AssertNothing()
        {
            uint key = 0;
            int value = 0;
            Assert.ThrowsExactly<InvalidOperationException>(() => label(ref key));
            Assert.ThrowsExactly<InvalidOperationException>(() => number(ref value));
        }
    }

    private static IEnumerable<ImageRow> FailAfter(int count)
    {
        foreach (ImageRow row in ImageRow.Create(count, "a", "b"))
        {
            yield return row;
        }

        throw new IOException("The disk is gone.");
    }

    private sealed class FailingRow(ImageRow row)
    {
        public byte[] Image => row.Image;

        public int Number => row.Number == 5 ? throw new IOException("The value is gone.") : row.Number;
    }
}
