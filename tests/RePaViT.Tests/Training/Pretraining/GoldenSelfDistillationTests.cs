using System.Globalization;
using RePaViT.Layers;
using RePaViT.Tests.Support;
using RePaViT.Training;
using RePaViT.Training.Managed;
using RePaViT.Training.Pretraining;

namespace RePaViT.Tests.Training.Pretraining;

/// <summary>Loss, center, head and two whole steps, against the public implementation of DINO (Fixtures/Dino).</summary>
[TestClass]
public sealed class GoldenSelfDistillationTests
{
    // As far as PyTorch in 32 bits is from the files.
    private const double Tolerance = 1e-5;

    [TestMethod]
    public void The_loss_and_its_gradient_are_those_of_the_public_implementation()
    {
        SafetensorsFile file = Read("loss");
        const int Images = 3;
        const int Crops = 5;
        (NamedTensors tensors, int outputs) = (file.Tensors, 12);
        double temperature = double.Parse(file.Metadata["teacher_temperature"], CultureInfo.InvariantCulture);
        double studentTemperature = double.Parse(file.Metadata["student_temperature"], CultureInfo.InvariantCulture);
        float[][] targets =
        [
            .. Enumerable.Range(0, 2 * Images).Select(row =>
            {
                float[] target = new float[outputs];
                SelfDistillationLoss.Sharpen(Row(tensors["teacher"], row), tensors["center"].Data, temperature, target);
                return target;
            }),
        ];
        double loss = 0;
        float[] gradients = new float[Images * Crops * outputs];
        int pairs = SelfDistillationLoss.Pairs(Crops - 2);
        for (int crop = 0; crop < Crops; crop++)
        {
            for (int image = 0; image < Images; image++)
            {
                (int row, int count) = (crop * Images + image, crop < 2 ? 1 : 2);
                float[] target = crop switch
                {
                    0 => targets[Images + image],
                    1 => targets[image],
                    _ => [.. targets[image].Zip(targets[Images + image], (a, b) => a + b)],
                };
                loss += SelfDistillationLoss.Compute(
                    Row(tensors["student"], row), target, count, studentTemperature, gradients.AsSpan(row * outputs, outputs), 1.0 / (Images * pairs));
            }
        }

        Assert.AreEqual(8, pairs);
        Assert.AreEqual(tensors["loss"].Data[0], loss / (Images * pairs), 1e-6);
        Assert.IsLessThan(1e-6, Difference.Relative(tensors["student_grad"].Data, gradients));
    }

    [TestMethod]
    public void The_head_computes_and_learns_as_in_the_public_implementation()
    {
        NamedTensors tensors = Read("head").Tensors;
        var head = new SelfDistillationHead(Dim: 8, Hidden: 12, Bottleneck: 6, Prototypes: 10);
        var context = new TrainingContext(RePaViT.Threading.ThreadTeam.Get(2), 7, seed: 0);
        var network = new TrainingNetwork(head.ToGraph(), context, dropPathRate: 0);
        foreach (TrainingParameter parameter in network.Parameters)
        {
            tensors.CopyState(parameter.Spec.Name, parameter.Spec.Shape, parameter.Value);
        }

        Assert.IsLessThan(Tolerance, Difference.Relative(tensors["y"].Data, network.Forward(tensors["x"].Data, 7).AsSpan()));
        tensors["dy"].Data.CopyTo(network.OutputGradient.AsSpan());
        network.Backward();
        foreach (TrainingParameter parameter in network.Parameters)
        {
            Assert.IsLessThan(
                Tolerance, Difference.Relative(tensors[$"grad.{parameter.Spec.Name}"].Data, parameter.Gradient), parameter.Spec.Name);
        }
    }

    [TestMethod]
    [DataRow("step-vanilla")]
    [DataRow("step-idle")]
    public void Two_steps_move_student_teacher_and_center_as_in_the_public_implementation(string name)
    {
        var run = GoldenSelfDistillation.Read(name);
        using ITrainingEngine engine = run.CreateEngine(new ManagedBackend());
        run.AssertSteps(engine, ((ManagedSelfDistillationEngine)engine).GetGradients, Tolerance);
    }

    private static SafetensorsFile Read(string name) => Fixture.Read($"Dino/{name}");

    private static ReadOnlySpan<float> Row(WeightTensor matrix, int row) => matrix.Data.Slice(row * matrix.Shape[1], matrix.Shape[1]);
}
