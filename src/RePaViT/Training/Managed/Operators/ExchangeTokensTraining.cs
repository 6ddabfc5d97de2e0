using System.Numerics.Tensors;
using RePaViT.Kernels;
using RePaViT.Operators;

namespace RePaViT.Training.Managed;

/// <summary>The tokens in a box change places between each image and its partner; so do their gradients.</summary>
internal sealed class ExchangeTokensTraining(ExchangeTokens exchange) : TrainingOperator
{
    public override bool IsInPlace => true;

    public override bool IsInPlaceBackward => true;

    public override void Forward(TrainingContext context, Matrix x, Matrix y)
    {
        if (x.AsSpan() != y.AsSpan())
        {
            x.AsSpan().CopyTo(y.AsSpan());
        }

        Exchange(context, y);
    }

    public override void Backward(TrainingContext context, Matrix x, Matrix y, Matrix dy, Matrix dx, bool accumulate)
    {
        if (!accumulate)
        {
            Forward(context, dy, dx);
            return;
        }

        // Exchanged, added and exchanged back: others may still read the gradient.
        Exchange(context, dy);
        TensorPrimitives.Add(dx.AsSpan(), dy.AsSpan(), dx.AsSpan());
        Exchange(context, dy);
    }

    private void Exchange(TrainingContext context, Matrix rows)
    {
        CutBox box = context.Exchanged;
        int length = exchange.Side * exchange.Side;
        int width = box.Right - box.Left;
        for (int image = 0; image < context.Images / 2; image++)
        {
            int partner = context.Images - 1 - image;
            for (int y = box.Top; y < box.Bottom && width > 0; y++)
            {
                int first = y * exchange.Side + box.Left;
                Swap(rows.TakeRows(image * length + first, width).AsSpan(), rows.TakeRows(partner * length + first, width).AsSpan());
            }
        }
    }

    private static void Swap(Span<float> a, Span<float> b)
    {
        for (int i = 0; i < a.Length; i++)
        {
            (a[i], b[i]) = (b[i], a[i]);
        }
    }
}
