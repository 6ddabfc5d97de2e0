using RePaViT.Networks;
using RePaViT.Operators;
using RePaViT.Training;

namespace RePaViT.Tests.Reference;

/// <summary>What a training step gave.</summary>
internal sealed record PlainStep(
    double Loss, double[] Logits, IReadOnlyDictionary<string, double[]> Gradients, IReadOnlyDictionary<string, double[]> Statistics);

/// <summary>
/// One forward and backward pass of a network in training mode, in double precision: what training engines are compared
/// with at sizes for which there is no golden file.
/// </summary>
internal sealed class PlainTraining
{
    /// <summary>The share of a batch in the running statistics (PyTorch's default).</summary>
    private const double Momentum = 0.1;

    private readonly Network _network;
    private readonly Func<Add, int, int, double> _keep;
    private readonly CutBox _exchanged;
    private readonly PlainTape _tape = new();
    private readonly Dictionary<string, PlainValue> _parameters = [];
    private readonly Dictionary<string, double[]> _statistics = [];
    private int _images;
    private int _branches;

    private PlainTraining(Network network, Func<Add, int, int, double> keep, CutBox exchanged)
    {
        _network = network;
        _keep = keep;
        _exchanged = exchanged;
    }

    /// <param name="network">In training form.</param>
    /// <param name="images">[count, channels, size, size].</param>
    /// <param name="targets">[count, classes].</param>
    /// <param name="keep">
    /// The factor of a residual branch: its sum, its number in the network, the image; 0 for a dropped path. Null for none.
    /// </param>
    /// <param name="exchanged">The tokens that images exchange.</param>
    /// <param name="objective">Gives the loss of what comes out, and sets its gradient; null for cross-entropy.</param>
    public static PlainStep Run(
        Network network,
        ReadOnlySpan<float> images,
        double[,] targets,
        Func<Add, int, int, double>? keep = null,
        CutBox exchanged = default,
        Func<PlainValue, double[,], double>? objective = null)
    {
        var training = new PlainTraining(network, keep ?? ((_, _, _) => 1), exchanged) { _images = targets.GetLength(0) };
        PlainValue logits = training.Forward(images);
        double loss = (objective ?? PlainTape.CrossEntropy)(logits, targets);
        training._tape.Backward();
        return new PlainStep(
            loss,
            [.. logits.Value.Cast<double>()],
            training._parameters.ToDictionary(pair => pair.Key, pair => pair.Value.Gradient.Cast<double>().ToArray()),
            training._statistics);
    }

    private PlainValue Forward(ReadOnlySpan<float> images)
    {
        Graph graph = _network.ToGraph().Graph;
        Shape input = graph.Input.Shape;
        var values = new List<PlainValue> { new(_images * input.Rows, input.Columns) };
        for (int i = 0; i < images.Length; i++)
        {
            values[0].Value[i / input.Columns, i % input.Columns] = images[i];
        }

        foreach (Node node in graph.Nodes)
        {
            values.Add(Forward(node, [.. node.Inputs.Select(value => values[value.Index])]));
        }

        return values[^1];
    }

    private PlainValue Forward(Node node, PlainValue[] x)
    {
        (Shape from, Shape to) = (node.Input.Shape, node.Result.Shape);
        return node.Operator switch
        {
            Linear linear => _tape.Linear(x[0], Parameter(linear.Weight, linear.Outputs), linear.Bias is null ? null : Parameter(linear.Bias, 1)),
            WeightNormalizedLinear linear => _tape.Linear(
                x[0], _tape.ToUnitLength(Parameter(linear.Direction, linear.Direction.Shape[0]), NormalizeRows.Epsilon), null),
            LayerNormalize norm => _tape.Affine(
                _tape.NormalizeRows(x[0], norm.Epsilon), Parameter(norm.Gamma!, 1), Parameter(norm.Beta!, 1)),
            BatchNormalize norm => BatchNorm(norm, x[0]),
            GroupNormalize norm => _tape.Affine(
                _tape.NormalizeImages(x[0], from.Rows, norm.Epsilon), Parameter(norm.Gamma, 1), Parameter(norm.Beta, 1)),
            ScaleColumns scale => _tape.Scale(x[0], Parameter(scale.Scale, 1)),
            NormalizeRows => _tape.ToUnitLength(x[0], NormalizeRows.Epsilon),
            ExchangeTokens exchange => Exchange(exchange, x[0], to),
            AveragePool pool => AverageWindows(pool, x[0], to),
            Activate activation => _tape.Activate(x[0], activation),
            Attend attend => Attention(attend, x[0], from),
            Gather gather => GatherElements(gather.Table, x[0]),
            Transpose => Move(to, (image, row, column) => [(x[0], image * from.Rows + column, row, 1)]),
            PrependToken token => Prepend(Parameter(token.Token, 1), x[0], to),
            AddTable table => AddPositions(Parameter(table.Table, from.Rows), x[0], to),
            ShiftRows shift => Shift(Parameter(shift.Shift, 1), x[0], to),
            TakeRow row => Move(to, (image, _, column) => [(x[0], image * from.Rows + row.Row, column, 1)]),
            MaximizeRows maximum => Move(to, (image, _, column)
                => [(x[0], Enumerable.Range(image * from.Rows + maximum.First, from.Rows - maximum.First).MaxBy(row => x[0].Value[row, column]), column, 1)]),
            StackRows => Move(to, (image, row, column) => row < from.Rows
                ? [(x[0], image * from.Rows + row, column, 1)]
                : [(x[1], image * (to.Rows - from.Rows) + row - from.Rows, column, 1)]),
            AverageRows => Move(to, (image, _, column)
                => Enumerable.Range(0, from.Rows).Select(row => (x[0], image * from.Rows + row, column, 1.0 / from.Rows))),
            Add { DropPath: null } add => _tape.Add(x[0], x[1], _ => add.Scale),
            Add add => Residual(add, _branches++, from.Rows, x),
            _ => throw new NotSupportedException($"{node.Operator}"),
        };
    }

    private PlainValue Residual(Add add, int branch, int rows, PlainValue[] x) => _tape.Add(x[0], x[1], row => add.Scale * _keep(add, branch, row / rows));

    private PlainValue Attention(Attend attend, PlainValue x, Shape from)
    {
        int tokens = attend.RowsPerWindow(from);
        if (attend.Positions is not RelativePositions positions)
        {
            return _tape.Attend(x, tokens, attend.Heads, attend.Scale, null, (_, _) => (0, 0));
        }

        int[] rows = positions.TableRows();
        int[] kinds = positions.Kinds();
        float[][] masks = positions.Masks();
        return _tape.Attend(x, tokens, attend.Heads, attend.Scale, Parameter(positions.Table, positions.Table.Shape[0]), (row, other) =>
        {
            int pair = row % tokens * tokens + other;
            return (rows[pair], masks[kinds[row / tokens % kinds.Length]][pair]);
        });
    }

    private PlainValue GatherElements(IndexTable table, PlainValue x)
    {
        int[] indices = table.ElementIndices();
        return Move(table.Result, (image, row, column) =>
        {
            int index = indices[row * table.Result.Columns + column];
            return index == IndexTable.Nowhere
                ? []
                : [(x, image * table.Source.Rows + index / table.Source.Columns, index % table.Source.Columns, 1)];
        });
    }

    private PlainValue Exchange(ExchangeTokens exchange, PlainValue x, Shape to) => Move(to, (image, row, column) =>
    {
        (int y, int left) = Math.DivRem(row, exchange.Side);
        bool isInside = y >= _exchanged.Top && y < _exchanged.Bottom && left >= _exchanged.Left && left < _exchanged.Right;
        return [(x, (isInside ? _images - 1 - image : image) * to.Rows + row, column, 1)];
    });

    private PlainValue AverageWindows(AveragePool pool, PlainValue x, Shape to) => Move(to, (image, row, column) =>
    {
        int[] places = [.. pool.PlacesAround(row)];
        return places.Select(place => (x, image * to.Rows + place, column, 1.0 / places.Length));
    });

    private PlainValue Prepend(PlainValue token, PlainValue x, Shape to)
        => Move(to, (image, row, column) => [row == 0 ? (token, 0, column, 1) : (x, image * (to.Rows - 1) + row - 1, column, 1)]);

    private PlainValue AddPositions(PlainValue table, PlainValue x, Shape to)
        => Move(to, (image, row, column) => [(x, image * to.Rows + row, column, 1), (table, row, column, 1)]);

    private PlainValue Shift(PlainValue shift, PlainValue x, Shape to)
        => Move(to, (image, row, column) => [(x, image * to.Rows + row, column, 1), (shift, 0, row, 1)]);

    /// <summary>A value of each image whose elements are sums of elements, each times a factor.</summary>
    private PlainValue Move(Shape to, Func<int, int, int, IEnumerable<(PlainValue Value, int Row, int Column, double Factor)>> sources)
        => _tape.SumOfElements(_images * to.Rows, to.Columns, (row, column) => sources(row / to.Rows, row % to.Rows, column));

    private PlainValue BatchNorm(BatchNormalize norm, PlainValue x)
    {
        double[] means = new double[norm.Columns];
        double[] variances = new double[norm.Columns];
        PlainValue normalized = _tape.NormalizeColumns(x, norm.Epsilon, means, variances);

        // Running variances are those of a sample: one degree of freedom less.
        double unbiased = x.Rows / (x.Rows - 1.0);
        _statistics.Add(norm.Mean.Name, Move(norm.Mean.Name, means, 1));
        _statistics.Add(norm.Variance.Name, Move(norm.Variance.Name, variances, unbiased));
        return _tape.Affine(normalized, Parameter(norm.Gamma, 1), Parameter(norm.Beta, 1));
    }

    private double[] Move(string name, double[] batch, double scale)
    {
        ReadOnlySpan<float> before = _network.Weights[name].Data;
        double[] after = new double[batch.Length];
        for (int i = 0; i < after.Length; i++)
        {
            after[i] = (1 - Momentum) * before[i] + Momentum * scale * batch[i];
        }

        return after;
    }

    private PlainValue Parameter(TensorSpec tensor, int rows)
    {
        ReadOnlySpan<float> data = _network.Weights[tensor.Name].Data;
        var parameter = new PlainValue(rows, data.Length / rows);
        for (int i = 0; i < data.Length; i++)
        {
            parameter.Value[i / parameter.Columns, i % parameter.Columns] = data[i];
        }

        _parameters.Add(tensor.Name, parameter);
        return parameter;
    }
}
