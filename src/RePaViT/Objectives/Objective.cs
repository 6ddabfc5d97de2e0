namespace RePaViT.Objectives;

/// <summary>
/// What training makes small: a loss of what the network gives for an image and what it should give. Defined here in plain
/// arithmetic; engines with tensors of their own express the same in theirs.
/// </summary>
internal abstract record Objective
{
    /// <summary>The loss of one image, and the gradient of what the network gave for it.</summary>
    /// <param name="output">What the network gave.</param>
    /// <param name="target">What it should give.</param>
    /// <param name="gradient">The result, as long as <paramref name="output"/>.</param>
    /// <param name="scale">The share of this image in the step: the gradient is multiplied by it, the loss is not.</param>
    public abstract double Compute(ReadOnlySpan<float> output, ReadOnlySpan<float> target, Span<float> gradient, float scale);

    /// <summary>Values of the target for so many that a network gives.</summary>
    public virtual int TargetLength(int outputLength) => outputLength;

    /// <summary>How many values come first in both: those of the classes, which say whether an image is classified right.</summary>
    /// <param name="columns">Columns of what the network gives.</param>
    public virtual int ClassesOf(int columns) => columns;
}
