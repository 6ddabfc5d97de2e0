using RePaViT.Layers;
using RePaViT.Operators;
using RePaViT.Tests.Support;
using RePaViT.Torch.Tests.Support;
using TorchSharp;

namespace RePaViT.Torch.Tests;

/// <summary>The two ways of training a channel-idle feed-forward layer as one, beside its operators one by one.</summary>
[TestClass]
public sealed class MergedFeedForwardTests : TorchTest
{
    private const double Tolerance = 1e-5;
    private const double GradientTolerance = 1e-4;
    private const double SmallestGradient = 1e-3;

    [TestMethod]
    [DataRow(7, 5, 9, 36, 9)]
    [DataRow(7, 5, 9, 36, 0)]
    [DataRow(7, 5, 9, 36, 35)]
    [DataRow(40, 17, 24, 96, 24)]
    [DataRow(33, 10, 15, 40, 11)]
    [DataRow(3, 65, 48, 192, 48)]
    public void Values_gradients_and_running_statistics_equal_those_of_the_operators(
        int images, int tokens, int dim, int hidden, int active)
    {
        var layer = new ChannelIdleFeedForward("mlp", tokens, dim, hidden, active, 1e-5f, DropPathPosition.Deepest);
        float[] x = RandomWeights.Floats(images * tokens * dim, seed: 2);
        float[] dy = RandomWeights.Floats(images * tokens * dim, seed: 3);

        NamedTensors expected = Step(layer, x, dy, (values, pass) => TorchNetwork.Forward(layer.ToGraph(), values.flatten(1), pass));
        foreach (bool merged in new[] { false, true })
        {
            NamedTensors actual = Step(layer, x, dy, (values, pass)
                => values + TorchNetwork.FeedForward(ChannelIdleBranch.Find(layer.ToGraph(), 0)!, values, pass, merged));
            AssertClose(Part(expected, "value."), Part(actual, "value."), Tolerance);
            AssertClose(Part(expected, "statistic."), Part(actual, "statistic."), Tolerance);
            AssertClose(Part(expected, "gradient."), Part(actual, "gradient."), GradientTolerance, SmallestGradient);
        }
    }

    private static NamedTensors Part(NamedTensors tensors, string prefix) => tensors.WithoutPrefix(prefix);

    /// <summary>Output, gradients and statistics after two steps: what a first one leaves must not harm the second.</summary>
    private static NamedTensors Step(
        ChannelIdleFeedForward layer, float[] values, float[] gradient, Func<torch.Tensor, ForwardPass, torch.Tensor> forward)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        using var tables = new DeviceTables(Device);
        using var weights = new TorchWeights(layer.Tensors, Device);
        weights.Set(RandomWeights.Create([layer], seed: 1), name => name);
        foreach (FlatTensors group in weights.TrainedGroups)
        {
            group.Values.requires_grad_();
        }

        long images = values.Length / layer.Tokens / layer.Dim;
        torch.Tensor x = torch.tensor(values, [images, layer.Tokens, layer.Dim], device: Device, requires_grad: true);
        torch.Tensor dy = torch.tensor(gradient, [images, layer.Tokens, layer.Dim], device: Device);
        torch.Tensor y = x;
        for (int step = 0; step < 2; step++)
        {
            y = forward(x, new ForwardPass(weights.Views(), tables, TorchPrecision.Float32, isTraining: true) { IsFusing = false });
            (y * dy).sum().backward();
        }

        var results = new NamedTensors();
        results.Add("value.y", Tensor(y));
        results.Add("gradient.x", Tensor(x.grad!));
        foreach (FlatTensors group in weights.TrainedGroups)
        {
            group.AddTo(results, name => $"gradient.{name}", group.Values.grad!);
        }

        weights.Statistics.AddTo(results, name => $"statistic.{name}");
        return results;
    }

    private static WeightTensor Tensor(torch.Tensor tensor)
        => new(ToHost(tensor.detach()), (int)tensor.numel());
}
