using RePaViT.Operators;
using RePaViT.Training;

namespace RePaViT.Tests.Training;

[TestClass]
public sealed class WeightAverageTests
{
    [TestMethod]
    public void Average_follows_its_definition_for_parameters_and_running_statistics()
    {
        var random = new Random(1);
        ArrayParameter[] parameters =
        [
            ArrayParameter.Random(random, "weight", TensorRole.Weight, 5, 7),
            ArrayParameter.Random(random, "variance", TensorRole.RunningVariance, 3),
        ];
        var average = new WeightAverage(parameters, decay: 0.5, threads: 2);
        double[][] expected = [.. parameters.Select(p => Array.ConvertAll(p.Value.ToArray(), v => (double)v))];
        for (int step = 1; step <= 12; step++)
        {
            // (1 + s) / (10 + s) passes 0.5 at step 8, so both branches are met.
            double decay = Math.Min(0.5, (1.0 + step) / (10 + step));
            for (int i = 0; i < parameters.Length; i++)
            {
                ArrayParameter.RandomArray(random, parameters[i].Value.Length).CopyTo(parameters[i].Value);
                for (int j = 0; j < expected[i].Length; j++)
                {
                    expected[i][j] = decay * expected[i][j] + (1 - decay) * parameters[i].Value[j];
                }
            }

            average.Update(step);
        }

        NamedTensors weights = average.GetWeights();
        for (int i = 0; i < parameters.Length; i++)
        {
            ReadOnlySpan<float> actual = weights[parameters[i].Spec.Name].Data;
            for (int j = 0; j < actual.Length; j++)
            {
                Assert.IsTrue(Math.Abs(actual[j] - expected[i][j]) <= 1e-6, $"{parameters[i].Spec.Name}[{j}]");
            }
        }
    }

    [TestMethod]
    public void State_round_trips()
    {
        ArrayParameter[] parameters = [ArrayParameter.Random(new Random(2), "weight", TensorRole.Weight, 4)];
        var average = new WeightAverage(parameters, decay: 0.9, threads: 2);
        parameters[0].Value.Fill(0.25f);
        average.Update(1);
        var state = new NamedTensors();
        average.AddState(state);

        var restored = new WeightAverage(parameters, decay: 0.9, threads: 2);
        restored.SetState(state);
        CollectionAssert.AreEqual(
            average.GetWeights()["weight"].Data.ToArray(), restored.GetWeights()["weight"].Data.ToArray());
        Assert.ThrowsExactly<ArgumentException>(() => restored.SetState(new NamedTensors()));
    }
}
