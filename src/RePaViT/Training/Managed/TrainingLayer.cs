using RePaViT.Kernels;

namespace RePaViT.Training.Managed;

/// <summary>
/// A layer with its forward and backward pass. What the backward pass needs of the forward pass, the layer keeps. Rows are
/// the tokens of all images of a batch.
/// </summary>
internal abstract class TrainingLayer
{
    /// <summary>The layer's tensors, in the order of its description.</summary>
    public abstract IEnumerable<TrainingParameter> Parameters { get; }

    /// <summary>Computes the layer's output. It stays valid until the next forward pass.</summary>
    public abstract Matrix Forward(TrainingContext context, Matrix x);

    /// <summary>
    /// Adds the gradients of the parameters to theirs and returns the gradient of x; may reuse the memory of dy for it.
    /// </summary>
    public abstract Matrix Backward(TrainingContext context, Matrix dy);
}
