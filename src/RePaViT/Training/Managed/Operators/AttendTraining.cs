using RePaViT.Kernels;
using RePaViT.Operators;

namespace RePaViT.Training.Managed;

/// <summary>Attention of all rows of an image to each other.</summary>
internal sealed class AttendTraining(Attend attend, Shape input, TrainingContext context) : TrainingOperator
{
    private readonly Attention _attention = new(
        context.Team, input.Rows, attend.Heads, input.Columns / 3 / attend.Heads, attend.Scale, training: true);

    public override bool KeepsResult => true;

    public override bool Accumulates => false;

    public override void Forward(TrainingContext context, Matrix x, Matrix y) => _attention.Forward(x, y);

    public override void Backward(TrainingContext context, Matrix x, Matrix y, Matrix dy, Matrix dx, bool accumulate)
    {
        _attention.Backward(x, y, dy, dx);
    }
}
