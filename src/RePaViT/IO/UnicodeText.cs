namespace RePaViT.IO;

/// <summary>
/// Whether texts survive being stored: half of a surrogate pair alone has no place in UTF-8, and would become another
/// character.
/// </summary>
internal static class UnicodeText
{
    /// <param name="text">What is to be stored.</param>
    /// <param name="name">What to call it.</param>
    /// <exception cref="ArgumentException">A surrogate stands alone; the message says where.</exception>
    public static void ThrowUnlessStorable(string text, string name)
    {
        int index = IndexOfLoneSurrogate(text);
        if (index >= 0)
        {
            throw new ArgumentException(
                $"{name} cannot be stored: at position {index} it has half of a surrogate pair (U+{(int)text[index]:X4}) alone, but whole characters are needed.");
        }
    }

    private static int IndexOfLoneSurrogate(string text)
    {
        for (int i = 0; i < text.Length; i++)
        {
            if (!char.IsSurrogate(text[i]))
            {
                continue;
            }

            if (i + 1 == text.Length || !char.IsSurrogatePair(text[i], text[i + 1]))
            {
                return i;
            }

            i++;
        }

        return -1;
    }
}
