using RePaViT.Import;
using RePaViT.Import.Files;
using RePaViT.Import.Names;
using RePaViT.IO;
using RePaViT.Operators;
using RePaViT.Weights;

namespace RePaViT.Clip;

/// <summary>A text tower that was read from a file.</summary>
/// <param name="Architecture">Its structure.</param>
/// <param name="Weights">Its tensors.</param>
/// <param name="LogitScale">The factor by which cosines are multiplied before the softmax.</param>
/// <param name="Unused">Tensors of the file that it does not need.</param>
/// <param name="Assumptions">What no file and no option says, and was assumed to be as usual.</param>
internal sealed record TextTowerFile(
    TextArchitecture Architecture, NamedTensors Weights, float LogitScale, IReadOnlyList<string> Unused, IReadOnlyList<string> Assumptions);

/// <summary>Reads the text tower from a file that has an image tower too.</summary>
internal static class ClipReader
{
    private const string LogitScale = "logit_scale";

    // In every CLIP whose configuration does not say otherwise.
    private const int ChannelsPerHead = 64;

    // Larger ones would give infinite logits. CLIP's are clipped at ln 100 in training.
    private const float MaxLogScale = 20;

    /// <exception cref="InvalidDataException">The file is damaged, or has no text tower that can be read; the message says why.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public static TextTowerFile Read(PretrainedSource source, PretrainedOptions options, CancellationToken cancellationToken)
    {
        using CheckpointFile file = source.Open(cancellationToken);
        CheckpointSection section = PretrainedReader.Choose(file, options, source.Name);
        PretrainedConfiguration configuration = source.ReadConfiguration();
        var context = new PretrainedContext(
            source.Name, NamedSource.Recognize(section, source.Name, ClipTextNames.All), file.Settings, file.IsTorchScript, options,
            configuration.Text ?? new PretrainedConfiguration());
        TextArchitecture architecture = Infer(context);
        if (context.Configuration.SeesLaterTokens)
        {
            throw context.Refusal($"'{configuration.Files[0]}' beside it says that tokens attend to later ones, which is not supported");
        }

        if (context.Configuration.Pooling is not (null or "argmax" or "eos"))
        {
            throw context.Refusal(
                $"'{configuration.Files[0]}' beside it says that texts are pooled by '{Excerpt.Of(context.Configuration.Pooling)}', "
                + "but only the token that ends a text is supported ('argmax' or 'eos')");
        }

        if (configuration.Text is PretrainedConfiguration said
            && (said.Dim is int dim && dim != architecture.Dim || said.Depth is int depth && depth != architecture.Depth))
        {
            throw context.Refusal(
                $"'{configuration.Files[0]}' beside it describes another network: {said.Dim} channels and {said.Depth} blocks, "
                + $"where the file has {architecture.Dim} and {architecture.Depth}");
        }

        var reader = new PretrainedWeights(context, file.Length);
        NamedTensors weights = reader.Read(architecture.Tensors, cancellationToken);
        float logScale = reader.ReadScalar(LogitScale);
        ThrowUnlessFinite(context, weights, logScale);
        string[] unused = [.. context.Source.Unused];
        return unused.FirstOrDefault(context.Source.IsNeeded) is string needed
            ? throw context.Refusal($"its tensor '{Excerpt.Of(needed)}' is not known, and without it this may be a different network")
            : new TextTowerFile(architecture, weights, MathF.Exp(logScale), unused, context.Assumptions);
    }

    /// <summary>The structure that shapes and options show.</summary>
    private static TextArchitecture Infer(PretrainedContext context)
    {
        int[] tokens = context.ShapeOf("token_embed.weight", 2);
        int dim = tokens[1];
        int heads = context.Options.TextHeads ?? context.Configuration.Heads ?? dim / ChannelsPerHead;
        if (heads < 1 || dim % heads != 0)
        {
            throw context.Refusal($"its {dim} channels cannot be shared by {heads} attention heads: {nameof(PretrainedOptions.TextHeads)} is needed");
        }

        return new TextArchitecture(
            Vocabulary: tokens[0],
            ContextLength: context.ShapeOf("pos_embed", 2)[0],
            Dim: dim,
            Depth: context.CountBlocks(block => $"blocks.{block}.attn.qkv.weight"),
            Heads: heads,
            Hidden: context.ShapeOf("blocks.0.mlp.fc1.weight", 2)[0],
            Outputs: context.ShapeOf("projection.weight", 2)[0],
            Activation: context.RequireActivation() == FeedForwardActivation.QuickGelu ? ActivationKind.QuickGelu : ActivationKind.Gelu,
            NormEpsilon: (float)(context.Options.NormEpsilon ?? context.Configuration.NormEpsilon ?? context.Source.Table.NormEpsilon!.Value));
    }

    private static void ThrowUnlessFinite(PretrainedContext context, NamedTensors weights, float logScale)
    {
        foreach ((string name, WeightTensor tensor) in weights)
        {
            if (TensorValues.FindWrong(name, tensor.Data, fromZero: false) is string wrong)
            {
                throw context.Refusal($"not all of its numbers are finite. {wrong}");
            }
        }

        if (!(Math.Abs(logScale) <= MaxLogScale))
        {
            throw context.Refusal($"the logarithm of its scale is {logScale}, where a number from -{MaxLogScale} to {MaxLogScale} is needed");
        }
    }
}
