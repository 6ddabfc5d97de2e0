using RePaViT.Operators;
namespace RePaViT.Tests.Reference;

/// <summary>
/// Runs an ONNX graph in double precision, node by node, as the operators' specification says: what a file means, whoever
/// runs it. Only as much of each operator as our files use.
/// </summary>
internal static class PlainOnnx
{
    /// <summary>The values of all nodes for an input.</summary>
    public static IReadOnlyDictionary<string, PlainTensor> Run(PlainOnnxGraph graph, PlainTensor image)
    {
        string input = graph.Inputs.Single().Split('[')[0];
        var values = new Dictionary<string, PlainTensor>(graph.Initializers) { [input] = image };
        foreach (PlainOnnxNode node in graph.Nodes)
        {
            PlainTensor[] results = Run(node, [.. node.Inputs.Select(name => values[name])]);
            foreach ((string output, PlainTensor result) in node.Outputs.Zip(results))
            {
                values.Add(output, result);
            }
        }

        return values;
    }

    private static PlainTensor[] Run(PlainOnnxNode node, PlainTensor[] x) => node.Operator switch
    {
        "Add" => [Elementwise(x[0], x[1], (a, b) => a + b)],
        "Mul" => [Elementwise(x[0], x[1], (a, b) => a * b)],
        "Div" => [Elementwise(x[0], x[1], (a, b) => a / b)],
        "Erf" => [x[0] with { Data = Array.ConvertAll(x[0].Data, PlainMath.Erf) }],
        "Sigmoid" => [x[0] with { Data = Array.ConvertAll(x[0].Data, value => 1 / (1 + Math.Exp(-value))) }],
        "Relu" => [x[0] with { Data = Array.ConvertAll(x[0].Data, value => Math.Max(value, 0)) }],
        "Identity" => [x[0]],
        "MatMul" => [MatMul(x[0], x[1])],
        "Conv" => [Convolve(
            Pad(x[0], [0, 0, .. Pads(node, 0, 2), 0, 0, .. Pads(node, 2, 2)]), x[1], x.Length > 2 ? x[2] : null, node.Integers["strides"])],
        "Softmax" => [EachRow(x[0], PlainMath.Softmax)],
        "LpNormalization" when node.Integers["p"][0] == 2 => [EachRow(x[0], row => Divide(row, Math.Sqrt(row.Sum(value => value * value))))],
        "LayerNormalization" => [EachRow(x[0], row => Normalize(row, x[1].Data, x[2].Data, node.Float))],
        "AveragePool" => [AveragePool(x[0], (int)node.Integers["kernel_shape"][0], (int)node.Integers["pads"][0])],
        "InstanceNormalization" => [NormalizeChannels(x[0], x[1].Data, x[2].Data, node.Float)],
        "BatchNormalization" => [EachRow(x[0], row => [.. row.Select((value, i)
            => (value - x[3].Data[i]) / Math.Sqrt(x[4].Data[i] + node.Float) * x[1].Data[i] + x[2].Data[i])])],
        "Reshape" => [Reshape(x[0], x[1])],
        "Transpose" => [Transpose(x[0], [.. node.Integers["perm"]])],
        "Shape" => [Vector(x[0].Shape[(int)node.Integers["start"][0]..(int)node.Integers["end"][0]])],
        "Expand" => [Elementwise(x[0], PlainTensor.Build([.. x[1].Data.Select(size => (int)size)], _ => 0), (a, b) => a + b)],
        "Concat" => [Concat(x, Axis(node, x[0]))],
        "Split" => Split(x[0], Axis(node, x[0]), x.Length > 1
            ? [.. x[1].Data.Select(size => (int)size)]
            : [.. node.Outputs.Select(_ => x[0].Shape[Axis(node, x[0])] / node.Outputs.Count)]),
        // Texts are no numbers, and nobody uses what becomes of them.
        "LabelEncoder" => [x[0]],
        "Gather" when x[1].Shape.Length == 0 => [Gather(x[0], (int)x[1].Data.Single(), Axis(node, x[0]))],
        "Gather" => [GatherAlong(x[0], Axis(node, x[0]), [.. x[1].Data.Select(index => (int)index)])],
        "Pad" => [Pad(x[0], [.. x[1].Data.Select(size => (int)size)])],
        "Slice" => [GatherAlong(
            x[0], (int)x[3].Data.Single(), [.. Enumerable.Range((int)x[1].Data.Single(), (int)(x[2].Data.Single() - x[1].Data.Single()))])],
        "ReduceMean" => [Reduce(x[0], (int)node.Integers["axes"].Single(), values => values.Average())],
        "ReduceMax" => [Reduce(x[0], (int)node.Integers["axes"].Single(), values => values.Max())],
        _ => throw new NotSupportedException(node.Operator),
    };

    private static double[] Divide(double[] row, double length) => [.. row.Select(value => length == 0 ? 0 : value / length)];

    private static int Axis(PlainOnnxNode node, PlainTensor x)
    {
        int axis = (int)node.Integers["axis"].Single();
        return axis < 0 ? axis + x.Shape.Length : axis;
    }

    private static PlainTensor Vector(int[] values) => new([values.Length], [.. values.Select(value => (double)value)]);

    /// <summary>Shapes are aligned at their ends; a size of 1 stretches.</summary>
    private static PlainTensor Elementwise(PlainTensor x, PlainTensor y, Func<double, double, double> function)
    {
        int rank = Math.Max(x.Shape.Length, y.Shape.Length);
        int[] left = Padded(x);
        int[] right = Padded(y);
        Assert.IsTrue(left.Zip(right).All(sizes => sizes.First == sizes.Second || Math.Min(sizes.First, sizes.Second) == 1));
        int[] leftSteps = Steps(x, left);
        int[] rightSteps = Steps(y, right);
        return PlainTensor.Build(
            [.. left.Zip(right, Math.Max)],
            index => function(x.Data[Offset(index, leftSteps)], y.Data[Offset(index, rightSteps)]));

        int[] Padded(PlainTensor tensor) => [.. Enumerable.Repeat(1, rank - tensor.Shape.Length), .. tensor.Shape];

        static int[] Steps(PlainTensor tensor, int[] padded)
        {
            int[] strides = new PlainTensor(padded, tensor.Data).Strides();
            return [.. strides.Select((stride, axis) => padded[axis] == 1 ? 0 : stride)];
        }

        static int Offset(int[] index, int[] steps)
        {
            int offset = 0;
            for (int axis = 0; axis < index.Length; axis++)
            {
                offset += index[axis] * steps[axis];
            }

            return offset;
        }
    }

    private static PlainTensor MatMul(PlainTensor x, PlainTensor y)
    {
        int inner = x.Shape[^1];
        Assert.AreEqual(inner, y.Shape[^2]);
        bool shared = y.Shape.Length == 2;
        Assert.IsTrue(shared || x.Shape.SkipLast(2).SequenceEqual(y.Shape.SkipLast(2)));
        int[] strides = y.Strides();
        return PlainTensor.Build([.. x.Shape[..^1], y.Shape[^1]], index =>
        {
            int left = x.Offset([.. index[..^1], 0]);
            int right = shared ? index[^1] : y.Offset([.. index[..^2], 0, index[^1]]);
            double sum = 0;
            for (int i = 0; i < inner; i++)
            {
                sum += x.Data[left + i] * y.Data[right + i * strides[^2]];
            }

            return sum;
        });
    }

    /// <summary>Some of the zeros around a map: those above, on the left, below and on the right.</summary>
    private static IEnumerable<int> Pads(PlainOnnxNode node, int first, int count)
        => node.Integers.GetValueOrDefault("pads", [0, 0, 0, 0]).Skip(first).Take(count).Select(pad => (int)pad);

    private static PlainTensor Convolve(PlainTensor x, PlainTensor weight, PlainTensor? bias, List<long> strides)
    {
        (int stepY, int stepX) = ((int)strides[0], (int)strides[1]);
        int height = (x.Shape[2] - weight.Shape[2]) / stepY + 1;
        int width = (x.Shape[3] - weight.Shape[3]) / stepX + 1;
        return PlainTensor.Build([x.Shape[0], weight.Shape[0], height, width], index =>
        {
            double sum = bias?.Data[index[1]] ?? 0;
            for (int channel = 0; channel < weight.Shape[1]; channel++)
            {
                for (int row = 0; row < weight.Shape[2]; row++)
                {
                    for (int column = 0; column < weight.Shape[3]; column++)
                    {
                        sum += weight[index[1], channel, row, column]
                            * x[index[0], channel, index[2] * stepY + row, index[3] * stepX + column];
                    }
                }
            }

            return sum;
        });
    }

    /// <summary>Means over square windows at every place; what is outside the map does not count.</summary>
    private static PlainTensor AveragePool(PlainTensor x, int window, int pad)
        => PlainTensor.Build([.. x.Shape[..2], x.Shape[2] + 2 * pad - window + 1, x.Shape[3] + 2 * pad - window + 1], index =>
        {
            var seen = new List<double>();
            for (int i = 0; i < window * window; i++)
            {
                int row = index[2] - pad + i / window;
                int column = index[3] - pad + i % window;
                if (row >= 0 && row < x.Shape[2] && column >= 0 && column < x.Shape[3])
                {
                    seen.Add(x[index[0], index[1], row, column]);
                }
            }

            return seen.Average();
        });

    /// <summary>Each channel of each image to mean 0 and variance 1, and then to a scale and bias of its own.</summary>
    private static PlainTensor NormalizeChannels(PlainTensor x, double[] scale, double[] bias, double epsilon)
    {
        int length = x.Data.Length / (x.Shape[0] * x.Shape[1]);
        IEnumerable<double[]> channels = x.Data.Chunk(length).Select((values, i) =>
        {
            int channel = i % x.Shape[1];
            return Normalize(
                values, [.. Enumerable.Repeat(scale[channel], length)], [.. Enumerable.Repeat(bias[channel], length)], epsilon);
        });
        return x with { Data = [.. channels.SelectMany(values => values)] };
    }

    private static PlainTensor EachRow(PlainTensor x, Func<double[], double[]> function)
        => x with { Data = [.. x.Data.Chunk(x.Shape[^1]).SelectMany(function)] };

    /// <summary>One place along an axis, which stays with a length of 1.</summary>
    /// <summary>Some places of an axis; those below 0 count from its end.</summary>
    private static PlainTensor GatherAlong(PlainTensor x, int axis, int[] places)
        => PlainTensor.Build([.. x.Shape.Select((size, i) => i == axis ? places.Length : size)], index =>
        {
            int[] from = [.. index];
            int place = places[index[axis]];
            from[axis] = place < 0 ? place + x.Shape[axis] : place;
            return x.Data[x.Offset(from)];
        });

    /// <summary>Zeros around: for each axis as many before, then for each as many behind.</summary>
    private static PlainTensor Pad(PlainTensor x, int[] sizes)
    {
        int rank = x.Shape.Length;
        return PlainTensor.Build([.. x.Shape.Select((size, axis) => sizes[axis] + size + sizes[rank + axis])], index =>
        {
            int[] from = [.. index.Select((place, axis) => place - sizes[axis])];
            return from.Zip(x.Shape).All(pair => pair.First >= 0 && pair.First < pair.Second) ? x.Data[x.Offset(from)] : 0;
        });
    }

    /// <summary>One number of those along an axis, which goes.</summary>
    private static PlainTensor Reduce(PlainTensor x, int axis, Func<IEnumerable<double>, double> function)
        => PlainTensor.Build([.. x.Shape[..axis], .. x.Shape[(axis + 1)..]], index => function(Enumerable.Range(0, x.Shape[axis])
            .Select(place => x.Data[x.Offset([.. index[..axis], place, .. index[axis..]])])));

    private static double[] Normalize(double[] row, double[] scale, double[] bias, double epsilon)
    {
        double mean = row.Average();
        double deviation = Math.Sqrt(row.Average(value => (value - mean) * (value - mean)) + epsilon);
        return [.. row.Select((value, i) => (value - mean) / deviation * scale[i] + bias[i])];
    }

    private static PlainTensor Reshape(PlainTensor x, PlainTensor shape)
    {
        int[] sizes = [.. shape.Data.Select((size, i) => size == 0 ? x.Shape[i] : (int)size)];
        int known = sizes.Where(size => size > 0).Aggregate(1, (product, size) => product * size);
        sizes = Array.ConvertAll(sizes, size => size == -1 ? x.Data.Length / known : size);
        Assert.AreEqual(x.Data.Length, sizes.Aggregate(1, (product, size) => product * size));
        return x with { Shape = sizes };
    }

    private static PlainTensor Transpose(PlainTensor x, long[] order)
        => PlainTensor.Build(Array.ConvertAll(order, axis => x.Shape[axis]), index =>
        {
            int[] source = new int[index.Length];
            for (int i = 0; i < index.Length; i++)
            {
                source[order[i]] = index[i];
            }

            return x[source];
        });

    private static PlainTensor Concat(PlainTensor[] parts, int axis)
    {
        int[] shape = [.. parts[0].Shape];
        shape[axis] = parts.Sum(part => part.Shape[axis]);
        return PlainTensor.Build(shape, index =>
        {
            int position = index[axis];
            int part = 0;
            while (position >= parts[part].Shape[axis])
            {
                position -= parts[part++].Shape[axis];
            }

            return parts[part][[.. index[..axis], position, .. index[(axis + 1)..]]];
        });
    }

    private static PlainTensor[] Split(PlainTensor x, int axis, int[] sizes)
    {
        Assert.AreEqual(x.Shape[axis], sizes.Sum());
        int start = 0;
        var parts = new List<PlainTensor>();
        foreach (int size in sizes)
        {
            int offset = start;
            parts.Add(PlainTensor.Build(
                [.. x.Shape[..axis], size, .. x.Shape[(axis + 1)..]],
                index => x[[.. index[..axis], offset + index[axis], .. index[(axis + 1)..]]]));
            start += size;
        }

        return [.. parts];
    }

    private static PlainTensor Gather(PlainTensor x, int position, int axis)
        => PlainTensor.Build([.. x.Shape[..axis], .. x.Shape[(axis + 1)..]], index => x[[.. index[..axis], position, .. index[axis..]]]);
}
