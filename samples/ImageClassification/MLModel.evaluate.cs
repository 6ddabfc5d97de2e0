using Microsoft.ML;
using Microsoft.ML.Data;

namespace RePaViT.ImageClassification;

/// <summary>Evaluation.</summary>
public static partial class MLModel
{
    /// <summary>Classifies labeled images and counts.</summary>
    /// <param name="mlContext">The context.</param>
    /// <param name="model">What was trained.</param>
    /// <param name="testData">Label and ImageSource, of images that were not trained on.</param>
    public static MulticlassClassificationMetrics Evaluate(MLContext mlContext, ITransformer model, IDataView testData)
        => mlContext.MulticlassClassification.Evaluate(model.Transform(testData));
}
