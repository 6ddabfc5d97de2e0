using System.Reflection;
using RePaViT.Tests.Training;

namespace RePaViT.Tests.Refusals;

/// <summary>
/// Every number of every record of options, set to what nobody wants: it is refused by its name, or a step can be taken
/// with it.
/// </summary>
[TestClass]
public sealed class OptionTests
{
    private static readonly double[] Doubles =
    [
        double.NaN, double.PositiveInfinity, double.NegativeInfinity, -1, -0.0, 0, double.Epsilon, 1e-50, 1e-38, 1e-30, 0.99999999999,
        1, 1e6, 1e38, 1e300, double.MaxValue,
    ];

    private static readonly int[] Integers = [int.MinValue, -1, 0, int.MaxValue];

    private static readonly AugmentationOptions Augmentation = AugmentationOptions.DeiT with { RandomErasing = 0.5 };

    // One epoch of one step.
    private static readonly TrainingRecipe Recipe = TrainingRun.Recipe with
    {
        Epochs = 1, BatchSize = 4, GradientAccumulation = 1, WarmupEpochs = 1, EarlyStopping = new(1), Augmentation = Augmentation,
    };

    [TestMethod]
    public void Recipe_numbers_are_refused_by_name_or_can_be_trained_with()
        => Try(Recipe, recipe => Train(recipe));

    [TestMethod]
    public void Lamb_s_numbers_are_refused_by_name_or_can_be_trained_with()
        => Try(Recipe with { Optimizer = OptimizerKind.Lamb }, recipe => Train(recipe));

    [TestMethod]
    public void Augmentation_s_numbers_are_refused_by_name_or_can_be_trained_with()
    {
        Try(Augmentation with { ResizedCrop = null, RandAugment = null, ColorJitter = 0.1 }, Train);
        Try(Augmentation with { CutmixAlpha = 0 }, Train);
        Try(Augmentation.RandAugment!, options => Train(Augmentation with { RandAugment = options }));
        Try(Augmentation.ResizedCrop!, options => Train(Augmentation with { ResizedCrop = options }));

        static void Train(AugmentationOptions options) => OptionTests.Train(Recipe with { Augmentation = options });
    }

    [TestMethod]
    public void Preprocessing_s_numbers_are_refused_by_name_or_can_be_trained_with()
    {
        var preprocessing = new ImagePreprocessing();
        Try(preprocessing, preprocessing => Train(Recipe, preprocessing: preprocessing));
        Try(preprocessing.Mean, mean => Train(Recipe, preprocessing: preprocessing with { Mean = mean }), "Mean");
        Try(
            preprocessing.StandardDeviation,
            deviation => Train(Recipe, preprocessing: preprocessing with { StandardDeviation = deviation }),
            "StandardDeviation");
    }

    [TestMethod]
    public void The_architecture_s_numbers_are_refused_by_name_or_can_be_trained_with()
        => Try(TrainingRun.Architecture, architecture => Train(Recipe, architecture));

    [TestMethod]
    public void The_trainer_s_numbers_are_refused_by_name_or_can_be_trained_with()
        => Try(new TrainerOptions(), options => Train(Recipe, options: options));

    private static void Train(
        TrainingRecipe recipe,
        Architecture? architecture = null,
        ImagePreprocessing? preprocessing = null,
        TrainerOptions? options = null)
    {
        InMemoryImageDataset data = TrainingRun.Dataset(4, seed: 1);
        var trainer = new Trainer(architecture ?? TrainingRun.Architecture, recipe, options)
        {
            Preprocessing = preprocessing ?? new ImagePreprocessing(),
        };
        RePaViTModel model = trainer.Fit(data, data).Model;
        float[] logits = new float[model.Architecture.Classes];
        model.ComputeLogits(new float[model.ImageLength], logits);
        Assert.IsTrue(logits.All(float.IsFinite), string.Join(", ", logits));
        model.Save(Stream.Null);
    }

    /// <summary>Sets each number to each value that it can hold.</summary>
    /// <param name="options">The record.</param>
    /// <param name="use">Trains with a changed one.</param>
    /// <param name="name">What a refusal has to name; null for the property.</param>
    private static void Try<T>(T options, Action<T> use, string? name = null)
        where T : notnull
    {
        int numbers = 0;
        foreach (PropertyInfo property in options.GetType().GetProperties().Where(property => property.CanWrite))
        {
            foreach (object value in Values(Nullable.GetUnderlyingType(property.PropertyType) ?? property.PropertyType))
            {
                numbers++;
                T changed = Clone(options);
                object boxed = changed;
                property.SetValue(boxed, value);
                changed = (T)boxed;
                try
                {
                    use(changed);
                }
                catch (ArgumentException exception)
                {
                    StringAssert.Contains(exception.Message, name ?? property.Name, $"{property.Name} {value}");
                }
                catch (Exception exception) when (exception is not AssertFailedException)
                {
                    Assert.Fail($"{property.Name} {value}: {exception}");
                }
            }
        }

        Assert.AreNotEqual(0, numbers);
    }

    private static IEnumerable<object> Values(Type type)
    {
        if (type == typeof(double))
        {
            return Doubles.Cast<object>();
        }

        if (type == typeof(float))
        {
            return Doubles.Select(value => (object)(float)value);
        }

        return type == typeof(int) ? Integers.Cast<object>() : [];
    }

    private static T Clone<T>(T options)
        where T : notnull
        => options is ValueType ? options : (T)options.GetType().GetMethod("<Clone>$")!.Invoke(options, null)!;
}
