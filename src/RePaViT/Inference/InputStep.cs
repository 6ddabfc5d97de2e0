using RePaViT.Kernels;

namespace RePaViT.Inference;

/// <summary>Takes in what a call was given.</summary>
internal abstract class InputStep
{
    /// <param name="context">Its number of images is set.</param>
    /// <param name="input">The values of these images.</param>
    public abstract void Run(InferenceContext context, ReadOnlySpan<float> input);
}

/// <summary>Cuts images into patches right away.</summary>
internal sealed class PatchInputStep(int kernel, ValuePlace y) : InputStep
{
    public override void Run(InferenceContext context, ReadOnlySpan<float> input)
        => context.Kernel<Patches>(kernel).Gather(input, y.In(context));
}

/// <summary>Copies, for all other operators.</summary>
internal sealed class CopyInputStep(ValuePlace y) : InputStep
{
    public override void Run(InferenceContext context, ReadOnlySpan<float> input) => input.CopyTo(y.In(context).AsSpan());
}
