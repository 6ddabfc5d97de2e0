using RePaViT.Tests.Support;

namespace RePaViT.Tests.Clip;

/// <summary>The small CLIPs of Fixtures/Clip, with a tokenizer for their texts.</summary>
internal static class ClipFixture
{
    private static readonly PretrainedOptions Options = new() { Preprocessing = TestPreprocessing.Identity };

    public static string PathOf(string name) => Path.Combine(Fixture.Folder, "Clip", name);

    public static (ClipModel Model, SafetensorsFile Expected) Load(
        string name, string? configurationName = null, string? configuration = null, bool isPadded = false)
    {
        SafetensorsFile expected = Safetensors.Read(PathOf($"{name.Split('.')[0]}.expected.safetensors"));
        var tokenizer = new FixtureTokenizer(expected.Tensors["tokens"], isPadded);
        if (configurationName is null)
        {
            return (ClipModel.LoadPretrained(PathOf(name), tokenizer, Options with { Heads = 1 }), expected);
        }

        using var folder = new TemporaryFolder();
        File.Copy(PathOf(name), folder.File(name));
        File.WriteAllText(folder.File(configurationName), configuration);
        return (ClipModel.LoadPretrained(folder.File(name), tokenizer, Options), expected);
    }

    public static FixtureTokenizer Digits(string name)
        => new(Safetensors.Read(PathOf($"{name.Split('.')[0]}.expected.safetensors")).Tensors["tokens"], isPadded: false);

    /// <summary>Texts that begin with a digit have the tokens of that row, and what follows the digit comes before their end.</summary>
    public sealed class FixtureTokenizer(WeightTensor tokens, bool isPadded) : ITextTokenizer
    {
        private const int End = 299;

        public IReadOnlyList<int> Encode(string text)
        {
            if (!char.IsDigit(text, 0))
            {
                return text switch { "too long" => new int[13], "unknown" => [298, 300], _ => [] };
            }

            int[] row = [.. tokens.ToArray().Skip(12 * (text[0] - '0')).Take(12).Select(token => (int)token)];
            int[] read = [.. row.TakeWhile(token => token != End), .. text.Skip(1).Select(character => (int)character)];
            return [.. read, End, .. isPadded ? new int[12 - read.Length - 1] : []];
        }
    }
}
