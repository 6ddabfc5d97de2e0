using RePaViT.Architectures;

namespace RePaViT.Tests.Reference;

/// <summary>
/// A network computed in double precision, one image and one number at a time, in evaluation mode: what every engine is
/// compared with. Matrices are [token, channel].
/// </summary>
internal sealed class PlainNetwork(Network network)
{
    /// <summary>Logits of images: [count, channels, size, size] to [count, classes].</summary>
    public double[] Forward(ReadOnlySpan<float> images)
    {
        var embedding = (PatchEmbedding)network.Layers[0];
        int length = embedding.Channels * embedding.ImageSize * embedding.ImageSize;
        var logits = new List<double>();
        for (int start = 0; start < images.Length; start += length)
        {
            double[,] x = Patches(embedding, images.Slice(start, length));
            foreach (Layer layer in network.Layers)
            {
                x = Forward(layer, x);
            }

            logits.AddRange(x.Cast<double>());
        }

        return [.. logits];
    }

    private double[,] Forward(Layer layer, double[,] x) => layer switch
    {
        PatchEmbedding embedding => Embed(embedding, x),
        TokenEmbedding tokens => AddTokens(tokens, x),
        LayerNormalization norm => Affine(norm, Normalize(x, norm.Epsilon)),
        AttentionBlock attention => Add(x, Attention(attention, x)),
        VanillaFeedForward feedForward => Add(x, FeedForward(feedForward, x)),
        ChannelIdleFeedForward feedForward => Add(x, FeedForward(feedForward, x)),
        ReparameterizedFeedForward feedForward => FeedForward(feedForward, x),
        ClassTokenPooling => Build(1, x.GetLength(1), (_, channel) => x[0, channel]),
        Projection projection => Project(projection, x),
        _ => throw new NotSupportedException($"{layer}"),
    };

    /// <summary>Rows of pixels, one a patch: [patches, channels * patch * patch].</summary>
    private static double[,] Patches(PatchEmbedding layer, ReadOnlySpan<float> image)
    {
        float[] pixels = image.ToArray();
        int patch = layer.PatchSize;
        int side = layer.ImageSize / patch;
        return Build(layer.Tokens, layer.PatchLength, (token, i) =>
        {
            int channel = i / (patch * patch);
            int y = token / side * patch + i / patch % patch;
            int x = token % side * patch + i % patch;
            return pixels[(channel * layer.ImageSize + y) * layer.ImageSize + x];
        });
    }

    private double[,] Embed(PatchEmbedding layer, double[,] patches)
    {
        double[] weight = Tensor(layer.Weight);
        double[] bias = layer.Bias ? Tensor(layer.BiasName) : new double[layer.Dim];
        return Linear(patches, weight, bias);
    }

    private double[,] AddTokens(TokenEmbedding layer, double[,] patches)
    {
        double[] classToken = Tensor(layer.ClassToken);
        double[] positions = Tensor(layer.Positions);
        return Build(layer.Tokens, layer.Dim, (token, channel)
            => (token == 0 ? classToken[channel] : patches[token - 1, channel]) + positions[token * layer.Dim + channel]);
    }

    private double[,] Attention(AttentionBlock layer, double[,] x)
    {
        double[,] normalized = Normalize(x, layer.Epsilon);
        double[,] qkv = Project(layer.Qkv, layer.Folded ? normalized : Affine(layer.Norm, normalized));
        double scale = layer.Folded ? 1 : 1 / Math.Sqrt(layer.HeadDim);
        double[,] context = new double[layer.Tokens, layer.Dim];
        for (int head = 0; head < layer.Heads; head++)
        {
            int q = head * layer.HeadDim;
            int k = q + layer.Dim;
            int v = k + layer.Dim;
            for (int token = 0; token < layer.Tokens; token++)
            {
                double[] scores = new double[layer.Tokens];
                for (int other = 0; other < layer.Tokens; other++)
                {
                    for (int i = 0; i < layer.HeadDim; i++)
                    {
                        scores[other] += scale * qkv[token, q + i] * qkv[other, k + i];
                    }
                }

                double largest = scores.Max();
                double total = scores.Sum(score => Math.Exp(score - largest));
                for (int other = 0; other < layer.Tokens; other++)
                {
                    double share = Math.Exp(scores[other] - largest) / total;
                    for (int i = 0; i < layer.HeadDim; i++)
                    {
                        context[token, q + i] += share * qkv[other, v + i];
                    }
                }
            }
        }

        return Project(layer.Proj, context);
    }

    private double[,] FeedForward(VanillaFeedForward layer, double[,] x)
    {
        double[,] hidden = Project(layer.Input, Affine(layer.Norm, Normalize(x, layer.Epsilon)));
        return Project(layer.Output, Activate(hidden, layer.Hidden));
    }

    private double[,] FeedForward(ChannelIdleFeedForward layer, double[,] x)
    {
        double[,] hidden = Project(layer.Input, BatchNorm(layer.InputNorm, x));
        return Project(layer.Output, BatchNorm(layer.HiddenNorm, Activate(hidden, layer.Active)));
    }

    private double[,] FeedForward(ReparameterizedFeedForward layer, double[,] x)
    {
        double[,] merged = Project(layer.Merged, x);
        return layer.Active == 0
            ? merged
            : Add(merged, Project(layer.Output, Activate(Project(layer.Input, x), layer.Active)));
    }

    private static double[,] Normalize(double[,] x, double epsilon)
    {
        int channels = x.GetLength(1);
        double[,] result = new double[x.GetLength(0), channels];
        for (int row = 0; row < x.GetLength(0); row++)
        {
            double[] values = [.. Enumerable.Range(0, channels).Select(channel => x[row, channel])];
            double mean = values.Average();
            double variance = values.Average(value => (value - mean) * (value - mean));
            for (int channel = 0; channel < channels; channel++)
            {
                result[row, channel] = (values[channel] - mean) / Math.Sqrt(variance + epsilon);
            }
        }

        return result;
    }

    private double[,] Affine(LayerNormalization norm, double[,] x)
    {
        double[] weight = Tensor(norm.Weight);
        double[] bias = Tensor(norm.Bias);
        return Build(x.GetLength(0), norm.Dim, (row, channel) => x[row, channel] * weight[channel] + bias[channel]);
    }

    private double[,] BatchNorm(BatchNormalization norm, double[,] x)
    {
        double[] weight = Tensor(norm.Weight);
        double[] bias = Tensor(norm.Bias);
        double[] mean = Tensor(norm.Mean);
        double[] variance = Tensor(norm.Variance);
        return Build(x.GetLength(0), norm.Dim, (row, channel) =>
            (x[row, channel] - mean[channel]) / Math.Sqrt(variance[channel] + norm.Epsilon) * weight[channel] + bias[channel]);
    }

    private static double[,] Activate(double[,] x, int active)
        => Build(x.GetLength(0), x.GetLength(1), (row, channel) => channel < active ? PlainMath.Gelu(x[row, channel]) : x[row, channel]);

    private static double[,] Add(double[,] x, double[,] y)
        => Build(x.GetLength(0), x.GetLength(1), (row, channel) => x[row, channel] + y[row, channel]);

    private double[,] Project(Projection layer, double[,] x)
        => Linear(x, Tensor(layer.Weight), layer.HasBias ? Tensor(layer.Bias) : new double[layer.Outputs]);

    private static double[,] Linear(double[,] x, double[] weight, double[] bias)
    {
        int inputs = x.GetLength(1);
        return Build(x.GetLength(0), bias.Length, (row, output) =>
        {
            double sum = bias[output];
            for (int i = 0; i < inputs; i++)
            {
                sum += weight[output * inputs + i] * x[row, i];
            }

            return sum;
        });
    }

    private static double[,] Build(int rows, int columns, Func<int, int, double> value)
    {
        double[,] result = new double[rows, columns];
        for (int row = 0; row < rows; row++)
        {
            for (int column = 0; column < columns; column++)
            {
                result[row, column] = value(row, column);
            }
        }

        return result;
    }

    private double[] Tensor(string name) => Array.ConvertAll(network.Weights[name].Data.ToArray(), value => (double)value);
}
