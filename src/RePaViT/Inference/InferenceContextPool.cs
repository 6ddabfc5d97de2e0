using RePaViT.Kernels;

namespace RePaViT.Inference;

/// <summary>
/// The buffers of calls that are over, kept for the next ones: as many as calls can compute at once. What a rush of more
/// callers leaves behind goes to the garbage collector.
/// </summary>
internal sealed class InferenceContextPool(ThreadTeam team, InferenceShapes shapes)
{
    private static readonly int MaxIdle = Environment.ProcessorCount;

    private readonly Lock _lock = new();
    private readonly Stack<InferenceContext> _idle = new();

    public InferenceShapes Shapes => shapes;

    public InferenceContext Rent()
    {
        lock (_lock)
        {
            if (_idle.TryPop(out InferenceContext? context))
            {
                return context;
            }
        }

        return new InferenceContext(team, shapes);
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
