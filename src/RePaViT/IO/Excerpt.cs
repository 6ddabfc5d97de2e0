using System.Globalization;
using System.Text;

namespace RePaViT.IO;

/// <summary>
/// Foreign text as messages quote it, even if a name in a file is hostile: short, on one line, and without characters
/// that a terminal obeys.
/// </summary>
internal static class Excerpt
{
    private const int MaxTextLength = 100;
    private const int MaxMessageLength = 600;
    private const int MaxItems = 20;
    private const int MaxItemLength = 50;
    private const string Omission = "...";

    /// <param name="text">Any text.</param>
    /// <param name="maxLength">Characters to show of it.</param>
    public static string Of(ReadOnlySpan<char> text, int maxLength = MaxTextLength)
        => text.Length <= maxLength ? Visible(text) : Visible(Start(text, maxLength)) + Omission;

    /// <summary>The first of some values, separated by commas.</summary>
    public static string OfList<T>(IEnumerable<T> values)
    {
        string[] first = [.. values.Take(MaxItems + 1).Select(value => Of($"{value}", MaxItemLength))];
        return first.Length <= MaxItems ? string.Join(", ", first) : string.Join(", ", first[..MaxItems]) + $", {Omission}";
    }

    /// <summary>
    /// What an exception says, which may quote a file. If that is long, its middle is left out: libraries say first what is
    /// wrong, and last where.
    /// </summary>
    public static string OfMessage(Exception exception)
    {
        // The base class library's own go over two lines.
        ReadOnlySpan<char> message = exception.Message.ReplaceLineEndings(" ");
        if (message.Length <= MaxMessageLength)
        {
            return Visible(message);
        }

        ReadOnlySpan<char> end = message[^(MaxMessageLength / 2)..];
        return $"{Visible(Start(message, MaxMessageLength / 2))}{Omission}{Visible(char.IsLowSurrogate(end[0]) ? end[1..] : end)}";
    }

    /// <summary>The exception, as the reason of another: null if its message is too long to be shown with that one's.</summary>
    public static Exception? AsReason(Exception exception)
        => exception.Message.Length <= MaxMessageLength ? exception : null;

    /// <summary>No pair of surrogates is divided.</summary>
    private static ReadOnlySpan<char> Start(ReadOnlySpan<char> text, int length)
        => text[..(char.IsHighSurrogate(text[length - 1]) ? length - 1 : length)];

    private static string Visible(ReadOnlySpan<char> text)
    {
        var visible = new StringBuilder(text.Length);
        while (Rune.DecodeFromUtf16(text, out Rune rune, out int length) is var status && length > 0)
        {
            if (status == System.Buffers.OperationStatus.Done && !IsInvisible(rune))
            {
                visible.Append(text[..length]);
            }
            else
            {
                foreach (char unit in text[..length])
                {
                    visible.Append(CultureInfo.InvariantCulture, $"\\u{(int)unit:X4}");
                }
            }

            text = text[length..];
        }

        return visible.ToString();
    }

    // The last two are no characters, and XML refuses them.
    private static bool IsInvisible(Rune rune) => rune.Value is 0xFFFE or 0xFFFF || Rune.GetUnicodeCategory(rune)
        is UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator;
}
