namespace RePaViT;

/// <summary>Turns texts into the numbers that the text tower of a <see cref="ClipModel"/> reads.</summary>
public interface ITextTokenizer
{
    /// <summary>
    /// The tokens of a text, the one that begins it and the one that ends it among them, and none behind that. The one that ends it is the
    /// greatest of all numbers, as in every vocabulary of CLIP.
    /// </summary>
    /// <param name="text">Any text.</param>
    IReadOnlyList<int> Encode(string text);
}
