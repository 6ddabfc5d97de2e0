using RePaViT.IO;

namespace RePaViT.Tests.IO;

[TestClass]
public sealed class ExcerptTests
{
    [TestMethod]
    [DataRow("", "")]
    [DataRow("stem.weight, Klassenzimmer, 教室, 🐈", "stem.weight, Klassenzimmer, 教室, 🐈")]
    [DataRow("two\nlines\t", "two\\u000Alines\\u0009")]
    [DataRow("\u001b[2J\u202e\u2028", "\\u001B[2J\\u202E\\u2028")]
    [DataRow("\ufffd\ufffe\uffff", "\ufffd\\uFFFE\\uFFFF")]
    public void Text_stays_unless_it_does_something(string text, string excerpt)
        => Assert.AreEqual(excerpt, Excerpt.Of(text));

    [TestMethod]
    public void Half_a_pair_is_shown_as_such()
        => Assert.AreEqual("half \\uD83D pair", Excerpt.Of("half \ud83d pair"));

    [TestMethod]
    public void Long_text_is_cut_between_characters()
    {
        Assert.AreEqual(new string('x', 100), Excerpt.Of(new string('x', 100)));
        Assert.AreEqual(new string('x', 100) + "...", Excerpt.Of(new string('x', 101)));
        Assert.AreEqual(new string('x', 99) + "...", Excerpt.Of(new string('x', 99) + "🐈"));
        Assert.AreEqual(new string('x', 98) + "🐈...", Excerpt.Of(new string('x', 98) + "🐈."));
    }

    [TestMethod]
    public void Long_lists_are_cut()
    {
        Assert.AreEqual("1, 2", Excerpt.OfList([1, 2]));
        Assert.AreEqual(string.Join(", ", Enumerable.Range(0, 20)), Excerpt.OfList(Enumerable.Range(0, 20)));
        Assert.AreEqual(string.Join(", ", Enumerable.Range(0, 20)) + ", ...", Excerpt.OfList(Enumerable.Range(0, 21)));
    }

    [TestMethod]
    public void Long_messages_keep_their_start_and_their_end()
    {
        Assert.AreEqual("One line. Another.", Excerpt.OfMessage(new IOException("One line.\nAnother.")));
        string message = Excerpt.OfMessage(new IOException($"What is wrong: {new string('x', 10_000)}🐈{new string('y', 282)}, which is here."));
        StringAssert.StartsWith(message, "What is wrong: xxx", StringComparison.Ordinal);
        StringAssert.EndsWith(message, "yyy, which is here.", StringComparison.Ordinal);
        Assert.IsInRange(500, 700, message.Length);
        Assert.DoesNotContain("\\u", message);
    }
}
