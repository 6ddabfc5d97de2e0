using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Runtime;
using RePaViT.MLNet.Labels;
using RePaViT.MLNet.Saving;
using RePaViT.MLNet.Scoring;
using RePaViT.Onnx;

namespace RePaViT;

/// <summary>
/// Classifies images with a structurally reparameterized vision transformer. It adds two columns to its input, which
/// otherwise passes through: the predicted label, a key of the label column's own type and values, and the scores, a
/// vector with the probability of each class and the classes' names as slot names. Immutable, and safe to use from
/// several threads at once.
/// </summary>
/// <remarks>
/// <para>
/// Rows are read ahead in batches of up to 64, whose images are scored together; if neither the label nor the scores
/// are requested, images are not even read. An image that is missing or damaged does not affect the rows before it: the
/// exception is thrown when its own label or scores are read.
/// </para>
/// <para>
/// <c>mlContext.Model.Save</c> writes the reparameterized network, even if this transformer is part of a chain, as stock
/// transformers that run it on ONNX Runtime: an application that saves or loads such a model needs the package
/// Microsoft.ML.OnnxRuntime or Microsoft.ML.OnnxRuntime.Gpu. ML.NET empties the file before it requests the content, so an
/// earlier model in the same file is lost if saving fails, for instance because the disk is full.
/// <see cref="RePaViTModelCatalog.SaveAtomically"/> keeps it until the new one is written.
/// <see cref="RePaViTModelCatalog.LoadRePaViT"/> loads the same file without ONNX Runtime.
/// </para>
/// <para>
/// <c>mlContext.Model.ConvertToOnnx</c> asks only ML.NET's own transformers for their operators: it silently leaves this one
/// out of a pipeline, and this library cannot notice. <see cref="SaveAsOnnx"/> writes the network.
/// </para>
/// </remarks>
public sealed class ImageClassificationRePaViTTransformer : ITransformer
{
    private readonly IHost _host;
    private readonly ImageScorer _scorer;

    /// <param name="environment">Where messages go.</param>
    /// <param name="description">Which columns are read and added.</param>
    /// <param name="classes">The classes as the label column knows them.</param>
    /// <param name="model">The deployed network; its class names are those of <paramref name="classes"/>.</param>
    /// <param name="report">What reparameterization gained; null to compute it.</param>
    /// <param name="trainedModel">The network as it was trained, to continue from; null if it is not known.</param>
    internal ImageClassificationRePaViTTransformer(
        IHostEnvironment environment, ScoringDescription description, ClassKeys classes, RePaViTModel model,
        ReparameterizationReport? report = null, RePaViTModel? trainedModel = null)
    {
        _host = environment.Register(nameof(ImageClassificationRePaViTTransformer));
        _scorer = ImageScorer.OfClasses(model);
        Description = description;
        Classes = classes;
        Model = model;
        TrainedModel = trainedModel;
        Reparameterization = report ?? new ReparameterizationReport(
            model.Architecture.Cost(NetworkForm.Trained), model.Architecture.Cost(NetworkForm.Deployed), null, 0);
    }

    /// <summary>What structural reparameterization gained.</summary>
    public ReparameterizationReport Reparameterization { get; }

    /// <summary>
    /// The deployed network, for predictions without ML.NET and for
    /// <see cref="RePaViTTransformsCatalog.RePaViTFeaturizer(TransformsCatalog, string, string, RePaViTModel, string)"/>. It
    /// computes where the transformer does.
    /// </summary>
    public RePaViTModel Model { get; }

    /// <summary>Which columns are read and added.</summary>
    internal ScoringDescription Description { get; }

    /// <summary>The classes as the label column knows them.</summary>
    internal ClassKeys Classes { get; }

    /// <summary>The network as it was trained; null for a model that was loaded.</summary>
    internal RePaViTModel? TrainedModel { get; }

    bool ITransformer.IsRowToRowMapper => true;

    /// <summary>The schema of what <see cref="Transform"/> returns.</summary>
    /// <param name="inputSchema">A schema with the column of images.</param>
    /// <exception cref="ArgumentException">The column of images is missing, or of a different type from the one in training.</exception>
    public DataViewSchema GetOutputSchema(DataViewSchema inputSchema) => CreateMapper(inputSchema).OutputSchema;

    /// <summary>Adds the predicted label and the scores. Nothing is computed before the rows are read.</summary>
    /// <param name="input">Data with the column of images.</param>
    /// <exception cref="ArgumentException">The column of images is missing, or of a different type from the one in training.</exception>
    public IDataView Transform(IDataView input)
    {
        ArgumentNullException.ThrowIfNull(input);
        return new ScoringView(CreateMapper(input.Schema), input);
    }

    IRowToRowMapper ITransformer.GetRowToRowMapper(DataViewSchema inputSchema) => CreateMapper(inputSchema);

    /// <summary>
    /// Writes the deployed network as an ONNX file (opset 17) that any ONNX runtime opens, and from which
    /// <see cref="RePaViTModelCatalog.LoadRePaViT"/> restores this transformer: input <c>image</c> [batch, 3, size,
    /// size], planes of red, green, blue from 0 to 255; outputs <c>logits</c> and <c>probabilities</c> [batch,
    /// classes].
    /// </summary>
    /// <param name="path">The file, or a link to it; replaced as a whole once everything is written.</param>
    /// <exception cref="NotSupportedException">The weights are over the 2 GiB that an ONNX file can hold.</exception>
    /// <exception cref="IOException">The file cannot be written; it keeps its content.</exception>
    /// <exception cref="UnauthorizedAccessException">The path is a folder, a pipe or a device, or may not be written.</exception>
    public void SaveAsOnnx(string path)
        => Model.Save(path, new OnnxFileOptions { Metadata = [ModelMetadata.Of(this).ToEntry()] });

    /// <summary>Saves what ML.NET loads with stock transformers and the mappings of this library.</summary>
    /// <exception cref="InvalidOperationException">The native library of ONNX Runtime is missing.</exception>
    /// <exception cref="NotSupportedException">The type of the column of images is not known, or the network is too large.</exception>
    void ICanSaveModel.Save(ModelSaveContext ctx)
    {
        ArgumentNullException.ThrowIfNull(ctx);
        using IChannel channel = _host.Start("Saving");
        using SavedChain chain = SavedChain.Create(this);
        chain.Save(ctx);
        channel.Info(
            MessageSensitivity.None,
            $"Saved the reparameterized network: {Model.Cost.Parameters} parameters, {Model.Cost.MultiplyAdds} multiply-adds per image.");
    }

    private ClassMapper CreateMapper(DataViewSchema input)
    {
        ArgumentNullException.ThrowIfNull(input);
        return new ClassMapper(input, Description, Classes, _scorer);
    }
}
