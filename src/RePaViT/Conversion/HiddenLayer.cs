using RePaViT.Inference;
using RePaViT.Layers;
using RePaViT.Operators;

namespace RePaViT.Conversion;

/// <summary>
/// The hidden channels of a feed-forward layer, all of them: u = z W1' + b1 and f(u), where z is what the matrices of the
/// converted layer read: N(x), or x itself where no normalization is to stay.
/// </summary>
internal sealed class HiddenLayer
{
    private readonly InferencePlan? _normalize;
    private readonly InferencePlan _expand;
    private readonly InferencePlan _activate;
    private readonly BatchArray _z = new();
    private readonly BatchArray _u = new();
    private readonly BatchArray _activated = new();

    /// <param name="layer">The layer, with its scale folded.</param>
    /// <param name="weights">Its tensors.</param>
    /// <param name="keepsNorm">Whether z is normalized.</param>
    /// <param name="inner">W1 and b1 where they are not the layer's own.</param>
    /// <param name="threads">Threads that share the work; null for one per processor.</param>
    public HiddenLayer(VanillaFeedForward layer, NamedTensors weights, bool keepsNorm, (float[] Weight, float[] Bias)? inner, int? threads)
    {
        Layer = layer;
        (InnerWeight, InnerBias) = inner
            ?? (weights[layer.Inner.Weight.Name].Data.ToArray(), weights[layer.Inner.Bias!.Name].Data.ToArray());
        OutputWeight = weights[layer.Output.Weight.Name].Data.ToArray();
        OutputBias = weights[layer.Output.Bias!.Name].Data.ToArray();
        Norm = keepsNorm ? layer.Norm : null;
        NormWeights = weights;
        _normalize = Norm is Operator norm ? Compile(layer.Input, norm, weights, threads) : null;
        var own = new NamedTensors();
        own.Add(layer.Inner.Weight.Name, new WeightTensor(InnerWeight, layer.Inner.Weight.Shape));
        own.Add(layer.Inner.Bias!.Name, new WeightTensor(InnerBias, layer.Inner.Bias.Shape));
        _expand = Compile(layer.Input, layer.Inner, own, threads);
        _activate = Compile(new Shape(layer.Tokens, layer.Hidden), new Activate(layer.Activation, layer.Hidden), own, threads);
    }

    public VanillaFeedForward Layer { get; }

    public int Dim => Layer.Dim;

    public int Hidden => Layer.Hidden;

    /// <summary>What stays in front; null for nothing.</summary>
    public Operator? Norm { get; }

    /// <summary>Where its tensors are.</summary>
    public NamedTensors NormWeights { get; }

    /// <summary>W1, [hidden, dim].</summary>
    public float[] InnerWeight { get; }

    /// <summary>b1, [hidden].</summary>
    public float[] InnerBias { get; }

    /// <summary>W2, [dim, hidden].</summary>
    public float[] OutputWeight { get; }

    /// <summary>b2, [dim].</summary>
    public float[] OutputBias { get; }

    /// <summary>z, [images * tokens, dim]; until the next call, as the others.</summary>
    public float[] Normalize(float[] x, int images)
    {
        if (_normalize is null)
        {
            return x;
        }

        float[] z = _z.Of(x.Length);
        _normalize.Run(x, images, z);
        return z;
    }

    /// <summary>u, [images * tokens, hidden].</summary>
    public float[] Expand(float[] z, int images)
    {
        float[] u = _u.Of((long)images * Layer.Tokens * Hidden);
        _expand.Run(z, images, u);
        return u;
    }

    /// <summary>f(u).</summary>
    public float[] Activate(float[] u, int images)
    {
        float[] activated = _activated.Of(u.Length);
        _activate.Run(u, images, activated);
        return activated;
    }

    private static InferencePlan Compile(Shape source, Operator operation, NamedTensors weights, int? threads)
        => InferencePlan.Compile([new OperatorChain(source, operation)], weights, threads);
}
