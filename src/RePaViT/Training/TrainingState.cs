using System.Text.Json.Serialization;

namespace RePaViT.Training;

/// <summary>Where a run stands, apart from the engine's tensors. Sums are doubles, which JSON keeps to the last bit.</summary>
internal sealed class TrainingState
{
    /// <summary>The epoch in progress, counted from 0; the recipe's number of epochs once all are finished.</summary>
    [JsonRequired]
    public int Epoch { get; set; }

    /// <summary>Steps taken in this epoch.</summary>
    [JsonRequired]
    public int Step { get; set; }

    /// <summary>Images trained on in this epoch.</summary>
    [JsonRequired]
    public long Images { get; set; }

    /// <summary>Sum of the loss over those images.</summary>
    [JsonRequired]
    public double LossSum { get; set; }

    /// <summary>How many of them were classified as their main class.</summary>
    [JsonRequired]
    public long Correct { get; set; }

    /// <summary>The finished epochs.</summary>
    [JsonRequired]
    public List<EpochSummary> History { get; init; } = [];

    [JsonIgnore]
    public double Loss => LossSum / Math.Max(Images, 1);

    [JsonIgnore]
    public double Accuracy => (double)Correct / Math.Max(Images, 1);

    /// <summary>The epoch with the best validation, the first of equals.</summary>
    [JsonIgnore]
    public EpochSummary? Best { get; private set; }

    public void Add(BatchResult result, int images)
    {
        Images += images;
        LossSum += result.Loss * images;
        Correct += result.Correct;
    }

    /// <summary>Ends the epoch in progress. Returns whether it is the best so far.</summary>
    public bool FinishEpoch(Evaluation? validation)
    {
        History.Add(new EpochSummary(Epoch + 1, Loss, Accuracy, validation));
        bool isBest = UpdateBest(History[^1]);
        Epoch++;
        Step = 0;
        Images = 0;
        LossSum = 0;
        Correct = 0;
        return isBest;
    }

    /// <summary>Whether validation has not improved for as many epochs as the recipe waits.</summary>
    public bool IsOutOfPatience(TrainingRecipe recipe)
        => recipe.EarlyStopping is EarlyStopping stopping && Best is not null && Epoch - Best.Epoch >= stopping.Patience;

    /// <summary>Checks a state that was read from a file, and finds its best epoch again.</summary>
    /// <exception cref="ArgumentException">It is not a state of this run.</exception>
    public void Restore(RunDescription run)
    {
        bool isPossible = Epoch >= 0 && Epoch <= run.Epochs
            && Step >= 0 && Step <= (Epoch == run.Epochs ? 0 : run.StepsPerEpoch())
            && Images == ImagesIn(Step, run) && Correct >= 0 && Correct <= Images
            && IsLoss(Loss)
            && History.Count == Epoch;
        if (!isPossible)
        {
            throw new ArgumentException(
                $"Epoch {Epoch}, step {Step} with {Images} images, {Correct} of them right, a loss of {LossSum} "
                + $"and {History.Count} finished epochs is not a state of this run.");
        }

        int wrong = History.FindIndex(summary => !IsPossible(summary, run));
        if (wrong >= 0 || History.Index().Any(entry => entry.Item.Epoch != entry.Index + 1))
        {
            throw new ArgumentException(wrong >= 0
                ? $"Finished epoch {wrong + 1} is '{History[wrong]}', which no epoch of this run can end with."
                : "The finished epochs are not counted from 1.");
        }

        foreach (EpochSummary summary in History)
        {
            UpdateBest(summary);
        }
    }

    /// <summary>Images of so many steps of an epoch; the last one may have fewer batches.</summary>
    private static long ImagesIn(int steps, RunDescription run)
        => Math.Min((long)steps * run.Recipe.GradientAccumulation, run.BatchesPerEpoch()) * run.BatchSize;

    private static bool IsPossible(EpochSummary? summary, RunDescription run)
        => summary is { TrainingAccuracy: >= 0 and <= 1 }
            && IsLoss(summary.TrainingLoss)
            && summary.Validation is null == run.ValidationImages is null
            && (summary.Validation is null
                || (summary.Validation is { Accuracy: >= 0 and <= 1 } validation
                    && IsLoss(validation.Loss)
                    && validation.Images == run.ValidationImages));

    // A cross-entropy of almost 0 may be rounded to less.
    private static bool IsLoss(double loss) => double.IsFinite(loss) && loss >= -1e-3;

    private bool UpdateBest(EpochSummary summary)
    {
        if (summary.Validation is null || !IsBetter(summary.Validation, Best?.Validation))
        {
            return false;
        }

        Best = summary;
        return true;
    }

    /// <summary>More accurate or, with equal accuracy, of a lower loss.</summary>
    private static bool IsBetter(Evaluation evaluation, Evaluation? other)
        => other is null
            || evaluation.Accuracy > other.Accuracy
            || (evaluation.Accuracy == other.Accuracy && evaluation.Loss < other.Loss);
}
