using RePaViT.Training;

namespace RePaViT;

/// <summary>
/// Distillation: a network learns what a teacher says about the training images, in addition to their labels or without them.
/// <c>trainer.Distillation = Distillation.FromScores(model)</c> learns the scores of another model (Hinton et al., arXiv 1503.02531),
/// <see cref="FromFeatures(RePaViTModel)"/> the features that it would classify. Both can also be given for each image, computed in
/// advance by another program.
/// <list type="bullet">
/// <item>Scores: loss = (1 - w) H(labels, softmax(z)) + w T^2 KL(softmax(t / T) || softmax(z / T)), with the logits z of the
/// network and t of the teacher, <see cref="Weight"/> w and <see cref="Temperature"/> T.</item>
/// <item>Features: loss = (1 - w) H(labels, softmax(z)) + w mean((A f + b - t)^2), with the features f of the network, those of the teacher
/// t brought to mean 0 and deviation 1 in each column, and a map A, b that is learned too and then discarded. The teacher's features may
/// have any width.</item>
/// </list>
/// A teacher that is a model sees every image as the network does, after all augmentation except erasing, but including mixup and
/// cutmix. What was given for each image applies to all its crops and flips, and is mixed by mixup and cutmix as labels are.
/// </summary>
public sealed record Distillation
{
    private const double Least = 1e-30;
    private const double LeastTemperature = 0.1;

    // T^2 makes the roundings of 32-bit floats larger, too.
    private const double GreatestTemperature = 20;

    private Distillation(IDistillationTeacher teacher, TeacherOutput output) => (Teacher, Output) = (teacher, output);

    /// <summary>The scores of a model. It computes on its present device: the CPU, unless it was moved elsewhere.</summary>
    /// <param name="teacher">A model with the classes of the training data, for images of the size that the network takes.</param>
    public static Distillation FromScores(RePaViTModel teacher)
    {
        ArgumentNullException.ThrowIfNull(teacher);
        return new(new TeacherModel(teacher), TeacherOutput.Scores);
    }

    /// <summary>Scores that were computed in advance.</summary>
    /// <param name="scores">
    /// One for each class of the training data, for each training image in their order; or for each image of the whole data set
    /// that was split into training and validation. They are probabilities if no number is below 0 and all rows add up to 1
    /// (within 0.001), and logits otherwise.
    /// </param>
    public static Distillation FromScores(IReadOnlyList<float[]> scores) => FromVectors(scores, TeacherOutput.Scores);

    /// <summary>The features of a model: the input of its head. It computes where it did before.</summary>
    /// <param name="teacher">A model with any classes and width, for images of the size that the network takes.</param>
    public static Distillation FromFeatures(RePaViTModel teacher)
    {
        ArgumentNullException.ThrowIfNull(teacher);
        return new(new TeacherModel(teacher), TeacherOutput.Features);
    }

    /// <summary>Features that were computed in advance, by a <see cref="FeatureExtractor"/> or by any other means.</summary>
    /// <param name="features">
    /// The same number of finite values for each training image, in their order; or for each image of the whole data set
    /// that was split into training and validation.
    /// </param>
    public static Distillation FromFeatures(IReadOnlyList<float[]> features) => FromVectors(features, TeacherOutput.Features);

    /// <summary>
    /// The weight of the teacher (w), from 1e-30 to 1; labels have the rest. With 1, labels are not used, so that images without a
    /// label can be used for training, under any label. If only features are learned, the head then stays as it was. Default 0.5.
    /// </summary>
    public double Weight { get; init; } = 0.5;

    /// <summary>
    /// What logits are divided by (T), from 0.1 to 20: the higher, the more the less probable classes count. Has no effect on
    /// features. Default 3, as in DeiT (Touvron et al., arXiv 2012.12877, section 4).
    /// </summary>
    public double Temperature { get; init; } = 3;

    /// <summary>Checks every property.</summary>
    /// <exception cref="ArgumentException">A property has a value that is not accepted; the message names it.</exception>
    public void Validate()
    {
        Guard.ThrowUnless(Weight is >= Least and <= 1, Weight, $"a number from {Least} to 1");
        Guard.ThrowUnless(
            Temperature is >= LeastTemperature and <= GreatestTemperature, Temperature, $"a number from {LeastTemperature} to {GreatestTemperature}");
    }

    internal IDistillationTeacher Teacher { get; private init; }

    internal TeacherOutput Output { get; }

    /// <summary>Whether the head learns nothing.</summary>
    internal bool LeavesHead => Output == TeacherOutput.Features && !CountsLabels;

    internal bool CountsLabels => Weight < 1;

    /// <summary>The model whose scores are learned; null if scores from elsewhere, or features, are learned.</summary>
    internal RePaViTModel? ScoreModel => Output == TeacherOutput.Scores ? (Teacher as TeacherModel)?.Model : null;

    /// <summary>From any other teacher.</summary>
    internal static Distillation From(IDistillationTeacher teacher, TeacherOutput output) => new(teacher, output);

    /// <summary>The same from another teacher.</summary>
    internal Distillation With(IDistillationTeacher teacher) => this with { Teacher = teacher };

    /// <summary>Checks what can be checked without data.</summary>
    /// <param name="architecture">The network.</param>
    /// <param name="tokenLabels">Its token labels.</param>
    /// <exception cref="ArgumentException">
    /// A property has a value that is not accepted, or the network or the token labels do not match.
    /// </exception>
    internal void ThrowUnlessUsable(Architecture architecture, TokenLabels? tokenLabels)
    {
        Validate();
        if (tokenLabels is not null)
        {
            throw new ArgumentException($"{nameof(TokenLabels)} and {nameof(Distillation)} are both set: only one of them is accepted.");
        }

        Teacher.ThrowUnlessUsable(architecture);
    }

    /// <summary>Makes the teacher ready for a run.</summary>
    /// <exception cref="ArgumentException">The network, the data or the teacher does not fit.</exception>
    internal DistillationTraining Open(ulong seed, IImageDataset training, bool validates)
    {
        ThrowIfUnmeasurable(validates);
        return new DistillationTraining(this, Teacher.Open(Output, training), seed);
    }

    /// <summary>Refuses validation of a head that is not trained.</summary>
    internal void ThrowIfUnmeasurable(bool validates)
    {
        if (LeavesHead && validates)
        {
            throw new ArgumentException(
                $"{nameof(Weight)} 1 of features leaves the head as it was, so that validation would measure nothing: less than 1 is needed, "
                + "or training without validation.");
        }
    }

    private static Distillation FromVectors(IReadOnlyList<float[]> vectors, TeacherOutput output)
    {
        ArgumentNullException.ThrowIfNull(vectors);
        return new(new TeacherVectors(vectors), output);
    }
}
