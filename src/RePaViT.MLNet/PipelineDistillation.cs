using Microsoft.ML;
using RePaViT.MLNet;
using RePaViT.MLNet.Training;
using RePaViT.Training;

namespace RePaViT;

/// <summary>
/// Teachers for <see cref="ImageClassificationRePaViTTrainer.Options.Distillation"/>: any fitted pipeline that gives a vector for each
/// row of the training data, such as ML.NET's ResNet18 featurizer, an ONNX model, or a classifier. It runs once before training, over
/// the training images only, and again before a run is resumed.
/// </summary>
public static class PipelineDistillation
{
    /// <summary>The network learns the pipeline's scores of the classes.</summary>
    /// <param name="pipeline">
    /// Takes the rows that the trainer gets, with all their columns. It returns a row for each, in the same order.
    /// </param>
    /// <param name="columnName">
    /// Its column of scores: a vector of as many numbers (Single) as the label has keys, in their order. Probabilities where no
    /// number is below 0 and all rows add up to 1 (within 0.001), logits otherwise.
    /// </param>
    /// <exception cref="ArgumentException">The name is empty.</exception>
    public static Distillation FromScores(ITransformer pipeline, string columnName = DefaultColumns.Score)
        => From(pipeline, columnName, TeacherOutput.Scores);

    /// <summary>The features of the network learn to predict the pipeline's features through a linear map.</summary>
    /// <param name="pipeline">As there.</param>
    /// <param name="columnName">Its column of features: a vector of any known number of finite numbers (Single).</param>
    /// <exception cref="ArgumentException">The name is empty.</exception>
    public static Distillation FromFeatures(ITransformer pipeline, string columnName = DefaultColumns.Features)
        => From(pipeline, columnName, TeacherOutput.Features);

    private static Distillation From(ITransformer pipeline, string columnName, TeacherOutput output)
    {
        ArgumentNullException.ThrowIfNull(pipeline);
        Columns.ThrowUnlessNamed(columnName);
        return Distillation.From(new PipelineTeacher(pipeline, columnName), output);
    }
}
