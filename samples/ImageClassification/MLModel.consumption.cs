using Microsoft.ML;
using Microsoft.ML.Data;

namespace RePaViT.ImageClassification;

/// <summary>Consumption: all that an application needs that only predicts.</summary>
public static partial class MLModel
{
    /// <summary>The engine of <see cref="Predict"/>, created when it is first needed. Only one thread may use it at a time.</summary>
    public static readonly Lazy<PredictionEngine<ModelInput, ModelOutput>> PredictEngine = new(CreatePredictEngine);

    /// <summary>The model that is loaded.</summary>
    public static string MLNetModelPath { get; set; } = Path.GetFullPath("MLModel.mlnet");

    /// <summary>Classifies an image.</summary>
    public static ModelOutput Predict(ModelInput input) => PredictEngine.Value.Predict(input);

    /// <summary>The names of all classes with their probabilities for an image, the most probable first.</summary>
    public static IOrderedEnumerable<KeyValuePair<string, float>> PredictAllLabels(ModelInput input)
        => GetSortedScoresWithLabels(Predict(input));

    /// <summary>The names of all classes with their probabilities in a result, the most probable first.</summary>
    public static IOrderedEnumerable<KeyValuePair<string, float>> GetSortedScoresWithLabels(ModelOutput result)
    {
        VBuffer<ReadOnlyMemory<char>> names = default;
        PredictEngine.Value.OutputSchema[nameof(ModelOutput.Score)].GetSlotNames(ref names);
        return names.DenseValues()
            .Zip(result.Score, (name, score) => KeyValuePair.Create(name.ToString(), score))
            .OrderByDescending(pair => pair.Value);
    }

    private static PredictionEngine<ModelInput, ModelOutput> CreatePredictEngine()
    {
        var mlContext = new MLContext();
        ITransformer model = mlContext.Model.Load(MLNetModelPath, out _);
        return mlContext.Model.CreatePredictionEngine<ModelInput, ModelOutput>(model);
    }

    /// <summary>An image.</summary>
    public sealed class ModelInput
    {
        /// <summary>Its class; of no account when predicting.</summary>
        public string Label { get; set; } = "";

        /// <summary>The bytes of an image file.</summary>
        public byte[] ImageSource { get; set; } = [];
    }

    /// <summary>What the model says about it.</summary>
    public sealed class ModelOutput
    {
        /// <summary>The most probable class.</summary>
        public string PredictedLabel { get; set; } = "";

        /// <summary>The probability of each class.</summary>
        public float[] Score { get; set; } = [];
    }
}
