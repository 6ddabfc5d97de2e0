using Microsoft.ML.Tokenizers;
using RePaViT.MLNet.Clip;

namespace RePaViT;

/// <summary>
/// The tokenizer that CLIP was trained with: byte-pair encoding, with the vocabulary that is published with the weights. Immutable, and safe
/// to use from several threads at once.
/// </summary>
/// <remarks>
/// Texts are taken as they are. OpenAI's tokenizer repairs them first with the Python package ftfy, which, for instance, turns curly quotation
/// marks into straight ones.
/// </remarks>
public sealed class ClipTokenizer : ITextTokenizer
{
    private const string Start = "<|startoftext|>";
    private const string End = "<|endoftext|>";

    private readonly BpeTokenizer _tokenizer;
    private readonly int _start;
    private readonly int _end;

    private ClipTokenizer(ClipVocabulary vocabulary)
    {
        (_start, _end) = (vocabulary.Tokens[Start], vocabulary.Tokens[End]);
        _tokenizer = BpeTokenizer.Create(new BpeOptions(vocabulary.Tokens)
        {
            Merges = vocabulary.Merges,
            ByteLevel = true,
            EndOfWordSuffix = ClipVocabulary.WordEnd,
            PreTokenizer = new ClipPreTokenizer(),
            SpecialTokens = SpecialTokens.ToDictionary(token => token, token => vocabulary.Tokens[token], StringComparer.Ordinal),
        });
    }

    /// <summary>The tokens around a text.</summary>
    internal static IReadOnlyList<string> SpecialTokens { get; } = [Start, End];

    /// <summary>Reads the vocabulary in the form in which OpenAI and OpenCLIP publish it.</summary>
    /// <param name="path"><c>bpe_simple_vocab_16e6.txt.gz</c>, unpacked or not.</param>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="UnauthorizedAccessException">It is a folder, or may not be read.</exception>
    /// <exception cref="InvalidDataException">The file is damaged or of another kind; the message says where.</exception>
    public static ClipTokenizer Load(string path) => new(ClipVocabulary.ReadMerges(path));

    /// <summary>Reads the vocabulary in Hugging Face's form.</summary>
    /// <param name="vocabularyPath"><c>vocab.json</c>.</param>
    /// <param name="mergesPath"><c>merges.txt</c>.</param>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="UnauthorizedAccessException">It is a folder, or may not be read.</exception>
    /// <exception cref="InvalidDataException">A file is damaged or of another kind, or the two do not belong together; the message says where.</exception>
    public static ClipTokenizer Load(string vocabularyPath, string mergesPath) => new(ClipVocabulary.Read(vocabularyPath, mergesPath));

    /// <inheritdoc/>
    public IReadOnlyList<int> Encode(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        return [_start, .. _tokenizer.EncodeToIds(ClipText.Clean(text)), _end];
    }
}
