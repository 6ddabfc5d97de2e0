namespace RePaViT.Inference;

/// <summary>
/// The buffers of finished calls, kept for the next ones: as many as there can be calls computing at once. What a rush
/// of more callers leaves behind goes to the garbage collector.
/// </summary>
/// <param name="create">Makes what a call needs.</param>
internal sealed class InferenceContextPool(Func<InferenceContext> create)
{
    private static readonly int MaxIdle = Environment.ProcessorCount;

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
            if (_idle.Count < MaxIdle)
            {
                _idle.Push(context);
            }
        }
    }
}
