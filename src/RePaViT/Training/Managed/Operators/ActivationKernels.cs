using RePaViT.Kernels;
using RePaViT.Operators;

namespace RePaViT.Training.Managed;

/// <summary>The kernels of each activation, and what the way back through it needs.</summary>
internal static class ActivationKernels
{
    /// <summary>Whether what an activation gave leads back through it; otherwise it takes what was given to it.</summary>
    public static bool KeepsResult(ActivationKind kind) => kind == ActivationKind.Relu;

    /// <summary>y = f(x).</summary>
    public static void Forward(ActivationKind kind, ReadOnlySpan<float> x, Span<float> y)
    {
        switch (kind)
        {
            case ActivationKind.Gelu:
                Gelu.Forward(x, y);
                break;
            case ActivationKind.QuickGelu:
                QuickGelu.Forward(x, y);
                break;
            case ActivationKind.Relu:
                Relu.Forward(x, y);
                break;
            default:
                throw new NotSupportedException($"The training engine has no activation {kind}.");
        }
    }

    /// <summary>dx = dy f'(x). In place of dy is fine.</summary>
    /// <param name="kind">f.</param>
    /// <param name="kept">f(x) where <see cref="KeepsResult"/> says so, else x; ReLU's slope can be told from either.</param>
    /// <param name="dy">The gradient of f(x).</param>
    /// <param name="dx">The gradient of x.</param>
    public static void Backward(ActivationKind kind, ReadOnlySpan<float> kept, ReadOnlySpan<float> dy, Span<float> dx)
    {
        switch (kind)
        {
            case ActivationKind.Gelu:
                Gelu.Backward(kept, dy, dx);
                break;
            case ActivationKind.QuickGelu:
                QuickGelu.Backward(kept, dy, dx);
                break;
            case ActivationKind.Relu:
                Relu.Backward(kept, dy, dx);
                break;
            default:
                throw new NotSupportedException($"The training engine has no activation {kind}.");
        }
    }
}
