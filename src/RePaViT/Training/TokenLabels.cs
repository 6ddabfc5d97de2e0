using System.Runtime.CompilerServices;
using RePaViT.Networks;
using RePaViT.Training;

namespace RePaViT;

/// <summary>
/// Token labels (Jiang et al., arXiv 2104.10858): an <see cref="LVViTArchitecture"/> learns what every patch of an image shows,
/// in addition to what the whole image shows. <c>trainer.TokenLabels = TokenLabels.FromTeacher(model)</c> takes the labels from
/// another model while training, <see cref="FromFile"/> from a file.
/// <para>
/// Labels go through the same crops, flips, rotations and shifts as the image. Mixup and cutmix of images are refused:
/// <see cref="MixToken"/> takes their place. <see cref="TrainingRecipe.LabelSmoothing"/> smooths every label.
/// </para>
/// </summary>
public sealed record TokenLabels
{
    private const double Least = 1e-30;
    private const double Greatest = 1e6;

    private readonly string? _path;
    private readonly RePaViTModel? _teacher;

    private TokenLabels(string? path, RePaViTModel? teacher) => (_path, _teacher) = (path, teacher);

    /// <summary>
    /// Labels from a file that <see cref="TokenLabelFile"/> wrote, or that has the same format. It is read once from beginning
    /// to end before training, and then image by image.
    /// </summary>
    /// <param name="path">
    /// The file. It has the training images in their order; or those of the whole data set that was split into training and
    /// validation; or, in ML.NET, the rows of the training data, including those that are left out.
    /// </param>
    /// <exception cref="ArgumentException">The path is empty.</exception>
    public static TokenLabels FromFile(string path)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(path);
        return new(path, teacher: null);
    }

    /// <summary>
    /// Labels from a model that sees every image of a batch as the network does, after all augmentation except erasing. It
    /// computes on its present device: the CPU, unless it was moved elsewhere.
    /// </summary>
    /// <param name="teacher">
    /// An LV-ViT, or a model that averages its last feature map (MLP-Mixer, Swin, PoolFormer); with the classes of the training
    /// data, and for images of the size that the network takes.
    /// </param>
    /// <exception cref="ArgumentException">It is a model whose head reads only a class token.</exception>
    public static TokenLabels FromTeacher(RePaViTModel teacher)
    {
        ArgumentNullException.ThrowIfNull(teacher);
        _ = teacher.CreateTokenTeacher();
        return new(path: null, teacher);
    }

    /// <summary>The weight of the image's label in the loss: 0, or from 1e-30 to 1e6. Default 1.</summary>
    public double ClassWeight { get; init; } = 1;

    /// <summary>The weight of the labels of all patches together: 0, or from 1e-30 to 1e6. Default 1.</summary>
    public double TokenWeight { get; init; } = 1;

    /// <summary>
    /// The share of the data set's own label in the label of the image, in [0, 1]; the rest is what the labels say about the
    /// visible part: the average over its patches, or the teacher's answer. Default 0.
    /// </summary>
    public double LabelShare { get; init; }

    /// <summary>
    /// Whether the tokens in a random box are exchanged between two images after the projection of patches, with their labels;
    /// the labels of the images are mixed by area. Default true.
    /// </summary>
    public bool MixToken { get; init; } = true;

    /// <summary>Checks every property.</summary>
    /// <exception cref="ArgumentException">A property has a value that is not accepted; the message names it.</exception>
    public void Validate()
    {
        ThrowUnlessWeight(ClassWeight);
        ThrowUnlessWeight(TokenWeight);
        if (ClassWeight == 0 && TokenWeight == 0)
        {
            throw new ArgumentException($"{nameof(ClassWeight)} and {nameof(TokenWeight)} are both 0: one must be above 0.");
        }

        if (!(LabelShare is >= 0 and <= 1))
        {
            throw new ArgumentException($"{nameof(LabelShare)} {LabelShare} is not accepted: a number in [0, 1] is needed.");
        }
    }

    /// <summary>The model that makes the labels; null for a file.</summary>
    internal RePaViTModel? Teacher => _teacher;

    /// <summary>Checks what can be checked without data.</summary>
    /// <exception cref="ArgumentException">
    /// A property has a value that is not accepted, or the network or the augmentation does not match.
    /// </exception>
    internal void ThrowUnlessUsable(Architecture architecture, AugmentationOptions augmentation)
    {
        Validate();
        if (architecture.Layout(NetworkForm.Trained).Outputs.All(output => output.Name != NetworkLayout.TokenLogits))
        {
            throw new ArgumentException(
                $"{nameof(Trainer.TokenLabels)} need a network with a head for every token, an {nameof(LVViTArchitecture)}: "
                + $"{architecture.GetType().Name} has none.");
        }

        if (augmentation.MixupAlpha > 0 || augmentation.CutmixAlpha > 0)
        {
            throw new ArgumentException(
                $"{nameof(augmentation.MixupAlpha)} {augmentation.MixupAlpha} and {nameof(augmentation.CutmixAlpha)} {augmentation.CutmixAlpha} "
                + $"cannot be combined with {nameof(Trainer.TokenLabels)}, where {nameof(MixToken)} takes their place: 0 is needed.");
        }

        if (_teacher is not null && _teacher.Architecture.ImageSize != architecture.ImageSize)
        {
            throw new ArgumentException(
                $"The teacher takes images of {_teacher.Architecture.ImageSize} pixels, but the network takes {architecture.ImageSize}: "
                + $"both must be the same. {nameof(TokenLabelFile)} makes a file of labels with a teacher of any size.");
        }
    }

    /// <summary>Opens the labels for a run.</summary>
    /// <exception cref="ArgumentException">The network, the augmentation or the teacher does not match.</exception>
    /// <exception cref="InvalidDataException">The file is damaged, or is not for these images; the message says where.</exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    internal TokenTraining Open(Architecture architecture, AugmentationOptions augmentation, IImageDataset training)
    {
        ThrowUnlessUsable(architecture, augmentation);
        return new TokenTraining(
            this, _teacher is null ? TokenLabelReader.Open(_path!, training) : TeacherLabels.Of(_teacher, training.ClassNames));
    }

    private static void ThrowUnlessWeight(double value, [CallerArgumentExpression(nameof(value))] string name = "")
    {
        if (!(value is 0 or (>= Least and <= Greatest)))
        {
            throw new ArgumentException($"{name} {value} is not accepted: 0 or a number from {Least} to {Greatest} is needed.");
        }
    }
}
