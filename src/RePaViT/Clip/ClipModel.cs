using System.Numerics.Tensors;
using RePaViT.Import;
using RePaViT.Kernels;
using RePaViT.Clip;

namespace RePaViT;

/// <summary>
/// CLIP (Radford et al., arXiv 2103.00020): a tower for images and one for texts, which put what belongs together close to each other.
/// Names of classes are enough to classify images, without any image to train with. Immutable, and safe to use from several threads at
/// once, if its tokenizer is.
/// </summary>
public sealed class ClipModel
{
    /// <summary>What stands for the name of a class in a template.</summary>
    private const string Place = "{}";

    private readonly TextTower _texts;
    private readonly ITextTokenizer _tokenizer;

    private ClipModel(RePaViTModel images, TextTower texts, float logitScale, ITextTokenizer tokenizer)
        => (ImageTower, _texts, _tokenizer, LogitScale) = (images, texts, tokenizer, logitScale);

    /// <summary>The sentence that stands for a class where no others are given: <c>a photo of a {}.</c></summary>
    public static IReadOnlyList<string> DefaultTemplates { get; } = ["a photo of a {}."];

    /// <summary>
    /// The tower of images alone: what <see cref="RePaViTModel.CreateExtractor"/> computes with the output <c>embedding</c> are vectors of
    /// length 1, to be compared with those of texts. It has one class without a meaning, whose logit is 0.
    /// </summary>
    public RePaViTModel ImageTower { get; }

    /// <summary>What the cosine of an image and a text is multiplied with for the softmax.</summary>
    public float LogitScale { get; }

    /// <summary>Numbers of a vector.</summary>
    public int EmbeddingLength => _texts.Architecture.Outputs;

    /// <summary>Most tokens of a text, with those that begin and end it: 77 in all that OpenAI published.</summary>
    public int ContextLength => _texts.Architecture.ContextLength;

    /// <summary>
    /// Reads both towers of a file of OpenAI (<c>.pt</c>), OpenCLIP or Hugging Face, whose image tower is a vision transformer. Nothing in the
    /// file is executed.
    /// </summary>
    /// <param name="path">The file, as for <see cref="RePaViTModel.LoadPretrained(string, PretrainedOptions?)"/>.</param>
    /// <param name="tokenizer">Makes the tokens that the text tower was trained with.</param>
    /// <param name="options">
    /// What is not in files; null for nothing. Activation and epsilon are those of both towers, <see cref="PretrainedOptions.ClassNames"/>
    /// is not used.
    /// </param>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="UnauthorizedAccessException">It is a folder, or may not be read.</exception>
    /// <exception cref="InvalidDataException">
    /// The file is damaged, or has not both towers, or one that cannot be computed here; the message says which and why.
    /// </exception>
    public static ClipModel LoadPretrained(string path, ITextTokenizer tokenizer, PretrainedOptions? options = null)
        => LoadPretrained(PretrainedSource.FromFile(path), tokenizer, options);

    /// <summary>Reads what <see cref="LoadPretrained(string, ITextTokenizer, PretrainedOptions?)"/> reads, from a stream or a download as well.</summary>
    /// <param name="source">Where the weights are.</param>
    /// <param name="tokenizer">As there.</param>
    /// <param name="options">As there. Only a file has others beside it: for all else, they must tell what shapes do not.</param>
    /// <param name="cancellationToken">Stops it.</param>
    /// <exception cref="IOException">The weights could not be downloaded: the message says which file to put where instead.</exception>
    /// <exception cref="FileNotFoundException">As there.</exception>
    /// <exception cref="UnauthorizedAccessException">As there, or the cache folder may not be written to.</exception>
    /// <exception cref="InvalidDataException">As there, or what was downloaded is not what its SHA-256 says.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public static ClipModel LoadPretrained(
        PretrainedSource source, ITextTokenizer tokenizer, PretrainedOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(source);
        ArgumentNullException.ThrowIfNull(tokenizer);
        PretrainedOptions asked = (options ?? new PretrainedOptions()) with { ClassNames = null };
        PretrainedNetwork images = PretrainedReader.Read(source, asked, cancellationToken);
        TextTowerFile texts = ClipReader.Read(source, asked, cancellationToken);
        if (images.Description.Architecture is not ViTArchitecture { ProjectionDim: null } || images.Description.Architecture.Classes != texts.Architecture.Outputs)
        {
            throw new InvalidDataException(
                $"{source.Name}: its image tower gives {images.Description.Architecture.Classes} numbers and its text tower "
                + $"{texts.Architecture.Outputs}, but vectors of one space are needed.");
        }

        var model = new ClipModel(ImageTowers.Create(images), new TextTower(texts.Architecture, texts.Weights), texts.LogitScale, tokenizer);
        options?.Report?.Invoke(images.Report.With(
            [.. images.Report.UnusedTensors.Intersect(texts.Unused, StringComparer.Ordinal)],
            [.. images.Report.Assumptions.Union(texts.Assumptions, StringComparer.Ordinal)]));
        return model;
    }

    /// <summary>
    /// The same texts with another image tower, for instance one that <see cref="ConversionExtensions"/> made channel-idle, or that was
    /// trained further. Its classifiers and its <see cref="ImageTower"/> have the form of that tower.
    /// </summary>
    /// <param name="tower">
    /// A model whose output <c>embedding</c> has <see cref="EmbeddingLength"/> numbers: a tower, or a classifier made of one, whose classes
    /// are left out. Whether it was trained with these texts cannot be checked.
    /// </param>
    /// <exception cref="ArgumentException">It has no such output, or one of another length.</exception>
    public ClipModel WithImageTower(RePaViTModel tower)
    {
        ArgumentNullException.ThrowIfNull(tower);
        int? length = ImageTowers.LengthOf(tower);
        return length == EmbeddingLength
            ? new ClipModel(ImageTowers.WithoutClasses(tower), _texts, LogitScale, _tokenizer)
            : throw new ArgumentException(
                $"The image tower has {(length is int other ? $"embeddings of {other} numbers" : "no output 'embedding'")}, "
                + $"but embeddings of {EmbeddingLength} numbers are needed, like those of the texts.",
                nameof(tower));
    }

    /// <summary>Computes what texts are in the space that they share with images.</summary>
    /// <param name="texts">The texts.</param>
    /// <param name="cancellationToken">Stops it.</param>
    /// <returns>A vector of length 1 for each, in the same order.</returns>
    /// <exception cref="ArgumentException">
    /// A text has more tokens than <see cref="ContextLength"/>, or the tokenizer gives tokens that the text tower does not know.
    /// </exception>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public IReadOnlyList<float[]> EmbedTexts(IReadOnlyList<string> texts, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(texts);
        return _texts.Embed([.. texts.Select(Encode)], cancellationToken);
    }

    /// <summary>
    /// Makes a classifier out of names: a class is what a photo shows that its sentences are about. Each class has the mean of the vectors of
    /// its sentences, at length 1, times <see cref="LogitScale"/>. The model is one as any other: it is saved as ONNX, trained on, converted.
    /// </summary>
    /// <param name="classNames">A name for each class, as people would call it in a sentence.</param>
    /// <param name="templates">
    /// Sentences in which <c>{}</c> stands for the name, at least one. Several are better: CLIP's authors have 80 for ImageNet. Null for
    /// <see cref="DefaultTemplates"/>.
    /// </param>
    /// <param name="cancellationToken">Stops it.</param>
    /// <exception cref="ArgumentException">There is no class or no template, a name is empty, or a template has no place for it; and as for texts.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public RePaViTModel CreateClassifier(
        IReadOnlyList<string> classNames, IReadOnlyList<string>? templates = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(classNames);
        templates ??= DefaultTemplates;
        ThrowUnlessUsable(classNames, templates);
        string[] sentences = [.. classNames.SelectMany(name => templates.Select(template => template.Replace(Place, name, StringComparison.Ordinal)))];
        IReadOnlyList<float[]> vectors = EmbedTexts(sentences, cancellationToken);
        float[] head = new float[classNames.Count * EmbeddingLength];
        for (int label = 0; label < classNames.Count; label++)
        {
            Span<float> mean = head.AsSpan(label * EmbeddingLength, EmbeddingLength);
            foreach (float[] vector in vectors.Skip(label * templates.Count).Take(templates.Count))
            {
                TensorPrimitives.Add(mean, vector, mean);
            }

            TensorPrimitives.Multiply(mean, LogitScale / (float)Math.Sqrt(Reduce.SumOfSquares(mean)), mean);
        }

        return ImageTowers.WithClasses(ImageTower, classNames, head);
    }

    private static void ThrowUnlessUsable(IReadOnlyList<string> classNames, IReadOnlyList<string> templates)
    {
        if (classNames.Count == 0 || classNames.Any(string.IsNullOrWhiteSpace))
        {
            throw new ArgumentException("At least one class is needed, and a name for each.", nameof(classNames));
        }

        if (templates.Count == 0)
        {
            throw new ArgumentException("At least one template is needed.", nameof(templates));
        }

        if (templates.FirstOrDefault(template => template?.Contains(Place, StringComparison.Ordinal) != true) is string without)
        {
            throw new ArgumentException($"Template '{without}' has no '{Place}', which stands for the name of a class.", nameof(templates));
        }
    }

    private IReadOnlyList<int> Encode(string text)
    {
        IReadOnlyList<int> tokens = _tokenizer.Encode(text ?? throw new ArgumentNullException(nameof(text)));
        return tokens.Count <= ContextLength
            ? tokens
            : throw new ArgumentException($"Text '{text}' has {tokens.Count} tokens, but {ContextLength} are the most that are accepted.", nameof(text));
    }
}
