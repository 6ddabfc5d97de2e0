using RePaViT.Operators;
using TorchSharp;
using static TorchSharp.torch;
using static TorchSharp.torch.nn.functional;

namespace RePaViT.Torch;

/// <summary>
/// Every operator as an expression of tensors, or a run of them where one does the same faster; autograd makes the way back.
/// Values are [images, rows, columns].
/// </summary>
internal static class TorchNetwork
{
    /// <summary>The result for images, [images, columns], or [images, rows, columns] where it has several rows for each image.</summary>
    /// <param name="graph">The network, in any form and stage.</param>
    /// <param name="images">[images, channels * size * size].</param>
    /// <param name="pass">Weights and mode.</param>
    public static Tensor Forward(Graph graph, Tensor images, ForwardPass pass)
    {
        using DisposeScope scope = NewDisposeScope();
        IReadOnlyList<Node> nodes = graph.Nodes;
        int[] lastReader = LastReaders(graph);
        var values = new Tensor?[nodes.Count + 1];
        values[0] = images.view(-1, graph.Input.Shape.Rows, graph.Input.Shape.Columns);
        for (int i = 0; i < nodes.Count;)
        {
            int count = 1;
            using (DisposeScope temporaries = NewDisposeScope())
            {
                Tensor? claimed = pass.IsFusing ? Claim(graph, i, values, pass, out count) : null;
                Tensor result = claimed ?? Forward(nodes[i], [.. nodes[i].Inputs.Select(input => values[input.Index]!)], pass, graph);
                count = claimed is null ? 1 : count;
                values[i + count] = temporaries.MoveToOuter(result);
            }

            i += count;
            for (int value = 0; value < i; value++)
            {
                if (lastReader[value] < i)
                {
                    values[value]?.Dispose();
                    values[value] = null;
                }
            }
        }

        return scope.MoveToOuter(values[nodes.Count]!.squeeze(1));
    }

    /// <summary>The last node that reads each value.</summary>
    private static int[] LastReaders(Graph graph)
    {
        int[] last = new int[graph.Nodes.Count + 1];
        foreach ((int index, Node node) in graph.Nodes.Index())
        {
            foreach (Value input in node.Inputs)
            {
                last[input.Index] = index;
            }
        }

        last[graph.Output.Index] = int.MaxValue;
        return last;
    }

    /// <summary>Computes a run of operators as one; null where none begins here that can be.</summary>
    private static Tensor? Claim(Graph graph, int first, Tensor?[] values, ForwardPass pass, out int count)
    {
        Tensor x = values[graph.Nodes[first].Input.Index]!;
        if (ChannelIdleBranch.Find(graph, first) is ChannelIdleBranch branch)
        {
            count = ChannelIdleBranch.Nodes;
            return FeedForward(branch, x, pass, pass.IsTraining && branch.IsMergingCheaper((double)x.shape[0] * x.shape[1]));
        }

        if (MergedFeedForward.Find(graph, first) is MergedFeedForward merged)
        {
            count = MergedFeedForward.Nodes;
            return FeedForward(merged, x, pass);
        }

        if (IdleProduct.Find(graph, first) is IdleProduct product && product.IsMergingCheaper((double)x.shape[0] * x.shape[1]))
        {
            count = IdleProduct.Nodes;
            return FeedForward(product, x, pass);
        }

        if (Convolution.Find(graph, first) is Convolution convolution)
        {
            count = Convolution.Nodes;
            return Convolve(convolution, x, pass, isOfPixels: graph.Nodes[first].Input.Index <= 1);
        }

        count = 0;
        return null;
    }

    private static Tensor Forward(Node node, Tensor[] x, ForwardPass pass, Graph graph) => node.Operator switch
    {
        // In 32 bits, or TF32, what sees pixels, which may be far from centred, and what the loss or a decision is made from.
        Linear linear when node.Input.Index == 1 => pass.Stream(Project(linear, x[0], pass)),
        Linear linear when graph.ComesOut(node.Result) => Project(linear, x[0].@float(), pass),
        Linear linear => Multiply(linear, x[0], pass),
        LayerNormalize norm => Normalize(norm, x[0], pass),
        BatchNormalize norm => Normalize(norm, x[0], pass),
        Activate activation => ActivateSome(activation, x[0]),
        Attend attend => Attend(attend, x[0], pass),
        Gather { Table: PatchTable patches } => CutPatches(patches, x[0]),
        Gather { Table: LaterRowsTable rows } => x[0].narrow(1, rows.First, rows.Result.Rows),
        Gather gather => GatherUnits(gather.Table, x[0], pass),
        Transpose => x[0].transpose(1, 2),
        PrependToken token => cat([pass.Weights[token.Token.Name].expand(x[0].shape[0], 1, x[0].shape[2]).to_type(x[0].dtype), x[0]], 1),
        AddTable table => x[0] + pass.Weights[table.Table.Name],
        ShiftRows shift => x[0] + pass.Weights[shift.Shift.Name].view(-1, 1),
        TakeRow row => x[0].narrow(1, row.Row, 1),
        ExchangeTokens exchange => pass.Exchange(x[0], exchange.Side),
        AveragePool pool => Pool(pool, x[0]),
        GroupNormalize norm => layer_norm(x[0], [x[0].shape[1], x[0].shape[2]], eps: norm.Epsilon)
            .mul(pass.Weights[norm.Gamma.Name]).add(pass.Weights[norm.Beta.Name]),
        ScaleColumns scale => x[0] * pass.Weights[scale.Scale.Name],
        NormalizeRows => UnitRows(x[0]),
        // The loss is made from what it gives: in 32 bits.
        WeightNormalizedLinear linear => nn.functional.linear(x[0].@float(), UnitRows(pass.Weights[linear.Direction.Name])),
        // Not amax, which shares the gradient among all rows that have the greatest value.
        MaximizeRows maximum => x[0].narrow(1, maximum.First, x[0].shape[1] - maximum.First).max(1, keepdim: true).values,
        StackRows => cat([x[0], x[1]], 1),
        AverageRows => x[0].mean([1], keepdim: true),
        Add { DropPath: null } add => x[0] + Scaled(x[1], add.Scale),
        Add add => pass.Residual(x[0], Scaled(x[1], add.Scale)),
        _ => throw new NotSupportedException($"The TorchSharp engine has no operator {node.Operator.GetType().Name}."),
    };

    private static Tensor CutPatches(PatchTable table, Tensor images)
        => images
            .view(-1, table.Channels, table.PerSide, table.PatchSize, table.PerSide, table.PatchSize)
            .permute(0, 2, 4, 1, 3, 5)
            .reshape(-1, table.Result.Rows, table.Result.Columns);

    private static Tensor GatherUnits(IndexTable table, Tensor x, ForwardPass pass)
    {
        DeviceTables.Units from = pass.Tables.Of(table);
        Tensor units = x.reshape(-1, table.Source.Length / table.Unit, table.Unit);

        // Zeros after the last unit, from where nothing comes.
        Tensor padded = from.HasZeros ? pad(units, [0, 0, 0, 1]) : units;
        return padded.index_select(1, from.Places).view(-1, table.Result.Rows, table.Result.Columns);
    }

    private static Tensor Convolve(Convolution convolution, Tensor x, ForwardPass pass, bool isOfPixels)
    {
        (ConvolutionTable table, Linear filters) = (convolution.Table, convolution.Filters);
        Tensor map = table.IsImage ? x.reshape(-1, table.Channels, table.Size, table.Size) : ToMap(x, table.Size);
        Tensor weight = pass.Weights[filters.Weight.Name];
        Tensor? bias = filters.Bias is null ? null : pass.Weights[filters.Bias.Name];

        // What sees pixels is not rounded; see Forward.
        Tensor y = isOfPixels
            ? conv2d(map, weight, bias, [table.Stride, table.Stride], [table.Padding, table.Padding])
            : conv2d(
                pass.Operand(map), pass.Operand(weight), bias is null ? null : pass.Operand(bias),
                [table.Stride, table.Stride], [table.Padding, table.Padding]);
        Tensor places = y.flatten(2).transpose(1, 2);
        return isOfPixels ? pass.Stream(places) : places;
    }

    private static Tensor Pool(AveragePool pool, Tensor x)
        => avg_pool2d(
            ToMap(x, pool.Size), [pool.Window, pool.Window], [1, 1], [pool.Reach, pool.Reach], count_include_pad: false)
            .flatten(2).transpose(1, 2);

    /// <summary>[images, size * size, channels] as [images, channels, size, size].</summary>
    private static Tensor ToMap(Tensor x, int size) => x.transpose(1, 2).reshape(-1, x.shape[2], size, size);

    private static Tensor UnitRows(Tensor x) => x / x.norm(-1, keepdim: true).clamp_min(NormalizeRows.Epsilon);

    private static Tensor Scaled(Tensor x, float scale) => scale == 1 ? x : x * scale;

    private static Tensor Matrix(Linear linear, ForwardPass pass)
        => pass.Weights[linear.Weight.Name].view(linear.Outputs, linear.Inputs);

    private static Tensor Project(Linear linear, Tensor x, ForwardPass pass)
        => nn.functional.linear(
            x, Matrix(linear, pass),
            linear.Bias is null ? null : pass.Weights[linear.Bias.Name]);

    private static Tensor Multiply(Linear linear, Tensor x, ForwardPass pass)
        => nn.functional.linear(
            pass.Operand(x), pass.Operand(Matrix(linear, pass)),
            linear.Bias is null ? null : pass.Operand(pass.Weights[linear.Bias.Name]));

    private static Tensor Normalize(LayerNormalize norm, Tensor x, ForwardPass pass)
        => norm.Gamma is null || norm.Beta is null
            ? layer_norm(x, [x.shape[2]], eps: norm.Epsilon)
            : layer_norm(x, [x.shape[2]], pass.Weights[norm.Gamma.Name], pass.Weights[norm.Beta.Name], norm.Epsilon);

    private static Tensor Normalize(BatchNormalize norm, Tensor x, ForwardPass pass)
        => Normalize(norm, 0, x.reshape(-1, norm.Columns), pass).mul(pass.Weights[norm.Gamma.Name])
            .add(pass.Weights[norm.Beta.Name]).view_as(x);

    private static Tensor ActivateSome(Activate activation, Tensor x)
        => activation.Columns == x.shape[2] ? Activated(activation.Kind, x)
            : activation.Columns == 0 ? x.alias()
            : cat([Activated(activation.Kind, x.narrow(2, 0, activation.Columns)), x.narrow(2, activation.Columns, x.shape[2] - activation.Columns)], 2);

    private static Tensor Activated(ActivationKind kind, Tensor x) => kind switch
    {
        ActivationKind.Gelu => x.gelu(),
        ActivationKind.QuickGelu => x * (x * 1.702).sigmoid(),
        ActivationKind.Relu => x.relu(),
        _ => throw new NotSupportedException($"The TorchSharp engine has no activation {kind}."),
    };

    /// <summary>Libtorch's attention scales by 1 / sqrt(head dim) itself.</summary>
    private static Tensor Attend(Attend attend, Tensor x, ForwardPass pass)
    {
        long headDim = x.shape[2] / 3 / attend.Heads;
        long windows = attend.Positions?.Grid.Windows ?? 1;
        Tensor[] qkv = x.view(-1, windows, x.shape[1] / windows, 3, attend.Heads, headDim).permute(3, 0, 1, 4, 2, 5).unbind();
        double factor = attend.Scale * Math.Sqrt(headDim);
        Tensor queries = Math.Abs(factor - 1) < 1e-6 ? qkv[0] : qkv[0] * factor;
        Tensor? bias = attend.Positions is null ? null : Bias(attend, attend.Positions, pass).to_type(x.dtype);
        return scaled_dot_product_attention(queries, qkv[1], qkv[2], bias).transpose(2, 3).reshape(-1, x.shape[1], x.shape[2] / 3);
    }

    /// <summary>What is added to scores: [windows, heads, places, places].</summary>
    private static Tensor Bias(Attend attend, RelativePositions positions, ForwardPass pass)
    {
        DeviceTables.ScoreBias bias = pass.Tables.Of(positions);
        int places = positions.Grid.Places;
        Tensor learned = pass.Weights[positions.Table.Name].index_select(0, bias.Rows).t().reshape(1, attend.Heads, places, places);
        return bias.Mask is null ? learned : learned + bias.Mask;
    }

    /// <summary>y = a M' + b + f(a Win' + bin) Wout'.</summary>
    private static Tensor FeedForward(MergedFeedForward layer, Tensor x, ForwardPass pass)
    {
        Tensor rows = x.reshape(-1, layer.Merged.Inputs);
        Tensor active = Activated(layer.Activation.Kind, Multiply(layer.Inner, rows, pass));
        Tensor y = Multiply(layer.Merged, rows, pass).addmm(active, pass.Operand(Matrix(layer.Output, pass)).t());
        return y.view_as(x);
    }

    /// <summary>
    /// y = f(x W1a' + b1a) W2a' + x (W2i W1i)' + (b2 + W2i b1i): idle channels, of the rows and columns i, are never made. By
    /// mm: a failure in matmul, such as too little memory, would end the process.
    /// </summary>
    private static Tensor FeedForward(IdleProduct layer, Tensor x, ForwardPass pass)
    {
        Tensor rows = pass.Operand(x.reshape(-1, layer.Inner.Inputs));
        Tensor inputWeight = Matrix(layer.Inner, pass);
        Tensor inputBias = pass.Weights[layer.Inner.Bias!.Name];
        Tensor outputWeight = Matrix(layer.Output, pass);
        Tensor idleOutput = outputWeight.narrow(1, layer.Active, layer.Idle);
        Tensor merged = idleOutput.mm(inputWeight.narrow(0, layer.Active, layer.Idle));
        Tensor shift = pass.Weights[layer.Output.Bias!.Name] + idleOutput.mv(inputBias.narrow(0, layer.Active, layer.Idle));
        Tensor y = nn.functional.linear(rows, pass.Operand(merged), pass.Operand(shift));
        if (layer.Active > 0)
        {
            Tensor u = nn.functional.linear(
                rows, pass.Operand(inputWeight.narrow(0, 0, layer.Active)), pass.Operand(inputBias.narrow(0, 0, layer.Active)));
            y = y.addmm(Activated(layer.Activation.Kind, u), pass.Operand(outputWeight.narrow(1, 0, layer.Active)).t());
        }

        return y.view(x.shape[0], x.shape[1], layer.Output.Outputs);
    }

    /// <summary>
    /// u = BN1(a) W1' + b1; v = [f(u[:, :k]), u[:, k:]]; y = BN2(v) W2' + b2. The affine parts of both
    /// normalizations move into the weights after them: with xh and vh before the affine parts, V = W1 diag(gamma1),
    /// b = b1 + W1 beta1 and O = W2 diag(gamma2), this is u = xh V' + b and BN2(v) W2' + b2 = vh O' + (b2 + W2 beta2).
    /// <para>
    /// Merged, the idle channels are never made: their mean is b, their
    /// variance the diagonal of V S V' with S = xh' xh / n, and with s = 1 / sqrt(variance + eps) they are one matrix,
    /// vh O' = xh (O diag(s) V)' over them.
    /// </para>
    /// </summary>
    internal static Tensor FeedForward(ChannelIdleBranch layer, Tensor x, ForwardPass pass, bool merged)
    {
        Tensor inputWeight = Matrix(layer.Inner, pass);
        Tensor outputWeight = Matrix(layer.Output, pass);
        Tensor v = inputWeight * pass.Weights[layer.InputNorm.Gamma.Name];
        Tensor b = pass.Weights[layer.Inner.Bias!.Name] + inputWeight.mv(pass.Weights[layer.InputNorm.Beta.Name]);
        Tensor o = outputWeight * pass.Weights[layer.HiddenNorm.Gamma.Name];
        Tensor shift = pass.Operand(pass.Weights[layer.Output.Bias!.Name] + outputWeight.mv(pass.Weights[layer.HiddenNorm.Beta.Name]));

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
            Tensor active = pass.Operand(Normalize(layer.HiddenNorm, 0, Activated(layer.Activation.Kind, u), pass));
            Tensor activeO = pass.Operand(o.narrow(1, 0, layer.Active));
            y = y is null ? linear(active, activeO, shift) : y.addmm(active, activeO.t());
        }

        return y!.view_as(x);
    }

    /// <summary>(x - mean) / sqrt(variance + eps) per column, for the channels of a normalization from a first one on.</summary>
    private static Tensor Normalize(BatchNormalize layer, int first, Tensor x, ForwardPass pass)
        => batch_norm(
            x,
            pass.Weights[layer.Mean.Name].narrow(0, first, x.shape[1]),
            pass.Weights[layer.Variance.Name].narrow(0, first, x.shape[1]),
            training: pass.IsTraining,
            momentum: BatchNormalize.Momentum,
            eps: layer.Epsilon);

    /// <summary>Moves running statistics as batch normalization itself does, for channels from a first one on.</summary>
    private static void MoveStatistics(
        BatchNormalize layer, int first, Tensor mean, Tensor variance, long rows, ForwardPass pass)
    {
        using IDisposable _ = no_grad();
        Tensor runningMean = pass.Weights[layer.Mean.Name].narrow(0, first, mean.shape[0]);
        Tensor runningVariance = pass.Weights[layer.Variance.Name].narrow(0, first, mean.shape[0]);
        double correction = (double)rows / (rows - 1);
        runningMean.mul_(1 - BatchNormalize.Momentum).add_(mean, BatchNormalize.Momentum);
        runningVariance.mul_(1 - BatchNormalize.Momentum).add_(variance, BatchNormalize.Momentum * correction);
    }
}
