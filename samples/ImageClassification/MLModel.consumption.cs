using Microsoft.ML;
using Microsoft.ML.Data;

namespace RePaViT.ImageClassification;

/// <summary>Consumption: all that an application needs that only predicts.</summary>
internal static partial class MLModel
{
    private static readonly Lazy<PredictionEngine<ModelInput, ModelOutput>> _predictEngine = new(CreatePredictEngine);

    /// <summary>The model that <see cref="Predict"/> loads.</summary>
    public static string MLNetModelPath { get; set; } = Path.GetFullPath("MLModel.mlnet");

    /// <summary>Classifies an image file.</summary>
    public static ModelOutput Predict(ModelInput input) => _predictEngine.Value.Predict(input);

    /// <summary>Class names with their probabilities, the most probable first.</summary>
    public static IReadOnlyList<KeyValuePair<string, float>> GetSortedScoresWithLabels(ModelOutput output)
    {
        VBuffer<ReadOnlyMemory<char>> names = default;
        _predictEngine.Value.OutputSchema[nameof(ModelOutput.Score)].GetSlotNames(ref names);
        return [.. names.DenseValues()
            .Zip(output.Score, (name, score) => KeyValuePair.Create(name.ToString(), score))
            .OrderByDescending(pair => pair.Value)];
    }

    private static PredictionEngine<ModelInput, ModelOutput> CreatePredictEngine()
    {
        var mlContext = new MLContext();
        ITransformer model = mlContext.Model.Load(MLNetModelPath, out _);
        return mlContext.Model.CreatePredictionEngine<ModelInput, ModelOutput>(model);
    }

    /// <summary>An image file.</summary>
    public sealed class ModelInput
    {
        /// <summary>The class; of no account when predicting.</summary>
        public string Label { get; set; } = "";

        public string ImagePath { get; set; } = "";
    }

    /// <summary>What the model says of it.</summary>
    public sealed class ModelOutput
    {
        public string PredictedLabel { get; set; } = "";

        /// <summary>The probability of each class.</summary>
        public float[] Score { get; set; } = [];
    }
}
