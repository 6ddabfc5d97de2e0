using System.Globalization;
using System.Net;
using System.Text;

namespace RePaViT.MLNet.Clip;

/// <summary>Texts as CLIP's tokenizer takes them: without HTML's escapes, each run of spaces one space, in small letters.</summary>
internal static class ClipText
{
    private const char Sigma = 'Σ';
    private const char FinalSigma = 'ς';

    // Characters within words that are no marks.
    private const string WithinWords = "'.:·’‘․﹕：﹒．＇";

    public static string Clean(string text)
    {
        string unescaped = WebUtility.HtmlDecode(WebUtility.HtmlDecode(text));
        return ToLower(string.Join(' ', unescaped.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries)));
    }

    /// <summary>Unicode's small letters, of which two are not by themselves: a dotted I becomes two characters, and a sigma that ends a word another.</summary>
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

    /// <summary>Whether there is a letter with a case before a place, and none behind it, marks left out.</summary>
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
