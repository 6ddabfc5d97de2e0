using Microsoft.ML;
using Microsoft.ML.Data;

namespace RePaViT.ImageClassification;

/// <summary>Evaluation.</summary>
internal static partial class MLModel
{
    /// <summary>Classifies labeled images and counts.</summary>
    public static MulticlassClassificationMetrics Evaluate(MLContext mlContext, ITransformer model, IDataView testData)
        => mlContext.MulticlassClassification.Evaluate(model.Transform(testData));
}
