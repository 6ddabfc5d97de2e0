using System.Reflection;
using Microsoft.ML;
using RePaViT.MLNet.Tests.Support;

namespace RePaViT.MLNet.Tests.Training;

/// <summary>Every number of the options, set to what nobody wants: it is refused by its name, or a model comes out.</summary>
[TestClass]
public sealed class OptionTests
{
    private static readonly object[] Values =
    [
        double.NaN, double.PositiveInfinity, double.NegativeInfinity, -1.0, 0.0, 1e-50, 1e300, double.MaxValue,
        int.MinValue, -1, 0, int.MaxValue, long.MinValue, -1L, 0L, long.MaxValue,
    ];

    [TestMethod]
    public void Numbers_are_refused_by_name_or_can_be_trained_with()
    {
        using var setup = new TrainingSetup(images: 12);
        IDataView data = setup.Prepare(setup.LoadBytes());
        int numbers = 0;
        foreach (PropertyInfo property in typeof(ImageClassificationRePaViTTrainer.Options).GetProperties())
        {
            Type type = Nullable.GetUnderlyingType(property.PropertyType) ?? property.PropertyType;
            foreach (object value in Values.Where(value => value.GetType() == type))
            {
                numbers++;
                ImageClassificationRePaViTTrainer.Options options = TrainingSetup.Options with
                {
                    Epoch = 1, ValidationSetFraction = null, BatchSize = 4,
                };
                property.SetValue(options, value);
                try
                {
                    float[][] scores = TrainingSetup.Scores(setup.CreateTrainer(options).Fit(data), data);
                    Assert.IsTrue(scores.All(row => row.All(float.IsFinite)), $"{property.Name} {value}");
                }
                catch (ArgumentException exception)
                {
                    StringAssert.Contains(exception.Message, property.Name, $"{property.Name} {value}");
                }
            }
        }

        Assert.AreNotEqual(0, numbers);
    }
}
