using RePaViT.IO;
using RePaViT.Tests.Support;

namespace RePaViT.Tests.IO;

[TestClass]
public sealed class ContentHashTests
{
    private const string HashKey = "hash";

    [TestMethod]
    public void Values_give_the_same_hash_in_whatever_parts_they_come()
    {
        float[] values = RandomWeights.Floats(103, seed: 1);
        string whole = Hash(values.Length);
        foreach (int length in new[] { 1, 2, 7, 8, 9, 16, 102 })
        {
            Assert.AreEqual(whole, Hash(length), $"in parts of {length}");
        }

        string Hash(int length)
        {
            var hash = new ContentHash();
            for (int start = 0; start < values.Length; start += length)
            {
                hash.Add(values.AsSpan(start, Math.Min(length, values.Length - start)));
            }

            return hash.Finish();
        }
    }

    [TestMethod]
    public void Every_bit_of_a_value_counts()
    {
        float[] values = RandomWeights.Floats(19, seed: 1);
        var hashes = new HashSet<string> { Hash(values) };
        for (int bit = 0; bit < 32 * values.Length; bit++)
        {
            float[] changed = [.. values];
            changed[bit / 32] = BitConverter.Int32BitsToSingle(BitConverter.SingleToInt32Bits(changed[bit / 32]) ^ (1 << (bit % 32)));
            Assert.IsTrue(hashes.Add(Hash(changed)), $"bit {bit}");
        }

        static string Hash(float[] values)
        {
            var hash = new ContentHash();
            hash.Add(values);
            return hash.Finish();
        }
    }

    [TestMethod]
    public void Texts_give_the_same_hash_in_any_order_and_another_where_one_gains_what_another_loses()
    {
        string hash = Hash(("a", "1"), ("b", "2"));
        Assert.AreEqual(hash, Hash(("b", "2"), ("a", "1")));
        Assert.AreEqual(hash, Hash(("b", "2"), (HashKey, "any"), ("a", "1")));
        Assert.AreNotEqual(hash, Hash(("a", "2"), ("b", "1")));
        Assert.AreNotEqual(hash, Hash(("a", "1b"), ("", "2")));
        Assert.AreNotEqual(hash, Hash(("a1", ""), ("b", "2")));

        static string Hash(params (string Key, string Text)[] texts)
        {
            var hash = new ContentHash();
            hash.Add(texts.ToDictionary(text => text.Key, text => text.Text), HashKey);
            return hash.Finish();
        }
    }

    [TestMethod]
    public void Names_and_shapes_of_tensors_count()
    {
        string[] hashes = [Hash("a", 2, 3), Hash("b", 2, 3), Hash("a", 3, 2), Hash("a", 6), Hash("a", 1, 2, 3)];
        Assert.AreEqual(hashes.Length, hashes.Distinct().Count());

        static string Hash(string name, params int[] shape)
        {
            var hash = new ContentHash();
            hash.BeginTensor(name, shape);
            hash.Add(new float[6]);
            return hash.Finish();
        }
    }

    [TestMethod]
    public void Files_keep_hashes_so_what_is_hashed_must_not_change()
    {
        var hash = new ContentHash();
        hash.Add(new Dictionary<string, string> { ["key"] = "text" }, HashKey);
        hash.BeginTensor("name", [2, 5]);
        hash.Add([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
        Assert.AreEqual("4932ebc81f70e8346183f5b9a6edae89", hash.Finish());
    }
}
