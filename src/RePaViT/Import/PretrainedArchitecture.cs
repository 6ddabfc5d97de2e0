using RePaViT.Import.Names;

namespace RePaViT.Import;

/// <summary>What a network is, found out from the shapes of its tensors and, where they do not tell, from what was requested.</summary>
/// <param name="Architecture">The network.</param>
/// <param name="Form">The form in which its weights stand.</param>
internal sealed record PretrainedArchitecture(Architecture Architecture, NetworkForm Form)
{
    /// <summary>What a file of this library says itself, except for what is requested.</summary>
    /// <exception cref="InvalidDataException">Something is requested that its network does not have.</exception>
    public static PretrainedArchitecture Of(PretrainedContext context, ModelDescription description)
    {
        PretrainedOptions options = context.Options;
        Architecture architecture = description.Architecture with { ImageSize = options.ImageSize ?? description.Architecture.ImageSize };
        ThrowUnlessUsual(context, architecture is ViTArchitecture, architecture is SwinArchitecture);
        if (options.IdleRatio is not null && options.IdleRatio != architecture.IdleRatio)
        {
            throw context.Refusal($"{nameof(PretrainedOptions.IdleRatio)} is given although the file states its own");
        }

        return new PretrainedArchitecture(
            architecture switch
            {
                ViTArchitecture vit => vit with
                {
                    Heads = options.Heads ?? vit.Heads,
                    NormEpsilon = options.NormEpsilon ?? vit.NormEpsilon,
                    FeedForwardActivation = options.FeedForwardActivation ?? vit.FeedForwardActivation,
                },
                SwinArchitecture swin => swin with { Window = options.Window ?? swin.Window },
                _ => architecture,
            },
            description.Form);
    }

    /// <exception cref="InvalidDataException">
    /// The shapes are those of no network, or do not show something that nothing else says.
    /// </exception>
    public static PretrainedArchitecture Infer(PretrainedContext context)
    {
        NetworkFamily family = context.Source.Table.Family;
        ThrowUnlessUsual(context, family == NetworkFamily.ViT, family == NetworkFamily.Swin);
        return family switch
        {
            NetworkFamily.ViT => ViTShapes.Infer(context),
            NetworkFamily.Swin => SwinShapes.Infer(context),
            NetworkFamily.Mixer => MixerShapes.Infer(context),
            NetworkFamily.PoolFormer => PoolFormerShapes.Infer(context),
            _ => LVViTShapes.Infer(context),
        };
    }

    /// <summary>Refuses what is requested, or said beside the file, and only other families may have.</summary>
    private static void ThrowUnlessUsual(PretrainedContext context, bool isViT, bool isSwin)
    {
        if (!isSwin && context.Options.Window is not null)
        {
            throw context.Refusal($"{nameof(PretrainedOptions.Window)} is given although only Swins have windows");
        }

        if (isViT)
        {
            return;
        }

        if (context.FindActivation() is not (null or FeedForwardActivation.Gelu))
        {
            throw context.Refusal($"only ViTs may have an activation other than '{PretrainedConfiguration.Gelu}'");
        }

        if (context.Options.NormEpsilon is not null)
        {
            throw context.Refusal($"{nameof(PretrainedOptions.NormEpsilon)} is given although only that of ViTs may differ");
        }
    }
}
