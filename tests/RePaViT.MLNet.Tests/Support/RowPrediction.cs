namespace RePaViT.MLNet.Tests.Support;

/// <summary>What a prediction engine fills.</summary>
internal sealed class RowPrediction
{
    public uint PredictedLabel { get; set; }

    public float[] Score { get; set; } = [];

    public Scores ToScores() => new(PredictedLabel, Score);
}
