namespace RePaViT;

/// <summary>What transfer learning arrived at.</summary>
public sealed record TransferResult
{
    /// <summary>
    /// The model for the new classes. With a linear classifier it has the form of the pretrained one, and all its weights but those of
    /// the head; fine-tuned, it is in training form.
    /// </summary>
    public required RePaViTModel Model { get; init; }

    /// <summary>What the model was made by: <see cref="TransferMethod.Linear"/> or <see cref="TransferMethod.FineTune"/>.</summary>
    public required TransferMethod Method { get; init; }

    /// <summary>Why, in a sentence.</summary>
    public required string Reason { get; init; }

    /// <summary>How the linear classifier did on the images that were held out; null where fine-tuning was not tried.</summary>
    public Evaluation? LinearValidation { get; init; }

    /// <summary>How the fine-tuned network did on them; null where fine-tuning was not tried, or failed.</summary>
    public Evaluation? FineTunedValidation { get; init; }

    /// <summary>Whether fine-tuning was cancelled before its end; the model is the best so far.</summary>
    public bool IsCancelled { get; init; }

    /// <summary>
    /// Why <see cref="TransferOptions.CheckpointFolder"/> does not hold what is known, so that it would be computed again; null where it
    /// does, or was not asked for.
    /// </summary>
    public string? CheckpointFailure { get; init; }

    /// <summary>The penalty of the linear classifier.</summary>
    public required double Penalty { get; init; }

    /// <summary>
    /// How linear classifiers do on images that they were not fitted to, by cross-validation; null where the penalty was given, or
    /// every class has one image. The penalty was chosen on the same images, so that it is a little better than the truth.
    /// </summary>
    public required Evaluation? CrossValidation { get; init; }
}
