using Microsoft.ML;
using Microsoft.ML.Data;
using RePaViT.MLNet.Tests.Support;

namespace RePaViT.MLNet.Tests.Scoring;

/// <summary>Columns that were read ahead come out with their own rows.</summary>
[TestClass]
public sealed class PassThroughTests
{
    private const int Count = 150;

    private readonly MLContext _context = new(seed: 1);
    private readonly ImageClassificationRePaViTTransformer _transformer;
    private readonly ImageRow[] _rows = ImageRow.Create(Count, "a", "b", "c");

    public PassThroughTests() => _transformer = TestModel.CreateTransformer(_context, "a", "b", "c");

    [TestMethod]
    public void Values_of_every_type_stay_with_their_rows()
    {
        IDataView rows = _context.Data.LoadFromEnumerable(_rows.Select(row => new EverythingRow(row)));
        IDataView keys = _context.Transforms.Conversion.MapValueToKey("Key", "Text").Fit(rows).Transform(rows);

        DataDebuggerPreview before = keys.Preview(Count);
        DataDebuggerPreview after = _transformer.Transform(keys).Preview(Count);

        Assert.HasCount(Count, after.RowView);
        for (int i = 0; i < Count; i++)
        {
            CollectionAssert.AreEqual(
                before.RowView[i].Values.Select(Text).ToArray(),
                after.RowView[i].Values.Take(before.Schema.Count).Select(Text).ToArray());
        }
    }

    [TestMethod]
    public void Shuffled_rows_keep_their_scores()
    {
        IDataView cached = _context.Data.Cache(_context.Data.LoadFromEnumerable(_rows));
        IDataView scored = _transformer.Transform(cached);
        Scores[] expected = Scores.Read(scored);
        Assert.IsTrue(scored.CanShuffle);

        foreach (IDataView shuffled in new[]
        {
            _context.Data.ShuffleRows(scored, seed: 1),
            _transformer.Transform(_context.Data.ShuffleRows(cached, seed: 2)),
        })
        {
            int[] numbers = [.. shuffled.GetColumn<int>("Number")];
            CollectionAssert.AreNotEqual(Enumerable.Range(0, Count).ToArray(), numbers);
            CollectionAssert.AreEquivalent(Enumerable.Range(0, Count).ToArray(), numbers);
            Scores.AreEqual([.. numbers.Select(number => expected[number])], Scores.Read(shuffled));
        }
    }

    [TestMethod]
    public void Sets_of_cursors_give_every_row_once_with_its_scores()
    {
        IDataView scored = _transformer.Transform(_context.Data.Cache(_context.Data.LoadFromEnumerable(_rows)));
        Scores[] expected = Scores.Read(scored);
        var found = new Dictionary<int, Scores>();
        foreach (DataViewRowCursor cursor in scored.GetRowCursorSet(scored.Schema, 4))
        {
            using (cursor)
            {
                ValueGetter<int> getNumber = cursor.GetGetter<int>(scored.Schema["Number"]);
                ValueGetter<VBuffer<float>> getScore = cursor.GetGetter<VBuffer<float>>(scored.Schema["Score"]);
                long batch = -1;
                while (cursor.MoveNext())
                {
                    Assert.IsTrue(cursor.Batch >= batch);
                    batch = cursor.Batch;
                    (int number, VBuffer<float> score) = (0, default);
                    getNumber(ref number);
                    getScore(ref score);
                    found.Add(number, expected[number] with { Score = [.. score.DenseValues()] });
                }
            }
        }

        Scores.AreEqual(expected, [.. found.OrderBy(pair => pair.Key).Select(pair => pair.Value)]);
    }

    [TestMethod]
    public void Identities_and_positions_are_those_of_the_rows()
    {
        IDataView rows = _context.Data.LoadFromEnumerable(_rows);
        CollectionAssert.AreEqual(Identities(rows, "Number"), Identities(_transformer.Transform(rows), "Score"));
        Assert.AreEqual(rows.GetRowCount(), _transformer.Transform(rows).GetRowCount());
    }

    [TestMethod]
    public void Columns_that_cannot_be_kept_are_scored_row_by_row()
    {
        using var image = ImageRow.ToMLImage(RePaViT.Tests.Support.TestImages.Random(12, 12, 1));
        IDataView rows = _context.Data.LoadFromEnumerable(_rows.Select(row => new RowWithImage { Image = row.Image, Decoded = image }));

        IDataView scored = _transformer.Transform(rows);

        Assert.HasCount(Count, scored.GetColumn<MLImage>("Decoded").ToArray());
        Scores.AreEqual(Scores.Read(_transformer.Transform(_context.Data.LoadFromEnumerable(_rows))), Scores.Read(scored));
    }

    private static string[] Identities(IDataView view, string column)
    {
        using DataViewRowCursor cursor = view.GetRowCursor([view.Schema[column]]);
        ValueGetter<DataViewRowId> getter = cursor.GetIdGetter();
        var identities = new List<string>();
        Assert.AreEqual(-1, cursor.Position);
        while (cursor.MoveNext())
        {
            Assert.AreEqual(identities.Count, cursor.Position);
            DataViewRowId id = default;
            getter(ref id);
            identities.Add(id.ToString());
        }

        Assert.AreEqual(-1, cursor.Position);
        Assert.IsFalse(cursor.MoveNext());
        return [.. identities];
    }

    private static string Text(KeyValuePair<string, object> value) => $"{value.Key}: " + value.Value switch
    {
        VBuffer<byte> bytes => string.Join(' ', bytes.DenseValues()),
        VBuffer<double> numbers => string.Join(' ', numbers.DenseValues()),
        VBuffer<ReadOnlyMemory<char>> texts => string.Join(' ', texts.DenseValues()),
        object other => other.ToString(),
    };

    private sealed class RowWithImage
    {
        public byte[] Image { get; set; } = [];

        [Microsoft.ML.Transforms.Image.ImageType(12, 12)]
        public MLImage? Decoded { get; set; }
    }

    private sealed class EverythingRow(ImageRow row)
    {
        private readonly int _i = row.Number;

        public byte[] Image => row.Image;

        public string Text => $"text {_i % 7}";

        public bool Bool => _i % 2 == 0;

        public sbyte SByte => (sbyte)_i;

        public byte Byte => (byte)_i;

        public short Short => (short)_i;

        public ushort UShort => (ushort)_i;

        public int Int => _i;

        public uint UInt => (uint)_i;

        public long Long => _i;

        public ulong ULong => (ulong)_i;

        public float Float => _i;

        public double Double => _i;

        public DateTime DateTime => new(2000 + _i, 1, 1);

        public DateTimeOffset DateTimeOffset => new(DateTime, TimeSpan.FromHours(1));

        public TimeSpan TimeSpan => TimeSpan.FromDays(_i);

        public DataViewRowId Id => new((ulong)_i, 1);

        [VectorType(3)]
        public double[] FixedVector => [_i, _i + 1, _i + 2];

        public double[] AnyVector => [.. Enumerable.Range(_i, _i % 4).Select(value => (double)value)];

        public string[] TextVector => [$"{_i}", $"{_i + 1}"];
    }
}
