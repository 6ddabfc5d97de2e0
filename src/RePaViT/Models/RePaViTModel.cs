using System.Numerics.Tensors;
using RePaViT.Import;
using RePaViT.Inference;
using RePaViT.Kernels;
using RePaViT.Layers;
using RePaViT.Models;
using RePaViT.Networks;
using RePaViT.Onnx;
using RePaViT.Operators;
using RePaViT.Rewrites;

namespace RePaViT;

/// <summary>
/// A network with its weights, class names and preprocessing, ready to classify images on the CPU. Immutable, and safe
/// to use from several threads at once.
/// </summary>
public sealed class RePaViTModel
{
    private readonly ModelDescription _description;
    private readonly Network _network;
    private readonly EngineFactory _compile;
    private readonly InferencePrecision _precision;
    private readonly OutputEngine _logits;
    private Network? _folded;
    private Network? _unfolded;

    /// <summary>Creates a model from its parts, for instance from weights of the reference implementation.</summary>
    /// <param name="architecture">The structure of the network.</param>
    /// <param name="form">The form of the weights.</param>
    /// <param name="weights">Its tensors under the reference implementation's names.</param>
    /// <param name="classNames">A name for each class.</param>
    /// <param name="preprocessing">How images are prepared; null for the defaults.</param>
    /// <exception cref="ArgumentException">A part is not valid or does not match another; the message says which.</exception>
    public RePaViTModel(
        Architecture architecture, NetworkForm form, NamedTensors weights, IReadOnlyList<string> classNames,
        ImagePreprocessing? preprocessing = null)
        : this(
            new ModelDescription
            {
                Architecture = architecture ?? throw new ArgumentNullException(nameof(architecture)),
                Form = form,
                ClassNames = [.. classNames ?? throw new ArgumentNullException(nameof(classNames))],
                Preprocessing = preprocessing ?? new ImagePreprocessing(),
            },
            architecture.CreateNetwork(form, weights ?? throw new ArgumentNullException(nameof(weights))))
    {
    }

    /// <param name="description">What the network is, and for what.</param>
    /// <param name="network">Its layers and weights.</param>
    /// <param name="threads">Threads that share a call; null for one per core.</param>
    internal RePaViTModel(ModelDescription description, Network network, int? threads = null)
        : this(description, network, OnCpu(threads))
    {
    }

    /// <param name="description">What the network is, and for what.</param>
    /// <param name="network">Its layers and weights.</param>
    /// <param name="compile">Makes the engine that runs the folded network, the first time it is needed.</param>
    /// <param name="precision">What the engine may round products to.</param>
    internal RePaViTModel(
        ModelDescription description, Network network, EngineFactory compile,
        InferencePrecision precision = InferencePrecision.Full)
    {
        description.Validate();
        _description = description;
        _network = network;
        _compile = compile;
        _precision = precision;
        _logits = CreateEngine(() => compile(Folded(), precision), new Shape(1, Architecture.Classes), "logits");
    }

    /// <summary>The structure of the network.</summary>
    public Architecture Architecture => _description.Architecture;

    /// <summary>Whether the network is in its trained or its reparameterized form.</summary>
    public NetworkForm Form => _description.Form;

    /// <summary>A name for each class; labels are indexes into this list.</summary>
    public IReadOnlyList<string> ClassNames => _description.ClassNames;

    /// <summary>How images are prepared.</summary>
    public ImagePreprocessing Preprocessing => _description.Preprocessing;

    /// <summary>Parameters and multiply-adds of the network in its present form.</summary>
    public NetworkCost Cost => Architecture.Cost(Form);

    /// <summary>
    /// The tensors of the network under the reference implementation's names, for input that is normalized as
    /// <see cref="Preprocessing"/> says, as the constructor takes them. In a file, more is folded into the weights; it is
    /// taken out of them again, which gives the same function up to rounding.
    /// </summary>
    public NamedTensors Weights => Unfolded().Weights;

    /// <summary>
    /// The outputs that can be computed, in the order in which the network does: <c>stage1</c> and so on, the tokens
    /// after a stage; <c>features</c>, the input of the head; in networks that compare by angle <c>embedding</c>, the projected features
    /// of length 1; and <c>logits</c>.
    /// </summary>
    public IReadOnlyList<string> Outputs => [.. _network.Layout.Outputs.Select(output => output.Name)];

    /// <summary>Opens a model file that <see cref="Save(string)"/> wrote.</summary>
    /// <param name="path">An ONNX file of this library.</param>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="UnauthorizedAccessException">It is a folder, or may not be read.</exception>
    /// <exception cref="InvalidDataException">The file is damaged, or was not written by this library; the message says where.</exception>
    public static RePaViTModel Load(string path) => Load(path, threads: null);

    /// <param name="path">As there.</param>
    /// <param name="threads">Threads that share a call; null for one per core.</param>
    internal static RePaViTModel Load(string path, int? threads)
    {
        FirstUse.Prepare();
        (ModelDescription description, Network network) = OnnxReader.Read(path);
        return new RePaViTModel(description, network, threads);
    }

    /// <summary>Reads a model that <see cref="Save(Stream)"/> wrote.</summary>
    /// <param name="stream">A stream that can seek, at the beginning of the model; it is read to its end.</param>
    /// <exception cref="InvalidDataException">
    /// The content is damaged, or was not written by this library; the message says where.
    /// </exception>
    /// <exception cref="ArgumentException">The stream cannot be read, or cannot seek.</exception>
    public static RePaViTModel Load(Stream stream)
    {
        FirstUse.Prepare();
        (ModelDescription description, Network network) = OnnxReader.Read(stream);
        return new RePaViTModel(description, network);
    }

    /// <summary>
    /// Reads pretrained weights: safetensors, an index of several such files, or a file written by <c>torch.save</c>, under the
    /// names of the RePaViT reference (ViT, Swin, Mixer, PoolFormer), timm (ViT, DeiT, DeiT III, DINOv2, Swin), torchvision (ViT,
    /// Swin) or Hugging Face (ViT, DINOv2). Nothing in the file is executed. What shapes do not show is read from
    /// <c>config.json</c> and <c>preprocessor_config.json</c> beside it, or must be given.
    /// </summary>
    /// <param name="path">The file.</param>
    /// <param name="options">What is not in the files; null for nothing.</param>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="UnauthorizedAccessException">It is a folder, or may not be read.</exception>
    /// <exception cref="InvalidDataException">
    /// The file is damaged, a tensor is missing or unknown, or the network cannot be computed here; the message says which and
    /// why.
    /// </exception>
    public static RePaViTModel LoadPretrained(string path, PretrainedOptions? options = null)
        => LoadPretrained(PretrainedSource.FromFile(path), options);

    /// <summary>Like <see cref="LoadPretrained(string, PretrainedOptions?)"/>, but also reads a stream or a download.</summary>
    /// <param name="source">The source of the weights.</param>
    /// <param name="options">
    /// As in the other overload. Only a file has configuration files beside it: for other sources, the options must give what
    /// shapes do not show.
    /// </param>
    /// <param name="cancellationToken">Stops it.</param>
    /// <exception cref="IOException">The weights could not be downloaded; the message says which file to put where instead.</exception>
    /// <exception cref="FileNotFoundException">As there.</exception>
    /// <exception cref="UnauthorizedAccessException">As in the other overload, or the cache folder may not be written to.</exception>
    /// <exception cref="InvalidDataException">
    /// As in the other overload, or the downloaded file does not have the given SHA-256 hash.
    /// </exception>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public static RePaViTModel LoadPretrained(
        PretrainedSource source, PretrainedOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(source);
        PretrainedNetwork read = PretrainedReader.Read(source, options ?? new PretrainedOptions(), cancellationToken);
        var model = new RePaViTModel(read.Description, read.Network);
        options?.Report?.Invoke(read.Report);
        return model;
    }

    /// <summary>
    /// Writes an ONNX file (opset 17) that any ONNX runtime opens: input <c>image</c> [batch, 3, size, size], planes of
    /// red, green, blue from 0 to 255; outputs <c>logits</c> and <c>probabilities</c> [batch, classes]. Architecture, class
    /// names and preprocessing are part of it.
    /// </summary>
    /// <param name="path">The file, or a link to it; replaced as a whole once everything is written.</param>
    /// <exception cref="ArgumentException">Weights would become infinite through what is folded into them for the file.</exception>
    /// <exception cref="NotSupportedException">The weights are over the 2 GiB that an ONNX file can hold.</exception>
    /// <exception cref="IOException">The file cannot be written; it keeps its content.</exception>
    /// <exception cref="UnauthorizedAccessException">The path is a folder, a pipe or a device, or may not be written.</exception>
    public void Save(string path) => OnnxWriter.Write(path, _description, Folded());

    /// <summary>Writes the same as <see cref="Save(string)"/> to a stream, which stays open.</summary>
    /// <param name="stream">A writable stream.</param>
    /// <exception cref="ArgumentException">As for a file, or the stream cannot be written.</exception>
    /// <exception cref="NotSupportedException">The weights are over the 2 GiB that an ONNX file can hold.</exception>
    public void Save(Stream stream) => OnnxWriter.Write(stream, _description, Folded());

    /// <summary>Writes the same as <see cref="Save(string)"/>, with further outputs of the graph.</summary>
    /// <param name="path">As there.</param>
    /// <param name="outputs">
    /// Some of <see cref="Outputs"/>: <c>features</c> [batch, columns], or those of stages [batch, rows, columns].
    /// </param>
    /// <exception cref="ArgumentException">There is no such output; and as there.</exception>
    /// <exception cref="NotSupportedException">As there.</exception>
    /// <exception cref="IOException">As there.</exception>
    /// <exception cref="UnauthorizedAccessException">As there.</exception>
    public void Save(string path, IReadOnlyList<string> outputs)
    {
        ArgumentNullException.ThrowIfNull(outputs);
        Save(path, new OnnxFileOptions { Outputs = outputs });
    }

    /// <summary>Writes the same as <see cref="Save(string)"/>, and more.</summary>
    internal void Save(string path, OnnxFileOptions options) => OnnxWriter.Write(path, _description, Folded(), options);

    /// <summary>
    /// Writes <see cref="Weights"/> as a safetensors file, for programs in other languages. With the names of the RePaViT reference
    /// it has every tensor that its <c>load_state_dict</c> expects; a deployed model loads into a network that was reparameterized
    /// there. Architecture, class names and preprocessing are in the metadata, and
    /// <see cref="LoadPretrained(string, PretrainedOptions?)"/> reads the same model.
    /// </summary>
    /// <param name="path">The file, or a link to it; replaced as a whole once everything is written.</param>
    /// <param name="naming">Which project's names the tensors get.</param>
    /// <exception cref="ArgumentException">That project has no such network; the message says which ones it has.</exception>
    /// <exception cref="IOException">The file cannot be written; it keeps its content.</exception>
    /// <exception cref="UnauthorizedAccessException">The path is a folder, a pipe or a device, or may not be written.</exception>
    public void SaveWeights(string path, WeightNaming naming = WeightNaming.Reference)
        => PretrainedWriter.Write(path, _description, Unfolded(), naming);

    /// <summary>
    /// The same function with fewer weights (RePaViT, section 3.2): idle channels, shortcuts and batch normalization are
    /// merged. A model that is already deployed, or vanilla, is returned unchanged.
    /// </summary>
    public RePaViTModel Reparameterize()
        => !_network.Layers.OfType<TrainedFeedForward>().Any()
            ? this
            : new RePaViTModel(_description with { Form = NetworkForm.Deployed }, FeedForwardMerging.Merge(_network), _compile, _precision);

    /// <summary>Computes logits for images that are already prepared.</summary>
    /// <param name="images">[count, 3, size, size]: planes of red, green, blue from 0 to 255.</param>
    /// <param name="logits">[count, classes]; their lengths give the count.</param>
    /// <exception cref="ArgumentException">The lengths fit no number of images.</exception>
    /// <exception cref="NotSupportedException">The network is too large for the CPU engine; the message says what is.</exception>
    public void ComputeLogits(ReadOnlySpan<float> images, Span<float> logits) => _logits.Run(images, logits);

    /// <summary>
    /// The same model without its head. It computes on the same device; weights that both share are in memory once.
    /// </summary>
    /// <param name="output">One of <see cref="Outputs"/>. Default: the input of the head.</param>
    /// <exception cref="ArgumentException">There is no such output; the message lists the outputs.</exception>
    public FeatureExtractor CreateExtractor(string output = NetworkLayout.Features)
    {
        Network part = Folded().TakeOutput(output);
        Shape shape = part.ToGraph().Graph.Output.Shape;
        return new FeatureExtractor(output, shape, CreateEngine(() => _compile(part, _precision), shape, "values"));
    }

    /// <summary>The same model as a teacher that says what each part of an image shows.</summary>
    /// <exception cref="ArgumentException">It is of a family whose head says nothing about parts.</exception>
    internal TokenTeacher CreateTokenTeacher()
    {
        Network part = TokenNetwork.Of(Folded());
        Shape shape = part.ToGraph().Graph.Output.Shape;
        return new TokenTeacher(CreateEngine(() => _compile(part, _precision), shape, "values"), shape);
    }

    /// <summary>Classifies an image of any size.</summary>
    /// <param name="image">The image.</param>
    /// <exception cref="ArgumentException">The image has no pixels.</exception>
    public Prediction Predict(RgbImage image) => Predict([image])[0];

    /// <summary>Classifies images of any sizes.</summary>
    /// <param name="images">The images.</param>
    /// <returns>A prediction for each, in the same order.</returns>
    /// <exception cref="ArgumentException">An image has no pixels.</exception>
    public IReadOnlyList<Prediction> Predict(IReadOnlyList<RgbImage> images)
    {
        ArgumentNullException.ThrowIfNull(images);
        var predictions = new Prediction[images.Count];
        _logits.ForEachImage(images.Count, index => images[index], (index, logits) =>
        {
            float[] probabilities = logits.ToArray();
            Softmax.Forward(probabilities);
            int label = TensorPrimitives.IndexOfMax<float>(probabilities);
            predictions[index] = new Prediction(label, ClassNames[label], probabilities[label], probabilities);
        });
        return predictions;
    }

    /// <summary>Classifies labeled images and measures accuracy and loss.</summary>
    /// <param name="dataset">At least one image; its classes must be the model's, as many and in the same order.</param>
    /// <param name="cancellationToken">Stops it between two batches.</param>
    /// <exception cref="ArgumentException">
    /// The data set is empty, has another number of classes, or a label or an image that is not accepted.
    /// </exception>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public Evaluation Evaluate(IImageDataset dataset, CancellationToken cancellationToken = default)
        => Evaluate(dataset, (_, _) => { }, cancellationToken);

    /// <summary>The same, and tells for each image whether it is right.</summary>
    internal Evaluation Evaluate(IImageDataset dataset, Action<int, bool> answered, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(dataset);
        if (dataset.ClassNames.Count != Architecture.Classes)
        {
            throw new ArgumentException(
                $"The data set has {dataset.ClassNames.Count} classes, but the model has {Architecture.Classes}.", nameof(dataset));
        }

        // Counting looks at every label: a wrong one is better found now than after the work.
        dataset.CountLabels();
        int correct = 0;
        double loss = 0;
        _logits.ForEachImage(dataset.Count, dataset.GetImage, (index, logits) =>
        {
            int label = dataset.GetLabel(index);
            int best = TensorPrimitives.IndexOfMax<float>(logits);
            correct += best == label ? 1 : 0;
            answered(index, best == label);
            double sum = 0;
            foreach (float logit in logits)
            {
                sum += Math.Exp((double)logit - logits[best]);
            }

            loss += logits[best] + Math.Log(sum) - logits[label];
        }, cancellationToken);
        return new Evaluation((double)correct / dataset.Count, loss / dataset.Count, dataset.Count);
    }

    /// <summary>Runs images of any sizes, and gives the logits of each.</summary>
    internal void ForEachImage(int count, Func<int, RgbImage> image, OutputAction use, CancellationToken cancellationToken)
        => _logits.ForEachImage(count, image, use, cancellationToken);

    /// <summary>The same model on its present device, with matrix products rounded. Saved weights are not rounded.</summary>
    /// <param name="precision">What to round to, if that makes the device faster; otherwise nothing is rounded.</param>
    /// <exception cref="ArgumentOutOfRangeException">There is no such precision.</exception>
    public RePaViTModel WithPrecision(InferencePrecision precision)
        => Enum.IsDefined(precision)
            ? new(_description, _network, _compile, precision)
            : throw new ArgumentOutOfRangeException(nameof(precision), precision, "Full, BFloat16 and EightBit are accepted.");

    /// <summary>Computes class probabilities for images that are already prepared.</summary>
    /// <param name="images">[count, 3, size, size]: planes of red, green, blue from 0 to 255.</param>
    /// <param name="probabilities">[count, classes].</param>
    internal void ComputeProbabilities(ReadOnlySpan<float> images, Span<float> probabilities)
    {
        ComputeLogits(images, probabilities);
        for (int start = 0; start < probabilities.Length; start += Architecture.Classes)
        {
            Softmax.Forward(probabilities.Slice(start, Architecture.Classes));
        }
    }

    /// <summary>Values of a prepared image.</summary>
    internal int ImageLength => _logits.ImageLength;

    /// <summary>The number of images that should be classified at once.</summary>
    internal int ImagesPerBatch => _logits.ImagesPerBatch;

    /// <summary>The same model, run by another engine, which is made the first time it is needed.</summary>
    internal RePaViTModel With(EngineFactory compile) => new(_description, _network, compile, _precision);

    /// <summary>Another model, run where this one is.</summary>
    internal RePaViTModel With(ModelDescription description, Network network) => new(description, network, _compile, _precision);

    /// <summary>The same model with other settings for decoding files; null to keep them.</summary>
    internal RePaViTModel DecodedAs(ImageDecoding? decoding) => decoding is null
        ? this
        : With(_description with { Preprocessing = Preprocessing with { Decoding = decoding } }, _network);

    /// <summary>The same model on all cores of the CPU.</summary>
    internal RePaViTModel OnCpu() => With(OnCpu(threads: null));

    /// <summary>What the network is, and for what.</summary>
    internal ModelDescription Description => _description;

    /// <summary>The network in its present form.</summary>
    internal Network Network => _network;

    /// <summary>The network that takes pixels from 0 to 255, with everything folded that can be folded.</summary>
    internal Network Folded()
        => _folded ??= _network.Stage == NetworkStage.Folded ? _network : Folding.Fold(_network, Preprocessing);

    /// <summary>The network that takes normalized pixels, with nothing folded.</summary>
    private Network Unfolded() => _network.Stage != NetworkStage.Folded
        ? _network
        : _unfolded ??= Folding.Unfold(_network, Architecture.Layers(Form), Preprocessing);

    private static EngineFactory OnCpu(int? threads)
        => (network, precision) => InferencePlan.Compile(network, threads, precision);

    private OutputEngine CreateEngine(Func<IInferenceEngine> create, Shape shape, string unit)
        => new(create, Architecture.ImageSize, Preprocessing, shape, unit);
}
