using RePaViT.Kernels;

namespace RePaViT.Inference;

/// <summary>Takes in what a call was given.</summary>
internal abstract class InputStep(ValuePlace place)
{
    /// <summary>Where it leaves them.</summary>
    public ValuePlace Place => place;

    /// <param name="context">Its number of images is set.</param>
    /// <param name="input">The values of these images.</param>
    public abstract void Run(InferenceContext context, ReadOnlySpan<float> input);
}

/// <summary>Cuts images into patches right away.</summary>
internal sealed class PatchInputStep(int kernel, ValuePlace y) : InputStep(y)
{
    public override void Run(InferenceContext context, ReadOnlySpan<float> input)
        => context.Kernel<Patches>(kernel).Gather(input, Place.In(context));
}

/// <summary>Copies, for all other operators.</summary>
internal sealed class CopyInputStep(ValuePlace y) : InputStep(y)
{
    public override void Run(InferenceContext context, ReadOnlySpan<float> input) => input.CopyTo(Place.In(context).AsSpan());
}
