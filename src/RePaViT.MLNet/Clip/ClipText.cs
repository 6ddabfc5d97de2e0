using System.Globalization;
using System.Net;
using System.Text;

namespace RePaViT.MLNet.Clip;

/// <summary>Texts as CLIP's tokenizer takes them: without HTML escapes, with single spaces, in lower case.</summary>
internal static class ClipText
{
    private const char Sigma = 'Σ';
    private const char FinalSigma = 'ς';

    // Punctuation that may occur inside a word.
    private const string WithinWords = "'.:·’‘․﹕：﹒．＇";

    public static string Clean(string text)
    {
        string unescaped = WebUtility.HtmlDecode(WebUtility.HtmlDecode(text));
        return ToLower(string.Join(' ', unescaped.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries)));
    }

    /// <summary>
    /// Unicode's lower case, including two cases that <see cref="string.ToLowerInvariant"/> leaves out: a dotted I becomes two characters, and
    /// a sigma at the end of a word becomes a final sigma.
    /// </summary>
    private static string ToLower(string text)
    {
        if (!text.AsSpan().ContainsAny('İ', Sigma))
        {
            return text.ToLowerInvariant();
        }

        var marked = new StringBuilder(text.Length);
        for (int i = 0; i < text.Length; i++)
        {
            marked.Append(text[i] == Sigma && EndsWord(text, i) ? FinalSigma : text[i]);
        }

        return marked.Replace("İ", "i\u0307").ToString().ToLowerInvariant();
    }

    /// <summary>Whether a cased letter comes before a position and none after it, ignoring marks and the like.</summary>
    private static bool EndsWord(string text, int index)
        => FirstCased(text, index - 1, -1) && !FirstCased(text, index + 1, 1);

    private static bool FirstCased(string text, int index, int step)
    {
        while (index >= 0 && index < text.Length && IsWithinWord(text[index]))
        {
            index += step;
        }

        return index >= 0 && index < text.Length
            && CharUnicodeInfo.GetUnicodeCategory(text[index]) is UnicodeCategory.UppercaseLetter or UnicodeCategory.LowercaseLetter or UnicodeCategory.TitlecaseLetter;
    }

    private static bool IsWithinWord(char character)
        => WithinWords.Contains(character, StringComparison.Ordinal) || CharUnicodeInfo.GetUnicodeCategory(character)
            is UnicodeCategory.NonSpacingMark or UnicodeCategory.EnclosingMark or UnicodeCategory.Format
            or UnicodeCategory.ModifierLetter or UnicodeCategory.ModifierSymbol;
}
