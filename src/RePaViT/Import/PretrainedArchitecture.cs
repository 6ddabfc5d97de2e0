using RePaViT.Import.Names;

namespace RePaViT.Import;

/// <summary>What a network is, found out from the shapes of its tensors and, where they do not tell, from what was asked for.</summary>
/// <param name="Architecture">The network.</param>
/// <param name="Form">The form in which its weights stand.</param>
internal sealed record PretrainedArchitecture(Architecture Architecture, NetworkForm Form)
{
    /// <summary>What a file of this library says itself, except for what is asked for.</summary>
    public static PretrainedArchitecture Of(ModelDescription description, PretrainedOptions options)
    {
        Architecture architecture = description.Architecture with { ImageSize = options.ImageSize ?? description.Architecture.ImageSize };
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

    /// <exception cref="InvalidDataException">Shapes are those of no network, or do not tell what nobody else does.</exception>
    public static PretrainedArchitecture Infer(PretrainedContext context)
    {
        NetworkFamily family = context.Source.Table.Family;
        if (family != NetworkFamily.ViT)
        {
            ThrowUnlessUsual(context);
        }

        return family switch
        {
            NetworkFamily.ViT => ViTShapes.Infer(context),
            NetworkFamily.Swin => SwinShapes.Infer(context),
            NetworkFamily.Mixer => MixerShapes.Infer(context),
            NetworkFamily.PoolFormer => PoolFormerShapes.Infer(context),
            _ => LVViTShapes.Infer(context),
        };
    }

    /// <summary>Refuses what is asked for, or said beside the file, and only ViTs may have.</summary>
    private static void ThrowUnlessUsual(PretrainedContext context)
    {
        if (context.FindActivation() is not (null or FeedForwardActivation.Gelu))
        {
            throw context.Refusal($"only ViTs are read with another activation than '{PretrainedConfiguration.Gelu}'");
        }

        if (context.Options.NormEpsilon is not null)
        {
            throw context.Refusal($"{nameof(PretrainedOptions.NormEpsilon)} is given, and only that of ViTs may differ");
        }
    }
}
