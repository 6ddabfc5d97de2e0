namespace RePaViT;

/// <summary>The result of transfer learning.</summary>
public sealed record TransferResult
{
    /// <summary>
    /// The model for the new classes. With a linear classifier, it has the form of the pretrained model and all its weights except
    /// those of the head; fine-tuned, it is in training form.
    /// </summary>
    public required RePaViTModel Model { get; init; }

    /// <summary>The method that made the model: <see cref="TransferMethod.Linear"/> or <see cref="TransferMethod.FineTune"/>.</summary>
    public required TransferMethod Method { get; init; }

    /// <summary>Why, in a sentence.</summary>
    public required string Reason { get; init; }

    /// <summary>The linear classifier's performance on the held-out images; null if fine-tuning was not tried.</summary>
    public Evaluation? LinearValidation { get; init; }

    /// <summary>The fine-tuned network's performance on them; null if fine-tuning was not tried, or failed.</summary>
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
    /// The performance of linear classifiers on images that they were not fitted to, by cross-validation; null if the penalty was
    /// given, or if every class has only one image. The penalty was chosen on the same images, so this is slightly optimistic.
    /// </summary>
    public required Evaluation? CrossValidation { get; init; }
}
