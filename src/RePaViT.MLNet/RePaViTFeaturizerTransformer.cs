using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Runtime;
using RePaViT.MLNet.Images;
using RePaViT.MLNet.Saving;
using RePaViT.MLNet.Scoring;

namespace RePaViT;

/// <summary>
/// Adds an output of a model to its input, which otherwise passes through: a vector of numbers of known length. Features are
/// the input of the head. A stage gives its tokens one after the other, or the positions of its map line by line: channel c
/// of position p is number p * channels + c. Immutable, and safe to use from several threads at once.
/// </summary>
/// <remarks>
/// <para>
/// Rows are read ahead in batches of up to 64, whose images pass through the network together, up to the output and no
/// further; if the column is not requested, images are not even read. An image that is missing or damaged does not affect
/// the rows before it: the exception is thrown when its own vector is read. Trainers that read their data several times
/// recompute the vectors each time, unless <c>AppendCacheCheckpoint</c> comes in between.
/// </para>
/// <para>
/// <c>mlContext.Model.Save</c> writes the reparameterized network with all its weights, even if this transformer is part of a
/// chain, as stock transformers that run it on ONNX Runtime up to the output: an application that saves or loads such a model
/// needs the package Microsoft.ML.OnnxRuntime or Microsoft.ML.OnnxRuntime.Gpu. <see cref="RePaViTTransformsCatalog"/> creates
/// a featurizer from the same file that runs without ONNX Runtime.
/// </para>
/// </remarks>
public sealed class RePaViTFeaturizerTransformer : ITransformer
{
    private readonly IHost _host;
    private readonly ImageScorer _scorer;

    /// <param name="environment">Where messages go.</param>
    /// <param name="description">Which columns are read and added.</param>
    /// <param name="images">What the column of images holds.</param>
    /// <param name="model">The deployed network.</param>
    /// <param name="scorer">Computes its output.</param>
    internal RePaViTFeaturizerTransformer(
        IHostEnvironment environment, FeaturizerDescription description, ImageColumn images, RePaViTModel model, ImageScorer scorer)
    {
        _host = environment.Register(nameof(RePaViTFeaturizerTransformer));
        _scorer = scorer;
        Description = description;
        Images = images;
        Model = model;
    }

    /// <summary>Which columns are read and added.</summary>
    internal FeaturizerDescription Description { get; }

    /// <summary>What the column of images holds.</summary>
    internal ImageColumn Images { get; }

    /// <summary>The deployed network.</summary>
    internal RePaViTModel Model { get; }

    bool ITransformer.IsRowToRowMapper => true;

    /// <summary>The schema of what <see cref="Transform"/> returns.</summary>
    /// <param name="inputSchema">A schema with the column of images.</param>
    /// <exception cref="ArgumentException">The column of images is missing, or of a different type from the one fitted to.</exception>
    public DataViewSchema GetOutputSchema(DataViewSchema inputSchema) => CreateMapper(inputSchema).OutputSchema;

    /// <summary>Adds the vectors. Nothing is computed before the rows are read.</summary>
    /// <param name="input">Data with the column of images.</param>
    /// <exception cref="ArgumentException">The column of images is missing, or of a different type from the one fitted to.</exception>
    public IDataView Transform(IDataView input)
    {
        ArgumentNullException.ThrowIfNull(input);
        return new ScoringView(CreateMapper(input.Schema), input);
    }

    IRowToRowMapper ITransformer.GetRowToRowMapper(DataViewSchema inputSchema) => CreateMapper(inputSchema);

    /// <summary>Saves what ML.NET loads with stock transformers and the mappings of this library.</summary>
    /// <exception cref="InvalidOperationException">The native library of ONNX Runtime is missing.</exception>
    /// <exception cref="NotSupportedException">The network is too large for an ONNX file.</exception>
    void ICanSaveModel.Save(ModelSaveContext ctx)
    {
        ArgumentNullException.ThrowIfNull(ctx);
        using IChannel channel = _host.Start("Saving");
        using SavedChain chain = SavedChain.Create(this);
        chain.Save(ctx);
        channel.Info(
            MessageSensitivity.None,
            $"Saved the reparameterized network, which gives '{Description.Output}': {_scorer.Length} numbers per image.");
    }

    private FeatureMapper CreateMapper(DataViewSchema input)
    {
        ArgumentNullException.ThrowIfNull(input);
        return new FeatureMapper(input, Description, Images, _scorer);
    }
}
