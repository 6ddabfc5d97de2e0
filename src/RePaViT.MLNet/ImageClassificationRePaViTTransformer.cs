using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Runtime;
using RePaViT.MLNet.Labels;
using RePaViT.MLNet.Scoring;

namespace RePaViT;

/// <summary>
/// Classifies images with a structurally reparameterized vision transformer. It adds two columns to its input, which
/// otherwise passes through: the predicted label, a key of the label column's own type and values, and the scores, a
/// vector with the probability of each class and the classes' names as slot names. Immutable, and safe to use from
/// several threads at once.
/// </summary>
/// <remarks>
/// Rows are read ahead in batches of up to 64, whose images are scored together; where neither the label nor the scores
/// are asked for, images are not even read. An image that is missing or damaged does not stop the rows before it: the
/// exception comes when its own label or scores are read.
/// </remarks>
public sealed class ImageClassificationRePaViTTransformer : ITransformer
{
    private readonly ScoringDescription _description;
    private readonly ImageScorer _scorer;

    /// <param name="environment">Where messages go.</param>
    /// <param name="description">Which columns are read and added.</param>
    /// <param name="classes">The classes as the label column knows them.</param>
    /// <param name="model">The deployed network; its class names are those of <paramref name="classes"/>.</param>
    /// <param name="report">What reparameterization gained; null to count it.</param>
    /// <param name="trainedModel">The network as it was trained, to continue from; null where it is not known.</param>
    internal ImageClassificationRePaViTTransformer(
        IHostEnvironment environment, ScoringDescription description, ClassKeys classes, RePaViTModel model,
        ReparameterizationReport? report = null, RePaViTModel? trainedModel = null)
    {
        Host = environment.Register(nameof(ImageClassificationRePaViTTransformer));
        _description = description;
        _scorer = new ImageScorer(model);
        Classes = classes;
        Model = model;
        TrainedModel = trainedModel;
        Reparameterization = report ?? new ReparameterizationReport(
            model.Architecture.Cost(NetworkForm.Trained), model.Architecture.Cost(NetworkForm.Deployed), null, 0);
    }

    /// <summary>What structural reparameterization gained.</summary>
    public ReparameterizationReport Reparameterization { get; }

    internal IHost Host { get; }

    /// <summary>The classes as the label column knows them.</summary>
    internal ClassKeys Classes { get; }

    /// <summary>The deployed network.</summary>
    internal RePaViTModel Model { get; }

    /// <summary>The network as it was trained; null for a model that was loaded.</summary>
    internal RePaViTModel? TrainedModel { get; }

    /// <summary>Whether rows are mapped one to one: always.</summary>
    public bool IsRowToRowMapper => true;

    /// <summary>The schema of what <see cref="Transform"/> returns.</summary>
    /// <param name="inputSchema">A schema with the column of images.</param>
    /// <exception cref="ArgumentException">The column of images is missing, or of another type than in training.</exception>
    public DataViewSchema GetOutputSchema(DataViewSchema inputSchema) => CreateMapper(inputSchema).OutputSchema;

    /// <summary>Adds the predicted label and the scores. Nothing is computed before the rows are read.</summary>
    /// <param name="input">Data with the column of images.</param>
    /// <exception cref="ArgumentException">The column of images is missing, or of another type than in training.</exception>
    public IDataView Transform(IDataView input)
    {
        ArgumentNullException.ThrowIfNull(input);
        return new ScoringView(CreateMapper(input.Schema), input);
    }

    /// <summary>Maps single rows, as prediction engines need it.</summary>
    /// <param name="inputSchema">A schema with the column of images.</param>
    /// <exception cref="ArgumentException">The column of images is missing, or of another type than in training.</exception>
    public IRowToRowMapper GetRowToRowMapper(DataViewSchema inputSchema) => CreateMapper(inputSchema);

    void ICanSaveModel.Save(ModelSaveContext ctx) => throw new NotSupportedException("Saving is not there yet.");

    private ScoringMapper CreateMapper(DataViewSchema input)
    {
        ArgumentNullException.ThrowIfNull(input);
        return new ScoringMapper(input, _description, Classes, _scorer);
    }
}
