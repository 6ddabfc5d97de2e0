using System.Text.Json.Serialization;
using RePaViT.Training.Contrastive;

namespace RePaViT.Training;

/// <summary>
/// Everything that the outcome of a run depends on, apart from pixels that the data set has no hashes of. A checkpoint
/// belongs to one of these.
/// </summary>
internal sealed record RunDescription
{
    public required ModelDescription Model { get; init; }

    /// <summary>Complete: what the caller left open stands here with the chosen value.</summary>
    public required TrainingRecipe Recipe { get; init; }

    public required int TrainingImages { get; init; }

    /// <summary>A hash of the images with their labels, in their order.</summary>
    public required string TrainingHash { get; init; }

    /// <summary>Null without validation.</summary>
    public required int? ValidationImages { get; init; }

    /// <summary>Null without validation.</summary>
    public required string? ValidationHash { get; init; }

    /// <summary>
    /// Null without token labels. Stored by itself (<see cref="Checkpoint"/>): a run without them is stored as it was before
    /// there were any.
    /// </summary>
    [JsonIgnore]
    public TokenLabelDescription? TokenLabels { get; init; }

    /// <summary>Null without distillation. Stored by itself as well.</summary>
    [JsonIgnore]
    public DistillationDescription? Distillation { get; init; }

    /// <summary>Null with labels. Stored by itself as well.</summary>
    [JsonIgnore]
    public SelfDistillation? SelfDistillation { get; init; }

    /// <summary>Null without texts to contrast images with. Stored by itself as well.</summary>
    [JsonIgnore]
    public ContrastDescription? Contrast { get; init; }

    [JsonIgnore]
    public int Epochs => Recipe.Epochs!.Value;

    [JsonIgnore]
    public int BatchSize => Recipe.BatchSize!.Value;

    /// <summary>Full batches; the images that are left over are others in each epoch.</summary>
    public int BatchesPerEpoch() => TrainingImages / BatchSize;

    /// <summary>The last step of an epoch may have fewer batches.</summary>
    public int StepsPerEpoch() => StepsOf(BatchesPerEpoch(), Recipe.GradientAccumulation);

    /// <summary>Steps that some batches make; the last may have fewer of them than <paramref name="accumulation"/>.</summary>
    public static int StepsOf(int batches, int accumulation) => 1 + (batches - 1) / accumulation;

    /// <exception cref="ArgumentException">A part is not valid or does not fit another.</exception>
    public void Validate()
    {
        Model.Validate();
        Recipe.Validate();
        SelfDistillation?.Validate();
        if (!Recipe.IsComplete())
        {
            throw new ArgumentException(
                $"{nameof(Recipe.BatchSize)}, {nameof(Recipe.Epochs)} or {nameof(Recipe.WarmupEpochs)} is null: numbers are needed.");
        }

        if (TrainingImages < BatchSize)
        {
            throw new ArgumentException(
                $"{nameof(BatchSize)} {BatchSize} is more than the {TrainingImages} training images: "
                    + $"at most {TrainingImages} is accepted.");
        }

        if (Recipe.TrainedBlocks > Model.Architecture.BlockCount)
        {
            throw new ArgumentException(
                $"{nameof(Recipe.TrainedBlocks)} {Recipe.TrainedBlocks} is not accepted: the network has {Model.Architecture.BlockCount} blocks.");
        }

        if (ValidationImages is < 1)
        {
            throw new ArgumentException("The validation data set has no images; leave it out to train without validation.");
        }

        if (ValidationImages is null && Recipe.EarlyStopping is not null)
        {
            throw new ArgumentException($"{nameof(Recipe.EarlyStopping)} needs a validation data set.");
        }
    }

    /// <summary>The model in training form.</summary>
    /// <param name="weights">Its weights.</param>
    /// <param name="threads">Most threads to use; null for one on every core.</param>
    public RePaViTModel CreateModel(NamedTensors weights, int? threads)
        => new(Model, Model.Architecture.CreateNetwork(NetworkForm.Trained, weights), threads);

    /// <summary>Names the first value in which a checkpoint's run differs from this one; null if none does.</summary>
    public string? DifferenceFrom(RunDescription checkpoint)
        => JsonDifference.First("run", this, checkpoint with { Model = checkpoint.Model.DecodedAs(Model) }, "the checkpoint")
        ?? JsonDifference.First("run.tokenLabels", TokenLabels, checkpoint.TokenLabels, "the checkpoint")
        ?? JsonDifference.First("run.distillation", Distillation, checkpoint.Distillation, "the checkpoint")
        ?? JsonDifference.First("run.selfDistillation", SelfDistillation, checkpoint.SelfDistillation, "the checkpoint")
        ?? JsonDifference.First("run.contrast", Contrast, checkpoint.Contrast, "the checkpoint");
}
