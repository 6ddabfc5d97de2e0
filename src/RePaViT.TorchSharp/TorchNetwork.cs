using RePaViT.Architectures;
using RePaViT.Training.Managed;
using TorchSharp;
using static TorchSharp.torch;
using static TorchSharp.torch.nn.functional;

namespace RePaViT.Torch;

/// <summary>
/// Every layer as an expression of tensors; autograd makes the way back. Tokens are [images, tokens, dim]. Temporaries
/// end with their layer, apart from those that the way back needs.
/// </summary>
internal static class TorchNetwork
{
    /// <summary>Logits of images, [images, classes], as 32-bit floats.</summary>
    /// <param name="layers">The network, in any form, folded or not.</param>
    /// <param name="images">[images, channels * size * size].</param>
    /// <param name="pass">Weights and mode.</param>
    public static Tensor Forward(IReadOnlyList<Layer> layers, Tensor images, ForwardPass pass)
    {
        Tensor x = images.alias();
        foreach (Layer layer in layers)
        {
            using DisposeScope scope = NewDisposeScope();
            Tensor y = scope.MoveToOuter(Forward(layer, x, pass));
            x.Dispose();
            x = y;
        }

        return x;
    }

    private static Tensor Forward(Layer layer, Tensor x, ForwardPass pass) => layer switch
    {
        PatchEmbedding patches => EmbedPatches(patches, x, pass),
        TokenEmbedding tokens => EmbedTokens(tokens, x, pass),
        LayerNormalization norm => Normalize(norm, x, pass),
        AttentionBlock attention => Attend(attention, x, pass),
        VanillaFeedForward feedForward => FeedForward(feedForward, x, pass),
        ChannelIdleFeedForward feedForward => FeedForward(
            feedForward, x, pass, pass.IsTraining && MergedFeedForwardTraining.IsCheaper(feedForward, (int)x.shape[0])),
        ReparameterizedFeedForward feedForward => FeedForward(feedForward, x, pass),
        ClassTokenPooling => x.select(1, 0),
        Projection projection => Project(projection, x, pass),
        _ => throw new NotSupportedException($"The TorchSharp engine has no layer {layer.GetType().Name}."),
    };

    /// <summary>
    /// tokens = patches W' + b. In 32 bits, or TF32, with 3 bits more than bfloat16: where the normalization of the input is
    /// folded, pixels are far from centred.
    /// </summary>
    private static Tensor EmbedPatches(PatchEmbedding layer, Tensor images, ForwardPass pass)
    {
        long side = layer.ImageSize / layer.PatchSize;
        Tensor patches = images
            .view(-1, layer.Channels, side, layer.PatchSize, side, layer.PatchSize)
            .permute(0, 2, 4, 1, 3, 5)
            .reshape(-1, layer.Tokens, layer.PatchLength);
        Tensor weight = pass.Weights[layer.Weight].view(layer.Dim, layer.PatchLength);
        return pass.Stream(linear(patches, weight, layer.Bias ? pass.Weights[layer.BiasName] : null));
    }

    private static Tensor EmbedTokens(TokenEmbedding layer, Tensor x, ForwardPass pass)
    {
        Tensor classToken = pass.Weights[layer.ClassToken].expand(x.shape[0], 1, layer.Dim);
        return cat([classToken, x], 1) + pass.Weights[layer.Positions];
    }

    private static Tensor Normalize(LayerNormalization layer, Tensor x, ForwardPass pass)
        => layer_norm(x, [layer.Dim], pass.Weights[layer.Weight], pass.Weights[layer.Bias], layer.Epsilon);

    /// <summary>a = x + DropPath(Proj(MHSA(LN(x)))).</summary>
    private static Tensor Attend(AttentionBlock layer, Tensor x, ForwardPass pass)
    {
        Tensor normalized = layer.Folded
            ? layer_norm(x, [layer.Dim], eps: layer.Epsilon)
            : Normalize(layer.Norm, x, pass);
        Tensor[] qkv = Multiply(layer.Qkv, normalized, pass)
            .view(-1, layer.Tokens, 3, layer.Heads, layer.HeadDim)
            .permute(2, 0, 3, 1, 4)
            .unbind();
        Tensor attended = scaled_dot_product_attention(qkv[0], qkv[1], qkv[2])
            .transpose(1, 2)
            .reshape(-1, layer.Tokens, layer.Dim);
        return pass.Residual(x, Multiply(layer.Proj, attended, pass));
    }

    /// <summary>y = a + DropPath(GELU(LN(a) W1' + b1) W2' + b2).</summary>
    private static Tensor FeedForward(VanillaFeedForward layer, Tensor x, ForwardPass pass)
    {
        Tensor hidden = Multiply(layer.Input, Normalize(layer.Norm, x, pass), pass).gelu();
        return pass.Residual(x, Multiply(layer.Output, hidden, pass));
    }

    /// <summary>y = a M' + b + GELU(a Win' + bin) Wout'.</summary>
    private static Tensor FeedForward(ReparameterizedFeedForward layer, Tensor x, ForwardPass pass)
    {
        Tensor rows = x.reshape(-1, layer.Dim);
        Tensor y = Multiply(layer.Merged, rows, pass);
        if (layer.Active > 0)
        {
            Tensor active = Multiply(layer.Input, rows, pass).gelu();
            y = y.addmm(active, pass.Operand(pass.Weights[layer.Output.Weight]).t());
        }

        return y.view_as(x);
    }

    /// <summary>
    /// u = BN1(a) W1' + b1; v = [GELU(u[:, :k]), u[:, k:]]; y = a + DropPath(BN2(v) W2' + b2). The affine parts of both
    /// normalizations move into the weights behind them: with xh and vh before the affine parts, V = W1 diag(gamma1),
    /// b = b1 + W1 beta1 and O = W2 diag(gamma2), this is u = xh V' + b and BN2(v) W2' + b2 = vh O' + (b2 + W2 beta2).
    /// <para>
    /// Merged, the idle channels are never made (see <see cref="MergedFeedForwardTraining"/>): their mean is b, their
    /// variance the diagonal of V S V' with S = xh' xh / n, and with s = 1 / sqrt(variance + eps) they are one matrix,
    /// vh O' = xh (O diag(s) V)' over them.
    /// </para>
    /// </summary>
    internal static Tensor FeedForward(ChannelIdleFeedForward layer, Tensor x, ForwardPass pass, bool merged)
    {
        Tensor inputWeight = pass.Weights[layer.Input.Weight];
        Tensor outputWeight = pass.Weights[layer.Output.Weight];
        Tensor v = inputWeight * pass.Weights[layer.InputNorm.Weight];
        Tensor b = pass.Weights[layer.Input.Bias] + inputWeight.mv(pass.Weights[layer.InputNorm.Bias]);
        Tensor o = outputWeight * pass.Weights[layer.HiddenNorm.Weight];
        Tensor shift = pass.Operand(pass.Weights[layer.Output.Bias] + outputWeight.mv(pass.Weights[layer.HiddenNorm.Bias]));

        Tensor normalized = Normalize(layer.InputNorm, 0, x.reshape(-1, layer.Dim), pass);
        Tensor operand = pass.Operand(normalized);
        Tensor? y = null;

        // Idle channels first: merged, they change running statistics that the active ones' way back holds on to.
        int idle = layer.Hidden - layer.Active;
        if (idle > 0)
        {
            Tensor idleV = v.narrow(0, layer.Active, idle);
            Tensor idleB = b.narrow(0, layer.Active, idle);
            Tensor idleO = o.narrow(1, layer.Active, idle);
            if (merged)
            {
                // The same value in a form whose way back has one product instead of two: the gradient of the covariance is
                // symmetric. By mm: a failure in matmul, such as too little memory, would end the process.
                Tensor product = normalized.t().mm(normalized.detach());
                Tensor covariance = (2 * product - product.detach()) / (double)normalized.shape[0];

                // Rounding can leave a variance of 0 a little below.
                Tensor variance = (idleV.mm(covariance) * idleV).sum(1).clamp_min(0);
                MoveStatistics(layer.HiddenNorm, layer.Active, idleB, variance, normalized.shape[0], pass);
                Tensor scale = (variance + layer.HiddenNorm.Epsilon).rsqrt();
                y = linear(operand, pass.Operand((idleO * scale).mm(idleV)), shift);
            }
            else
            {
                Tensor u = linear(operand, pass.Operand(idleV), pass.Operand(idleB));
                y = linear(pass.Operand(Normalize(layer.HiddenNorm, layer.Active, u, pass)), pass.Operand(idleO), shift);
            }
        }

        if (layer.Active > 0)
        {
            Tensor u = linear(operand, pass.Operand(v.narrow(0, 0, layer.Active)), pass.Operand(b.narrow(0, 0, layer.Active)));
            Tensor active = pass.Operand(Normalize(layer.HiddenNorm, 0, u.gelu(), pass));
            Tensor activeO = pass.Operand(o.narrow(1, 0, layer.Active));
            y = y is null ? linear(active, activeO, shift) : y.addmm(active, activeO.t());
        }

        return pass.Residual(x, y!.view_as(x));
    }

    /// <summary>(x - mean) / sqrt(variance + eps) per column, for the channels of a normalization from a first one on.</summary>
    private static Tensor Normalize(BatchNormalization layer, int first, Tensor x, ForwardPass pass)
        => batch_norm(
            x,
            pass.Weights[layer.Mean].narrow(0, first, x.shape[1]),
            pass.Weights[layer.Variance].narrow(0, first, x.shape[1]),
            training: pass.IsTraining,
            momentum: BatchNormalization.Momentum,
            eps: layer.Epsilon);

    /// <summary>Moves running statistics as batch normalization itself does, for channels from a first one on.</summary>
    private static void MoveStatistics(
        BatchNormalization layer, int first, Tensor mean, Tensor variance, long rows, ForwardPass pass)
    {
        using IDisposable _ = no_grad();
        Tensor runningMean = pass.Weights[layer.Mean].narrow(0, first, mean.shape[0]);
        Tensor runningVariance = pass.Weights[layer.Variance].narrow(0, first, mean.shape[0]);
        double correction = (double)rows / (rows - 1);
        runningMean.mul_(1 - BatchNormalization.Momentum).add_(mean, BatchNormalization.Momentum);
        runningVariance.mul_(1 - BatchNormalization.Momentum).add_(variance, BatchNormalization.Momentum * correction);
    }

    /// <summary>logits = x W' + b, in 32 bits, or TF32: few products, and what the loss or a decision is made from.</summary>
    private static Tensor Project(Projection layer, Tensor x, ForwardPass pass)
        => linear(x.@float(), pass.Weights[layer.Weight], layer.HasBias ? pass.Weights[layer.Bias] : null);

    private static Tensor Multiply(Projection layer, Tensor x, ForwardPass pass)
        => linear(
            pass.Operand(x), pass.Operand(pass.Weights[layer.Weight]),
            layer.HasBias ? pass.Operand(pass.Weights[layer.Bias]) : null);
}
