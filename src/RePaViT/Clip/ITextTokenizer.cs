namespace RePaViT;

/// <summary>Splits texts into the tokens that the text tower of a <see cref="ClipModel"/> takes.</summary>
public interface ITextTokenizer
{
    /// <summary>
    /// The tokens of a text as numbers, from the one that begins it to the one that ends it. The number of the latter is the largest of all,
    /// as in every vocabulary of CLIP.
    /// </summary>
    /// <param name="text">Any text.</param>
    IReadOnlyList<int> Encode(string text);
}
