using Microsoft.ML.Runtime;
using RePaViT;
using RePaViT.MLNet;
using RePaViT.MLNet.Loading;
using RePaViT.MLNet.Scoring;
using RePaViT.Networks;

namespace Microsoft.ML;

/// <summary>Adds RePaViT to the transforms of an <see cref="MLContext"/>.</summary>
public static class RePaViTTransformsCatalog
{
    /// <summary>
    /// Creates a featurizer: it adds the output of a model without its head as a vector column, for search, clustering or
    /// any trainer after it.
    /// </summary>
    /// <param name="catalog">The transforms of an <see cref="MLContext"/>.</param>
    /// <param name="outputColumnName">The new column, a vector of numbers.</param>
    /// <param name="inputColumnName">
    /// The images, as the trainer takes them: MLImage, bytes of image files, or a vector of numbers of known shape with three
    /// colors.
    /// </param>
    /// <param name="model">
    /// The model that computes, on its present device: for instance
    /// <see cref="ImageClassificationRePaViTTransformer.Model"/>. A model in training form is reparameterized first.
    /// </param>
    /// <param name="output">
    /// One of the model's <see cref="RePaViTModel.Outputs"/>: <c>features</c>, the input of the head, or for instance
    /// <c>stage1</c>, the tokens or the map of a stage: all channels of its first position, then those of the next. For a
    /// <see cref="ClipModel"/>, <c>embedding</c> is the vector that texts are compared with.
    /// </param>
    /// <exception cref="ArgumentException">
    /// A column has no name, or the model has no such output; the message lists its outputs.
    /// </exception>
    public static RePaViTFeaturizerEstimator RePaViTFeaturizer(
        this TransformsCatalog catalog,
        string outputColumnName,
        string inputColumnName,
        RePaViTModel model,
        string output = NetworkLayout.Features)
    {
        ArgumentNullException.ThrowIfNull(model);
        return new RePaViTFeaturizerEstimator(
            Environments.Of(catalog), new FeaturizerDescription(outputColumnName, inputColumnName, output), model, "the model");
    }

    /// <summary>
    /// Creates a featurizer from a model file, which is read immediately. It need not have been saved with further outputs.
    /// </summary>
    /// <param name="catalog">The transforms of an <see cref="MLContext"/>.</param>
    /// <param name="outputColumnName">The new column, a vector of numbers.</param>
    /// <param name="inputColumnName">The images, as above.</param>
    /// <param name="modelFile">
    /// An ONNX file that <see cref="ImageClassificationRePaViTTransformer.SaveAsOnnx"/> or
    /// <see cref="RePaViTModel.Save(string)"/> wrote, or an ML.NET model with one
    /// <see cref="ImageClassificationRePaViTTransformer"/> or <see cref="RePaViTFeaturizerTransformer"/> anywhere in it, of
    /// which only the network is used.
    /// </param>
    /// <param name="output">One of the model's outputs, as above.</param>
    /// <param name="device">The device to compute on. Default: a GPU if one can be used, otherwise the CPU.</param>
    /// <param name="precision">What matrix products may be rounded to, if that makes the device faster.</param>
    /// <exception cref="ArgumentException">
    /// A column has no name, or the model has no such output; the message lists its outputs.
    /// </exception>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="UnauthorizedAccessException">It is a folder, or may not be read.</exception>
    /// <exception cref="InvalidDataException">
    /// There is no network of this library in the file, more than one, or it is damaged; the message says where.
    /// </exception>
    /// <exception cref="NotSupportedException">The device cannot be used; the message says what is missing.</exception>
    /// <exception cref="ArgumentOutOfRangeException">There is no such device, or no such precision.</exception>
    public static RePaViTFeaturizerEstimator RePaViTFeaturizer(
        this TransformsCatalog catalog,
        string outputColumnName,
        string inputColumnName,
        string modelFile,
        string output = NetworkLayout.Features,
        Device device = Device.Auto,
        InferencePrecision precision = InferencePrecision.Full)
    {
        IHostEnvironment environment = Environments.Of(catalog);
        RePaViTModel model = Devices.Place(
            ModelFile.ReadNetwork(modelFile), device, precision, environment.Register(nameof(RePaViTFeaturizer)));
        return new RePaViTFeaturizerEstimator(
            environment, new FeaturizerDescription(outputColumnName, inputColumnName, output), model, modelFile);
    }
}
