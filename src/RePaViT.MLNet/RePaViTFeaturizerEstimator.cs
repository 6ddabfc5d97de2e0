using Microsoft.ML;
using Microsoft.ML.Runtime;
using RePaViT.IO;
using RePaViT.MLNet;
using RePaViT.MLNet.Images;
using RePaViT.MLNet.Scoring;

namespace RePaViT;

/// <summary>
/// Adds an output of a model as a vector column, for search, clustering or any trainer after it.
/// <see cref="RePaViTTransformsCatalog"/> creates it. The model is already trained: fitting only checks the column of images.
/// </summary>
public sealed class RePaViTFeaturizerEstimator : IEstimator<RePaViTFeaturizerTransformer>
{
    private readonly IHost _host;
    private readonly FeaturizerDescription _description;
    private readonly RePaViTModel _model;
    private readonly ImageScorer _scorer;

    /// <param name="environment">Where messages go.</param>
    /// <param name="description">Which columns are read and added.</param>
    /// <param name="model">What computes.</param>
    /// <param name="source">The name of the model in messages.</param>
    /// <exception cref="ArgumentException">A column has no name, or the model has no such output.</exception>
    internal RePaViTFeaturizerEstimator(
        IHostEnvironment environment, FeaturizerDescription description, RePaViTModel model, string source)
    {
        (string outputColumnName, string inputColumnName, string output) = description;
        Columns.ThrowUnlessNamed(outputColumnName);
        Columns.ThrowUnlessNamed(inputColumnName);
        ArgumentNullException.ThrowIfNull(output);
        if (!model.Outputs.Contains(output))
        {
            throw new ArgumentException(
                $"Column '{outputColumnName}': {source} has no output '{Excerpt.Of(output)}'; it has {Excerpt.OfList(model.Outputs)}.");
        }

        _host = environment.Register(nameof(RePaViTFeaturizerEstimator));
        _description = description;
        _model = model.Reparameterize();
        _scorer = ImageScorer.OfOutput(_model, output);
    }

    /// <summary>Checks the column of images. No row is read.</summary>
    /// <param name="input">Data with the column of images.</param>
    /// <exception cref="ArgumentException">The column is missing or holds no images; the message says what would be accepted.</exception>
    public RePaViTFeaturizerTransformer Fit(IDataView input)
    {
        ArgumentNullException.ThrowIfNull(input);
        ImageColumn images = ImageColumn.Of(Columns.Find(input.Schema, _description.InputColumnName, Columns.DroppedImages));
        return new RePaViTFeaturizerTransformer(_host, _description, images, _model, _scorer);
    }

    /// <summary>The columns that the transformer will have.</summary>
    /// <param name="inputSchema">The columns of the data.</param>
    /// <exception cref="ArgumentException">The column of images is missing or of a type that is not accepted.</exception>
    public SchemaShape GetOutputSchema(SchemaShape inputSchema)
    {
        ArgumentNullException.ThrowIfNull(inputSchema);
        ImageColumn.ThrowUnlessAccepted(Columns.Find(inputSchema, _description.InputColumnName, Columns.DroppedImages));
        return ScoringSchema.AddTo(inputSchema, _description);
    }
}
