namespace RePaViT.Inference;

/// <summary>One or more operators with their weights packed: reads values where they stand and leaves its own.</summary>
internal abstract class InferenceStep
{
    /// <summary>Multiply-adds for one image, where they are fewer than those of its operators.</summary>
    public virtual long? MultiplyAdds => null;

    public abstract void Run(InferenceContext context);
}
