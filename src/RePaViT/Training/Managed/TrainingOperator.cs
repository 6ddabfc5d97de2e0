using System.Numerics.Tensors;
using RePaViT.Kernels;

namespace RePaViT.Training.Managed;

/// <summary>
/// An operator of one input, or a run of them, with its forward and backward pass. Rows are those of all images of a batch.
/// </summary>
internal abstract class TrainingOperator
{
    /// <summary>Its tensors, in the order in which they are stored.</summary>
    public virtual IReadOnlyList<TrainingParameter> Parameters => [];

    /// <summary>Whether the backward pass reads what the forward pass gave.</summary>
    public virtual bool KeepsResult => false;

    /// <summary>Whether the result may stand in the memory of the input, which the backward pass does not read then.</summary>
    public virtual bool IsInPlace => false;

    /// <summary>Whether the gradient of the input may be made in the memory of that of the result.</summary>
    public virtual bool IsInPlaceBackward => false;

    /// <summary>Whether the gradient of the input can be added to the values that are already there.</summary>
    public virtual bool Accumulates => true;

    /// <summary>Whether it can do without the gradient of the input if nothing needs that.</summary>
    public virtual bool CanSkipInputGradient => false;

    /// <summary>Whether the gradient of the result has been read before anything is added to that of the input: they may be one memory.</summary>
    public virtual bool ReadsGradientFirst => false;

    /// <summary>Computes y.</summary>
    public abstract void Forward(TrainingContext context, Matrix x, Matrix y);

    /// <summary>Adds the gradients of the parameters to theirs, and computes that of the input.</summary>
    /// <param name="context">What operators share.</param>
    /// <param name="x">What the forward pass took; lost if <see cref="IsInPlace"/>.</param>
    /// <param name="y">What it gave; kept if <see cref="KeepsResult"/>.</param>
    /// <param name="dy">The gradient of y.</param>
    /// <param name="dx">The result; without data if nothing needs it and <see cref="CanSkipInputGradient"/>.</param>
    /// <param name="accumulate">Whether to add to dx.</param>
    public abstract void Backward(TrainingContext context, Matrix x, Matrix y, Matrix dy, Matrix dx, bool accumulate);

    /// <summary>dx (+)= dy.</summary>
    protected static void PassOn(Matrix dy, Matrix dx, bool accumulate)
    {
        if (accumulate)
        {
            TensorPrimitives.Add(dx.AsSpan(), dy.AsSpan(), dx.AsSpan());
        }
        else
        {
            dy.AsSpan().CopyTo(dx.AsSpan());
        }
    }
}
