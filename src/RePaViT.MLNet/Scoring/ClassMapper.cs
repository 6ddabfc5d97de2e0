using System.Numerics;
using System.Numerics.Tensors;
using Microsoft.ML;
using RePaViT.MLNet.Labels;

namespace RePaViT.MLNet.Scoring;

/// <summary>Adds the predicted label, and after it the class probabilities.</summary>
internal sealed class ClassMapper : ScoringMapper
{
    private readonly Type _labelType;

    /// <exception cref="ArgumentException">The column of images is missing or holds something else.</exception>
    public ClassMapper(DataViewSchema input, ScoringDescription description, ClassKeys classes, ImageScorer scorer)
        : base(
            input,
            ScoringSchema.AddTo(input, description, classes),
            ScoringSchema.FindImages(input, description.FeatureColumnName, description.Features),
            scorer)
    {
        _labelType = classes.Type.RawType;
    }

    protected override Delegate CreateGetter(int added, ScoreReader scores)
        => added > 0
            ? CreateScoreGetter(scores)
            : _labelType switch
            {
                Type type when type == typeof(byte) => CreateLabelGetter<byte>(scores),
                Type type when type == typeof(ushort) => CreateLabelGetter<ushort>(scores),
                Type type when type == typeof(uint) => CreateLabelGetter<uint>(scores),
                _ => CreateLabelGetter<ulong>(scores),
            };

    // Key 0 is a missing label.
    private static ValueGetter<T> CreateLabelGetter<T>(ScoreReader scores)
        where T : INumberBase<T>
        => (ref T value) => value = T.CreateChecked(TensorPrimitives.IndexOfMax(scores()) + 1);
}
