using Microsoft.ML;
using Microsoft.ML.Data;

namespace RePaViT.ImageClassification;

/// <summary>Evaluation.</summary>
internal static partial class MLModel
{
    /// <summary>Classifies labeled images and counts.</summary>
    public static MulticlassClassificationMetrics Evaluate(MLContext mlContext, ITransformer model, IDataView testData)
    {
        // The pipeline ends with predictions as text; to compare, they have to be keys like the label.
        IDataView predictions = model.Transform(testData);
        IDataView keys = mlContext.Transforms.Conversion
            .MapValueToKey("PredictedKey", nameof(ModelOutput.PredictedLabel), keyData: ClassNames(mlContext, predictions))
            .Fit(predictions)
            .Transform(predictions);
        return mlContext.MulticlassClassification.Evaluate(keys, predictedLabelColumnName: "PredictedKey");
    }

    /// <summary>The classes in the order of the label's keys, as a view that MapValueToKey takes.</summary>
    private static IDataView ClassNames(MLContext mlContext, IDataView predictions)
    {
        VBuffer<ReadOnlyMemory<char>> names = default;
        predictions.Schema[nameof(ModelInput.Label)].GetKeyValues(ref names);
        return mlContext.Data.LoadFromEnumerable(names.DenseValues().Select(name => new ClassName { Name = name.ToString() }).ToArray());
    }

    private sealed class ClassName
    {
        public string Name { get; set; } = "";
    }
}
