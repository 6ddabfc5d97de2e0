using RePaViT.Networks;
using RePaViT.Operators;

namespace RePaViT.Tests.Reference;

/// <summary>
/// A network computed in double precision by the definitions of its operators, one image and one number at a time, in
/// evaluation mode: what every engine is compared with.
/// </summary>
internal sealed class PlainNetwork(Network network)
{
    private readonly Graph _graph = network.ToGraph().Graph;

    /// <summary>The result for images: [count, channels, size, size] to [count, length of the result].</summary>
    public double[] Forward(ReadOnlySpan<float> images)
    {
        Shape input = _graph.Input.Shape;
        var results = new List<double>();
        for (int start = 0; start < images.Length; start += (int)input.Length)
        {
            float[] image = images.Slice(start, (int)input.Length).ToArray();
            var values = new List<double[,]> { new double[input.Rows, input.Columns] };
            for (int i = 0; i < image.Length; i++)
            {
                values[0][i / input.Columns, i % input.Columns] = image[i];
            }

            foreach (Node node in _graph.Nodes)
            {
                values.Add(node.Operator.Evaluate([.. node.Inputs.Select(value => values[value.Index])], Tensor));
            }

            results.AddRange(values[^1].Cast<double>());
        }

        return [.. results];
    }

    private double[] Tensor(TensorSpec spec) => Array.ConvertAll(network.Weights[spec.Name].ToArray(), value => (double)value);
}
