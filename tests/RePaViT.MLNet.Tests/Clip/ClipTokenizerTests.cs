using System.IO.Compression;
using System.Text;
using System.Text.Json;
using RePaViT.Tests.Support;

namespace RePaViT.MLNet.Tests.Clip;

/// <summary>CLIP's tokens, with a small part of the published vocabulary under its published numbers.</summary>
[TestClass]
public sealed class ClipTokenizerTests
{
    private const int Start = 49406;
    private const int End = 49407;

    /// <summary>Pairs with the number of what they become, in the published order: what the sentences below need.</summary>
    private static readonly (string Pair, int Number)[] Published =
    [
        ("i n", 512), ("t h", 513), ("th e</w>", 518), ("o n</w>", 525), ("a t", 527), ("t o</w>", 531), ("a t</w>", 536), ("o f</w>", 539),
        ("ð Ł", 558), ("' s</w>", 568), ("i t</w>", 585), ("y o", 586), ("yo u</w>", 592), ("h o", 606), ("d o", 639), ("t h</w>", 640),
        ("a f", 702), ("' t</w>", 713), ("! !</w>", 748), ("p ho", 816), ("d on</w>", 847), ("ðŁ ĳ", 964), ("in k</w>", 967), ("at s</w>", 1032),
        ("pho to</w>", 1125), ("th ink</w>", 1331), ("g s</w>", 1345), ("c at</w>", 2368), ("do gs</w>", 3255), ("c af", 3471), ("c ats</w>", 3989),
        ("Ã ©</w>", 4166), ("ðŁĳ į</w>", 4201), ("caf Ã©</w>", 15304),
    ];

    /// <summary>What OpenAI's simple_tokenizer.py gives with the whole vocabulary.</summary>
    [TestMethod]
    [DataRow("a photo of a cat.", new[] { 320, 1125, 539, 320, 2368, 269 })]
    [DataRow("It's the 24th café, don't you think?", new[] { 585, 568, 518, 273, 275, 640, 15304, 267, 847, 713, 592, 1331, 286 })]
    [DataRow("A PHOTO  of\t3 dogs &amp;amp; cats!!", new[] { 320, 1125, 539, 274, 3255, 261, 3989, 748 })]
    [DataRow("ΟΔΟΣ 👍", new[] { 138, 123, 138, 112, 138, 123, 139, 480, 4201 })]
    [DataRow(" \u00a0", new int[0])]
    public void A_text_has_its_published_tokens(string text, int[] expected)
    {
        using var folder = new TemporaryFolder();
        CollectionAssert.AreEqual((int[])[Start, .. expected, End], LoadPublished(folder).Encode(text).ToArray());
    }

    /// <summary>Bytes by themselves: 256 more for one that ends a word. Their numbers begin with what can be seen, from '!' on.</summary>
    [TestMethod]
    [DataRow("Z", new[] { 'z' - '!' + 256 })]
    [DataRow("b'll", new[] { 'b' - '!' + 256, '\'' - '!', 'l' - '!', 'l' - '!' + 256 })]
    [DataRow("b'x", new[] { 'b' - '!' + 256, '\'' - '!' + 256, 'x' - '!' + 256 })]
    [DataRow("12²", new[] { '1' - '!' + 256, '2' - '!' + 256, 0xc2 - 0xae + 94 + 12, 0xb2 - 0xae + 94 + 12 + 256 })]
    [DataRow("b<|endoftext|>", new[] { 'b' - '!' + 256, End })]
    public void Words_are_cut_where_CLIP_cuts_them(string text, int[] expected)
    {
        using var folder = new TemporaryFolder();
        CollectionAssert.AreEqual((int[])[Start, .. expected, End], LoadPublished(folder).Encode(text).ToArray());
    }

    [TestMethod]
    [DataRow("ΑΣ. ΑΣΑ Σ", "ας. ασα σ")]
    [DataRow("ΑΣ'Α", "ασ'α")]
    [DataRow("İX", "i\u0307x")]
    [DataRow("&lt;B&gt; &AMP; x\u2003 y", "<b> &amp; x y")]
    public void Small_letters_are_those_of_Unicode(string text, string expected)
        => Assert.AreEqual(expected, MLNet.Clip.ClipText.Clean(text));

    [TestMethod]
    public void The_list_of_merges_is_enough_to_number_all_tokens()
    {
        using var folder = new TemporaryFolder();
        byte[] list = Encoding.UTF8.GetBytes("what it is\nc a\nca t</w>\n\n");
        File.WriteAllBytes(folder.File("list.txt"), list);
        using (var packed = new GZipStream(File.Create(folder.File("list.txt.gz")), CompressionLevel.Fastest))
        {
            packed.Write(list);
        }

        foreach (string name in new[] { "list.txt", "list.txt.gz" })
        {
            // 512 bytes, two merges, and what begins and ends a text.
            CollectionAssert.AreEqual(new[] { 514, 513, 512, 'b' - '!' + 256, 515 }, ClipTokenizer.Load(folder.File(name)).Encode("cat cab").ToArray());
        }
    }

    [TestMethod]
    public void Files_of_another_kind_are_refused_with_the_place()
    {
        using var folder = new TemporaryFolder();
        LoadPublished(folder);
        File.WriteAllText(folder.File("bad.txt"), "#version\na b\na b c\n");
        StringAssert.Contains(Refusal(() => ClipTokenizer.Load(folder.File("bad.txt"))), "line 3 is 'a b c'");
        StringAssert.Contains(Refusal(() => ClipTokenizer.Load(folder.File("vocab.json"), folder.File("bad.txt"))), "line 3");
        File.WriteAllText(folder.File("bad.txt"), "#version\nzz a\n");
        StringAssert.Contains(Refusal(() => ClipTokenizer.Load(folder.File("bad.txt"))), "token 'zz' is missing");
        File.WriteAllText(folder.File("bad.txt"), "#version\na b\na b\n");
        StringAssert.Contains(Refusal(() => ClipTokenizer.Load(folder.File("bad.txt"))), "'a b' occurs twice");
        File.WriteAllText(folder.File("bad.json"), "{\"a\": 1}");
        StringAssert.Contains(Refusal(() => ClipTokenizer.Load(folder.File("bad.json"), folder.File("merges.txt"))), "token '!' is missing");
        File.WriteAllText(folder.File("bad.txt"), "#version\nx x\n");
        StringAssert.Contains(Refusal(() => ClipTokenizer.Load(folder.File("vocab.json"), folder.File("bad.txt"))), "token 'xx' is missing");
        File.WriteAllText(folder.File("bad.json"), "{\"a\": 1, \"a\": 2}");
        StringAssert.Contains(Refusal(() => ClipTokenizer.Load(folder.File("bad.json"), folder.File("merges.txt"))), "'a'");
        File.WriteAllText(folder.File("bad.json"), "[1]");
        StringAssert.Contains(Refusal(() => ClipTokenizer.Load(folder.File("bad.json"), folder.File("merges.txt"))), "a JSON object");
        File.WriteAllBytes(folder.File("bad.gz"), [0x1f, 0x8b, 1, 2, 3]);
        StringAssert.Contains(Refusal(() => ClipTokenizer.Load(folder.File("bad.gz"))), "bad.gz");
        Assert.ThrowsExactly<FileNotFoundException>(() => ClipTokenizer.Load(folder.File("none")));
    }

    private static string Refusal(Func<object> load) => Assert.ThrowsExactly<InvalidDataException>(load).Message;

    private static ClipTokenizer LoadPublished(TemporaryFolder folder)
    {
        char[] visible = [.. Enumerable.Range('!', 94).Select(value => (char)value), .. Enumerable.Range('¡', 12).Select(value => (char)value), .. Enumerable.Range('®', 82).Select(value => (char)value)];
        string[] bytes = [.. visible.Concat(Enumerable.Range(256, 256 - visible.Length).Select(value => (char)value)).Select(character => $"{character}")];
        var tokens = new Dictionary<string, int>();
        foreach (string token in bytes.Concat(bytes.Select(character => $"{character}</w>")))
        {
            tokens.Add(token, tokens.Count);
        }

        foreach ((string pair, int number) in Published)
        {
            tokens.Add(pair.Replace(" ", "", StringComparison.Ordinal), number);
        }

        tokens.Add("<|startoftext|>", Start);
        tokens.Add("<|endoftext|>", End);
        File.WriteAllText(folder.File("vocab.json"), JsonSerializer.Serialize(tokens));
        File.WriteAllLines(folder.File("merges.txt"), ["#version: 0.2", .. Published.Select(merge => merge.Pair)]);
        return ClipTokenizer.Load(folder.File("vocab.json"), folder.File("merges.txt"));
    }
}
