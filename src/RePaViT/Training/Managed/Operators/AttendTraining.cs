using RePaViT.Kernels;
using RePaViT.Operators;

namespace RePaViT.Training.Managed;

/// <summary>Attention of all rows of an image, or of each window, to each other.</summary>
internal sealed class AttendTraining : TrainingOperator
{
    private readonly Attention _attention;
    private readonly TrainingParameter? _table;
    private readonly ScoreBias? _bias;

    public AttendTraining(Attend attend, Shape input, TrainingContext context)
    {
        if (attend.Positions is RelativePositions positions)
        {
            _table = new TrainingParameter(positions.Table);
            _bias = new ScoreBias(attend.Heads, positions.TableRows(), positions.Masks(), positions.Kinds());
        }

        _attention = new Attention(
            context.Team, attend.RowsPerWindow(input), attend.Heads, input.Columns / 3 / attend.Heads, attend.Scale, training: true, _bias);
    }

    public override IReadOnlyList<TrainingParameter> Parameters => _table is null ? [] : [_table];

    public override bool KeepsResult => true;

    public override bool Accumulates => false;

    public override void Forward(TrainingContext context, Matrix x, Matrix y)
    {
        if (_table is not null)
        {
            _bias!.Set(_table.Value);
        }

        _attention.Forward(x, y);
    }

    public override void Backward(TrainingContext context, Matrix x, Matrix y, Matrix dy, Matrix dx, bool accumulate)
    {
        _attention.Backward(x, y, dy, dx);
        if (_table is not null)
        {
            _bias!.AddGradient(_attention, _table.Gradient);
        }
    }
}
