using System.Text;
using Microsoft.ML.Tokenizers;

namespace RePaViT.MLNet.Clip;

/// <summary>
/// Splits a lower-case text into pieces, which are then split into tokens: English contractions, runs of letters, single digits, and runs
/// of anything else except spaces. Characters outside Unicode's basic plane are classified like all others.
/// </summary>
internal sealed class ClipPreTokenizer : PreTokenizer
{
    // The long s counts as an s, as in a comparison that ignores case.
    private static readonly string[] Contractions = ["'re", "'ve", "'ll", "'s", "'ſ", "'t", "'m", "'d"];

    public override IEnumerable<(int Offset, int Length)> PreTokenize(ReadOnlySpan<char> text) => PreTokenize(text.ToString());

    public override IEnumerable<(int Offset, int Length)> PreTokenize(string text)
    {
        int start = 0;
        while (start < text.Length)
        {
            Rune first = RuneAt(text, start);
            if (Rune.IsWhiteSpace(first))
            {
                start += first.Utf16SequenceLength;
                continue;
            }

            int length = LengthAt(text, start, first);
            yield return (start, length);
            start += length;
        }
    }

    private static int LengthAt(string text, int start, Rune first)
    {
        ReadOnlySpan<char> rest = text.AsSpan(start);
        foreach (string whole in ClipTokenizer.SpecialTokens.Concat(Contractions))
        {
            if (rest.StartsWith(whole, StringComparison.Ordinal))
            {
                return whole.Length;
            }
        }

        int length = first.Utf16SequenceLength;
        if (Rune.IsNumber(first))
        {
            return length;
        }

        while (start + length < text.Length && RuneAt(text, start + length) is Rune next && KindOf(next) == KindOf(first))
        {
            length += next.Utf16SequenceLength;
        }

        return length;
    }

    private static (bool IsLetter, bool IsOther) KindOf(Rune rune)
        => (Rune.IsLetter(rune), !Rune.IsLetter(rune) && !Rune.IsNumber(rune) && !Rune.IsWhiteSpace(rune));

    // Half of a surrogate pair counts as the replacement character.
    private static Rune RuneAt(string text, int index) => Rune.TryGetRuneAt(text, index, out Rune rune) ? rune : Rune.ReplacementChar;
}
