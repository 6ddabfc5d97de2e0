using RePaViT.IO;

namespace RePaViT;

/// <summary>Reads what <see cref="ModelDescription.ToJson"/> wrote, member by member.</summary>
internal static class ModelDescriptionReader
{
    public static ModelDescription Read(JsonFields fields) => new()
    {
        Architecture = fields.Object("architecture", ReadArchitecture),
        Form = fields.Choice<NetworkForm>("form"),
        ClassNames = fields.Texts("classNames"),
        Preprocessing = fields.Object("preprocessing", ReadPreprocessing),
    };

    private static Architecture ReadArchitecture(JsonFields fields) => fields.Text("family") switch
    {
        "vit" => ReadCommon(fields, new ViTArchitecture
        {
            PatchSize = fields.Int32("patchSize"),
            Dim = fields.Int32("dim"),
            Depth = fields.Int32("depth"),
            Heads = fields.Int32("heads"),
            MlpRatio = fields.Double("mlpRatio"),
            PatchBias = fields.Has("patchBias") && fields.Boolean("patchBias"),
            OmitsTokenNorm = fields.Has("omitsTokenNorm") && fields.Boolean("omitsTokenNorm"),
            NormEpsilon = fields.Has("normEpsilon") ? fields.Double("normEpsilon") : null,
            RegisterTokens = fields.Has("registerTokens") ? fields.Int32("registerTokens") : 0,
            FeedForwardActivation = fields.ChoiceOrDefault<FeedForwardActivation>("feedForwardActivation"),
            AveragePooling = fields.Has("averagePooling") && fields.Boolean("averagePooling"),
            ProjectionDim = fields.Has("projectionDim") ? fields.Int32("projectionDim") : null,
            DistillationToken = fields.Has("distillationToken") && fields.Boolean("distillationToken"),
        }),
        "mixer" => ReadCommon(fields, new MixerArchitecture
        {
            PatchSize = fields.Int32("patchSize"),
            Dim = fields.Int32("dim"),
            Depth = fields.Int32("depth"),
            TokenMlpRatio = fields.Double("tokenMlpRatio"),
            MlpRatio = fields.Double("mlpRatio"),
        }),
        "swin" => ReadCommon(fields, new SwinArchitecture
        {
            PatchSize = fields.Int32("patchSize"),
            Dim = fields.Int32("dim"),
            Depths = [.. fields.Int32s("depths")],
            Heads = [.. fields.Int32s("heads")],
            Window = fields.Int32("window"),
            MlpRatio = fields.Double("mlpRatio"),
        }),
        "poolformer" => ReadCommon(fields, new PoolFormerArchitecture
        {
            Depths = [.. fields.Int32s("depths")],
            Dims = [.. fields.Int32s("dims")],
            PoolSize = fields.Int32("poolSize"),
            MlpRatio = fields.Double("mlpRatio"),
            LayerScale = fields.Double("layerScale"),
        }),
        "lvvit" => ReadCommon(fields, new LVViTArchitecture
        {
            PatchSize = fields.Int32("patchSize"),
            StemChannels = fields.Int32("stemChannels"),
            Dim = fields.Int32("dim"),
            Depth = fields.Int32("depth"),
            Heads = fields.Int32("heads"),
            QkvBias = fields.Boolean("qkvBias"),
            MlpRatio = fields.Double("mlpRatio"),
            ResidualDivisor = fields.Double("residualDivisor"),
        }),
        _ => throw fields.NotAccepted("family", "\"vit\", \"mixer\", \"swin\", \"poolformer\" or \"lvvit\""),
    };

    private static Architecture ReadCommon(JsonFields fields, Architecture architecture) => architecture with
    {
        IdleHeuristic = fields.Choice<IdleHeuristic>("idleHeuristic"),
        ActiveChannels = fields.IsNull("activeChannels") ? null : [.. fields.Int32s("activeChannels")],
        ImageSize = fields.Int32("imageSize"),
        Classes = fields.Int32("classes"),
        IdleRatio = fields.IsNull("idleRatio") ? null : fields.Double("idleRatio"),
        FeedForwardNorm = fields.ChoiceOrDefault<FeedForwardNorm>("feedForwardNorm"),
        FeedForwardStructure = fields.ChoiceOrDefault<FeedForwardStructure>("feedForwardStructure"),
    };

    private static ImagePreprocessing ReadPreprocessing(JsonFields fields) => new()
    {
        Mean = fields.Object("mean", ReadRgb),
        StandardDeviation = fields.Object("standardDeviation", ReadRgb),
        CropFraction = fields.Double("cropFraction"),
        Interpolation = fields.Choice<Interpolation>("interpolation"),
        ReducedSide = fields.IsNull("reducedSide") ? null : fields.Int32("reducedSide"),
        Decoding = fields.Has("decoding") ? fields.Object("decoding", ReadDecoding) : null,
    };

    private static ImageDecoding ReadDecoding(JsonFields fields) => new()
    {
        FollowOrientation = fields.Boolean("followOrientation"),
        Background = fields.Object("background", ReadRgb),
        MaxPixels = fields.Int32("maxPixels"),
    };

    private static Rgb ReadRgb(JsonFields fields)
        => new(fields.Single("red"), fields.Single("green"), fields.Single("blue"));
}
