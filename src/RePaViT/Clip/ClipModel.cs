using System.Numerics.Tensors;
using RePaViT.Import;
using RePaViT.Kernels;
using RePaViT.Clip;

namespace RePaViT;

/// <summary>
/// CLIP (Radford et al., arXiv 2103.00020): an image tower and a text tower, which map an image and a text that describes it to vectors
/// close to each other. The names of classes are enough to classify images, without any training images. Immutable, and safe to use from
/// several threads at once if its tokenizer is.
/// </summary>
public sealed class ClipModel
{
    /// <summary>The place of the class name in a template.</summary>
    private const string Place = "{}";

    private readonly TextTower _texts;
    private readonly ITextTokenizer _tokenizer;

    private ClipModel(RePaViTModel images, TextTower texts, float logitScale, ITextTokenizer tokenizer)
        => (ImageTower, _texts, _tokenizer, LogitScale) = (images, texts, tokenizer, logitScale);

    /// <summary>The template that is used if none are given: <c>a photo of a {}.</c></summary>
    public static IReadOnlyList<string> DefaultTemplates { get; } = ["a photo of a {}."];

    /// <summary>
    /// The image tower alone. <see cref="RePaViTModel.CreateExtractor"/> with the output <c>embedding</c> computes vectors of length 1,
    /// which can be compared with those of texts. It has a single class, which means nothing and whose logit is always 0.
    /// </summary>
    public RePaViTModel ImageTower { get; }

    /// <summary>The factor by which the cosine of an image and a text is multiplied to give a logit.</summary>
    public float LogitScale { get; }

    /// <summary>The number of values in the vector of an image or a text.</summary>
    public int EmbeddingLength => _texts.Architecture.Outputs;

    /// <summary>The largest number of tokens in a text, including those that begin and end it: 77 in every model that OpenAI published.</summary>
    public int ContextLength => _texts.Architecture.ContextLength;

    /// <summary>
    /// Reads both towers from a file of OpenAI (<c>.pt</c>), OpenCLIP or Hugging Face whose image tower is a vision transformer. Nothing in
    /// the file is executed.
    /// </summary>
    /// <param name="path">The file, as for <see cref="RePaViTModel.LoadPretrained(string, PretrainedOptions?)"/>.</param>
    /// <param name="tokenizer">The tokenizer that the text tower was trained with.</param>
    /// <param name="options">
    /// What the files do not say; null for nothing. Activation and epsilon apply to both towers; <see cref="PretrainedOptions.ClassNames"/>
    /// is ignored.
    /// </param>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="UnauthorizedAccessException">It is a folder, or may not be read.</exception>
    /// <exception cref="InvalidDataException">
    /// The file is damaged, a tower is missing, or a tower cannot be computed here; the message says which and why.
    /// </exception>
    public static ClipModel LoadPretrained(string path, ITextTokenizer tokenizer, PretrainedOptions? options = null)
        => LoadPretrained(PretrainedSource.FromFile(path), tokenizer, options);

    /// <summary>Like <see cref="LoadPretrained(string, ITextTokenizer, PretrainedOptions?)"/>, but also reads a stream or a download.</summary>
    /// <param name="source">The source of the weights.</param>
    /// <param name="tokenizer">As in the other overload.</param>
    /// <param name="options">
    /// As in the other overload. Only a file has configuration files beside it: for other sources, the options must give what shapes do not
    /// show.
    /// </param>
    /// <param name="cancellationToken">Stops it.</param>
    /// <exception cref="IOException">The weights could not be downloaded; the message says which file to put where instead.</exception>
    /// <exception cref="FileNotFoundException">As in the other overload.</exception>
    /// <exception cref="UnauthorizedAccessException">As in the other overload, or the cache folder may not be written to.</exception>
    /// <exception cref="InvalidDataException">
    /// As in the other overload, or the downloaded file does not have the given SHA-256 hash.
    /// </exception>
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
                $"{source.Name}: its image tower gives vectors of {images.Description.Architecture.Classes} numbers and its text tower "
                + $"vectors of {texts.Architecture.Outputs}, but both must have the same length.");
        }

        var model = new ClipModel(ImageTowers.Create(images), new TextTower(texts.Architecture, texts.Weights), texts.LogitScale, tokenizer);
        options?.Report?.Invoke(images.Report.With(
            [.. images.Report.UnusedTensors.Intersect(texts.Unused, StringComparer.Ordinal)],
            [.. images.Report.Assumptions.Union(texts.Assumptions, StringComparer.Ordinal)]));
        return model;
    }

    /// <summary>
    /// The same text tower with another image tower, for instance one that <see cref="ConversionExtensions"/> made channel-idle or that was
    /// trained further. <see cref="ImageTower"/> and classifiers then have the form of that tower.
    /// </summary>
    /// <param name="tower">
    /// A model whose output <c>embedding</c> has <see cref="EmbeddingLength"/> numbers: a tower, or a classifier made from one, whose classes
    /// are dropped. Whether it was trained for this text tower cannot be checked.
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
                + $"but embeddings of {EmbeddingLength} numbers, like those of texts, are needed.",
                nameof(tower));
    }

    /// <summary>Computes the vectors of texts, in the space that they share with images.</summary>
    /// <param name="texts">The texts.</param>
    /// <param name="cancellationToken">Stops it.</param>
    /// <returns>A vector of length 1 for each text, in the same order.</returns>
    /// <exception cref="ArgumentException">
    /// A text has more tokens than <see cref="ContextLength"/>, or the tokenizer returns tokens that the text tower does not have.
    /// </exception>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public IReadOnlyList<float[]> EmbedTexts(IReadOnlyList<string> texts, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(texts);
        return _texts.Embed([.. texts.Select(Encode)], cancellationToken);
    }

    /// <summary>
    /// Makes a classifier from the names of classes: an image belongs to the class whose sentences describe it best. The head has a vector
    /// for each class: the mean of the vectors of its sentences, scaled to length 1, times <see cref="LogitScale"/>. The result is a model
    /// like any other: it can be saved as ONNX, fine-tuned and converted.
    /// </summary>
    /// <param name="classNames">A name for each class, as it would be used in a sentence.</param>
    /// <param name="templates">
    /// Sentences in which <c>{}</c> stands for the name, at least one. Several are better: CLIP's authors use 80 for ImageNet. Null for
    /// <see cref="DefaultTemplates"/>.
    /// </param>
    /// <param name="cancellationToken">Stops it.</param>
    /// <exception cref="ArgumentException">
    /// There is no class or no template, a name is empty, a template has no place for the name, or as for <see cref="EmbedTexts"/>.
    /// </exception>
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
            throw new ArgumentException("At least one class is needed, and each needs a name.", nameof(classNames));
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
            : throw new ArgumentException($"Text '{text}' has {tokens.Count} tokens, but at most {ContextLength} are accepted.", nameof(text));
    }
}
