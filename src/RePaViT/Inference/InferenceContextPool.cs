using RePaViT.Kernels;

namespace RePaViT.Inference;

/// <summary>The buffers of calls that are over, kept for the next ones.</summary>
internal sealed class InferenceContextPool(ThreadTeam team, InferenceShapes shapes)
{
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
            _idle.Push(context);
        }
    }
}
