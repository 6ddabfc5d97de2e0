using RePaViT.Architectures;
using static RePaViT.Onnx.OnnxAttribute;

namespace RePaViT.Onnx;

/// <summary>
/// A folded network as an ONNX graph: one case for each layer, each taking the name of its input and giving the name of
/// its result. Tokens are [batch, tokens, dim].
/// </summary>
internal sealed class OnnxNetwork
{
    public const string Image = "image";
    public const string Logits = "logits";
    public const string Probabilities = "probabilities";

    private const string Batch = "batch";

    private readonly OnnxGraph _graph = new();

    private OnnxNetwork()
    {
    }

    /// <summary>
    /// The graph from <c>image</c> [batch, 3, size, size] (red, green, blue planes, 0 to 255) to <c>logits</c> and
    /// <c>probabilities</c> [batch, classes]; with <paramref name="row"/> it takes and gives what that says.
    /// </summary>
    public static OnnxGraph CreateGraph(Architecture architecture, Network network, OnnxRow? row = null)
    {
        var builder = new OnnxNetwork();
        OnnxGraph graph = builder._graph;
        foreach (TensorSpec tensor in network.Layers.SelectMany(layer => layer.Tensors))
        {
            graph.AddWeight(tensor, network.Weights[tensor.Name]);
        }

        string x = builder.DeclareInput(architecture.ImageSize, row);
        foreach (Layer layer in network.Layers)
        {
            x = builder.Apply(layer, x);
        }

        graph.NameLastResult(Logits);
        graph.Add("Softmax", [Logits], Integer("axis", -1));
        graph.NameLastResult(Probabilities);
        builder.DeclareOutput(architecture.Classes, row);
        return graph;
    }

    private string DeclareInput(int imageSize, OnnxRow? row)
    {
        if (row is null)
        {
            _graph.DeclareInput(Image, Batch, Architecture.Channels, imageSize, imageSize);
            return Image;
        }

        _graph.DeclareInput(row.Input, 1, "values");
        return Reshape(row.Input, 1, Architecture.Channels, imageSize, imageSize);
    }

    private void DeclareOutput(int classes, OnnxRow? row)
    {
        if (row is null)
        {
            _graph.DeclareOutput(Logits, Batch, classes);
            _graph.DeclareOutput(Probabilities, Batch, classes);
            return;
        }

        Reshape(Probabilities, classes);
        _graph.NameLastResult(row.Output);
        _graph.DeclareOutput(row.Output, classes);
        _graph.AddSlotNames(row.Output, row.SlotNames);
    }

    private string Apply(Layer layer, string x) => layer switch
    {
        PatchEmbedding embedding => Embed(embedding, x),
        TokenEmbedding tokens => AddTokens(tokens, x),
        LayerNormalization norm => Normalize(x, norm.Weight, norm.Bias, norm.Epsilon),
        AttentionBlock attention => Attend(attention, x),
        VanillaFeedForward feedForward => FeedForward(feedForward, x),
        ChannelIdleFeedForward feedForward => FeedForward(feedForward, x),
        ReparameterizedFeedForward feedForward => FeedForward(feedForward, x),
        ClassTokenPooling => _graph.Add("Gather", [x, _graph.Index(0)], Integer("axis", 1)),
        Projection projection => Project(projection, x),
        _ => throw new NotSupportedException($"There is no ONNX form of {layer.GetType().Name}."),
    };

    private string Embed(PatchEmbedding layer, string image)
    {
        string map = _graph.Add(
            "Conv", [image, layer.Weight, layer.BiasName], Integers("strides", layer.PatchSize, layer.PatchSize));
        return Transpose(Reshape(map, 0, layer.Dim, layer.Tokens), 0, 2, 1);
    }

    private string AddTokens(TokenEmbedding layer, string x)
    {
        string batch = _graph.Add("Shape", [x], Integer("start", 0), Integer("end", 1));
        string shape = _graph.Add("Concat", [batch, _graph.Integers(1, layer.Dim)], Integer("axis", 0));
        string classTokens = _graph.Add("Expand", [layer.ClassToken, shape]);
        string tokens = _graph.Add("Concat", [classTokens, x], Integer("axis", 1));
        return Add(tokens, layer.Positions);
    }

    private string Attend(AttentionBlock layer, string x)
    {
        // The affine part is folded into the qkv weights, but the operator insists on a scale.
        string normalized = Normalize(x, _graph.Vector(1, layer.Dim), _graph.Vector(0, layer.Dim), layer.Epsilon);
        string[] qkv = _graph.Add("Split", 3, [Project(layer.Qkv, normalized)], Integer("axis", -1));
        string queries = Transpose(Heads(qkv[0]), 0, 2, 1, 3);
        string keys = Transpose(Heads(qkv[1]), 0, 2, 3, 1);
        string values = Transpose(Heads(qkv[2]), 0, 2, 1, 3);
        string weights = _graph.Add("Softmax", [MatMul(queries, keys)], Integer("axis", -1));
        string mixed = Transpose(MatMul(weights, values), 0, 2, 1, 3);
        return Add(Project(layer.Proj, Reshape(mixed, 0, layer.Tokens, layer.Dim)), x);

        string Heads(string y) => Reshape(y, 0, layer.Tokens, layer.Heads, layer.HeadDim);
    }

    private string FeedForward(VanillaFeedForward layer, string x)
    {
        string normalized = Normalize(x, layer.Norm.Weight, layer.Norm.Bias, layer.Norm.Epsilon);
        return Add(Project(layer.Output, Gelu(Project(layer.Input, normalized))), x);
    }

    private string FeedForward(ChannelIdleFeedForward layer, string x)
    {
        string rows = Reshape(x, -1, layer.Dim);
        string hidden = Project(layer.Input, Normalize(layer.InputNorm, rows));
        string activated = ActivateSome(hidden, layer.Active, layer.Hidden);
        string result = Project(layer.Output, Normalize(layer.HiddenNorm, activated));
        return Add(Reshape(result, -1, layer.Tokens, layer.Dim), x);
    }

    private string FeedForward(ReparameterizedFeedForward layer, string x)
    {
        string merged = Project(layer.Merged, x);
        return layer.Active == 0 ? merged : Add(Project(layer.Output, Gelu(Project(layer.Input, x))), merged);
    }

    private string ActivateSome(string hidden, int active, int width)
    {
        if (active == 0)
        {
            return hidden;
        }

        if (active == width)
        {
            return Gelu(hidden);
        }

        string[] parts = _graph.Add("Split", 2, [hidden, _graph.Integers(active, width - active)], Integer("axis", -1));
        return _graph.Add("Concat", [Gelu(parts[0]), parts[1]], Integer("axis", -1));
    }

    /// <summary>x/2 (1 + erf(x / sqrt(2))), in the order of steps that ONNX Runtime knows as one operation.</summary>
    private string Gelu(string x)
    {
        string error = _graph.Add("Erf", [_graph.Add("Div", [x, _graph.Scalar(float.Sqrt(2))])]);
        string product = _graph.Add("Mul", [x, Add(error, _graph.Scalar(1))]);
        return _graph.Add("Mul", [product, _graph.Scalar(0.5f)]);
    }

    private string Project(Projection layer, string x)
    {
        string product = MatMul(x, layer.Weight);
        return layer.HasBias ? Add(product, layer.Bias) : product;
    }

    private string Normalize(string x, string scale, string bias, float epsilon)
        => _graph.Add("LayerNormalization", [x, scale, bias], Integer("axis", -1), Float("epsilon", epsilon));

    private string Normalize(BatchNormalization norm, string rows)
        => _graph.Add("BatchNormalization", [rows, norm.Weight, norm.Bias, norm.Mean, norm.Variance], Float("epsilon", norm.Epsilon));

    private string MatMul(string left, string right) => _graph.Add("MatMul", [left, right]);

    private string Add(string left, string right) => _graph.Add("Add", [left, right]);

    private string Transpose(string x, params ReadOnlySpan<long> order)
        => _graph.Add("Transpose", [x], Integers("perm", order));

    /// <summary>0 keeps a size, -1 takes what is left.</summary>
    private string Reshape(string x, params ReadOnlySpan<long> shape)
        => _graph.Add("Reshape", [x, _graph.Integers(shape)]);
}
