namespace RePaViT.Inference;

/// <summary>The buffers of calls that are over, kept for the next ones.</summary>
/// <param name="create">Makes what a call needs.</param>
internal sealed class InferenceContextPool(Func<InferenceContext> create)
{
    private readonly Lock _lock = new();
    private readonly Stack<InferenceContext> _idle = new();

    public InferenceContext Rent()
    {
        lock (_lock)
        {
            if (_idle.TryPop(out InferenceContext? context))
            {
                return context;
            }
        }

        return create();
    }

    public void Return(InferenceContext context)
    {
        lock (_lock)
        {
            _idle.Push(context);
        }
    }
}
