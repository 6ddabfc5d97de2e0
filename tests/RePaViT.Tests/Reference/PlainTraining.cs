using RePaViT.Architectures;

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
    private readonly Func<int, int, int, double> _keep;
    private readonly PlainTape _tape = new();
    private readonly Dictionary<string, PlainValue> _parameters = [];
    private readonly Dictionary<string, double[]> _statistics = [];
    private int _images;

    private PlainTraining(Network network, Func<int, int, int, double> keep)
    {
        _network = network;
        _keep = keep;
    }

    /// <param name="network">In training form.</param>
    /// <param name="images">[count, channels, size, size].</param>
    /// <param name="targets">[count, classes].</param>
    /// <param name="keep">
    /// The factor of a residual branch: block, 0 for attention or 1 for feed-forward, image; 0 for a dropped path. Null
    /// for none.
    /// </param>
    public static PlainStep Run(
        Network network, ReadOnlySpan<float> images, double[,] targets, Func<int, int, int, double>? keep = null)
    {
        var training = new PlainTraining(network, keep ?? ((_, _, _) => 1)) { _images = targets.GetLength(0) };
        PlainValue logits = training.Forward(images);
        double loss = PlainTape.CrossEntropy(logits, targets);
        training._tape.Backward();
        return new PlainStep(
            loss,
            [.. logits.Value.Cast<double>()],
            training._parameters.ToDictionary(pair => pair.Key, pair => pair.Value.Gradient.Cast<double>().ToArray()),
            training._statistics);
    }

    private PlainValue Forward(ReadOnlySpan<float> images)
    {
        PlainValue x = Patches((PatchEmbedding)_network.Layers[0], images);
        foreach (Layer layer in _network.Layers)
        {
            x = layer switch
            {
                PatchEmbedding embedding => _tape.Linear(x, Parameter(embedding.Weight, embedding.Dim), null),
                TokenEmbedding tokens => AddTokens(tokens, x),
                LayerNormalization norm => LayerNorm(norm, x),
                AttentionBlock { Folded: false } block => Residual(block.Block, 0, block.Tokens, x, Project(
                    block.Proj, _tape.Attend(Project(block.Qkv, LayerNorm(block.Norm, x)), block.Tokens, block.Heads))),
                VanillaFeedForward block => Residual(block.Block, 1, block.Tokens, x, Project(
                    block.Output, _tape.Activate(Project(block.Input, LayerNorm(block.Norm, x)), block.Hidden))),
                ChannelIdleFeedForward block => Residual(block.Block, 1, block.Tokens, x, Project(
                    block.Output,
                    BatchNorm(
                        block.HiddenNorm, _tape.Activate(Project(block.Input, BatchNorm(block.InputNorm, x)), block.Active)))),
                ClassTokenPooling pooling => Pool(pooling, x),
                Projection projection => Project(projection, x),
                _ => throw new NotSupportedException($"{layer}"),
            };
        }

        return x;
    }

    private PlainValue Patches(PatchEmbedding layer, ReadOnlySpan<float> images)
    {
        int patch = layer.PatchSize;
        int size = layer.ImageSize;
        int side = size / patch;
        var rows = new PlainValue(_images * layer.Tokens, layer.PatchLength);
        for (int row = 0; row < rows.Rows; row++)
        {
            (int image, int token) = Math.DivRem(row, layer.Tokens);
            for (int i = 0; i < layer.PatchLength; i++)
            {
                int channel = i / (patch * patch);
                int y = token / side * patch + i / patch % patch;
                int x = token % side * patch + i % patch;
                rows.Value[row, i] = images[((image * layer.Channels + channel) * size + y) * size + x];
            }
        }

        return rows;
    }

    private PlainValue AddTokens(TokenEmbedding layer, PlainValue patches)
    {
        PlainValue classToken = Parameter(layer.ClassToken, 1);
        PlainValue positions = Parameter(layer.Positions, layer.Tokens);
        return _tape.SumOfRows(_images * layer.Tokens, layer.Dim, row =>
        {
            (int image, int token) = Math.DivRem(row, layer.Tokens);
            (PlainValue, int) content = token == 0 ? (classToken, 0) : (patches, image * (layer.Tokens - 1) + token - 1);
            return [content, (positions, token)];
        });
    }

    private PlainValue Pool(ClassTokenPooling layer, PlainValue x)
        => _tape.SumOfRows(_images, layer.Dim, image => [(x, image * layer.Tokens)]);

    private PlainValue Residual(int block, int branch, int tokens, PlainValue x, PlainValue y)
        => _tape.Add(x, y, row => _keep(block, branch, row / tokens));

    private PlainValue LayerNorm(LayerNormalization norm, PlainValue x)
        => _tape.Affine(_tape.NormalizeRows(x, norm.Epsilon), Parameter(norm.Weight, 1), Parameter(norm.Bias, 1));

    private PlainValue BatchNorm(BatchNormalization norm, PlainValue x)
    {
        double[] means = new double[norm.Dim];
        double[] variances = new double[norm.Dim];
        PlainValue normalized = _tape.NormalizeColumns(x, norm.Epsilon, means, variances);

        // Running variances are those of a sample: one degree of freedom less.
        double unbiased = x.Rows / (x.Rows - 1.0);
        _statistics.Add(norm.Mean, Move(norm.Mean, means, 1));
        _statistics.Add(norm.Variance, Move(norm.Variance, variances, unbiased));
        return _tape.Affine(normalized, Parameter(norm.Weight, 1), Parameter(norm.Bias, 1));
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

    private PlainValue Project(Projection layer, PlainValue x)
        => _tape.Linear(x, Parameter(layer.Weight, layer.Outputs), layer.HasBias ? Parameter(layer.Bias, 1) : null);

    private PlainValue Parameter(string name, int rows)
    {
        ReadOnlySpan<float> data = _network.Weights[name].Data;
        var parameter = new PlainValue(rows, data.Length / rows);
        for (int i = 0; i < data.Length; i++)
        {
            parameter.Value[i / parameter.Columns, i % parameter.Columns] = data[i];
        }

        _parameters.Add(name, parameter);
        return parameter;
    }
}
