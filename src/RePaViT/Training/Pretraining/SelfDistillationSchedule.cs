using RePaViT.Layers;

namespace RePaViT.Training.Pretraining;

/// <summary>What changes from step to step of a self-distilled run, apart from the learning rate. Steps are counted from 0.</summary>
/// <param name="options">Complete.</param>
/// <param name="stepsPerEpoch">Steps of an epoch.</param>
internal sealed class SelfDistillationSchedule(SelfDistillation options, int stepsPerEpoch)
{
    private readonly long _steps = (long)options.Epochs!.Value * stepsPerEpoch;

    /// <summary>The prototypes stay as they are at first.</summary>
    public LateTensor Prototypes { get; } = new(SelfDistillationHead.LastLayer, (long)options.FrozenEpochs * stepsPerEpoch);

    /// <summary>Weight decay of what decays.</summary>
    public double WeightDecay(long step) => Cosine(options.WeightDecay, options.FinalWeightDecay, step);

    /// <summary>What goes from the student into the teacher after a step.</summary>
    public float TeacherGain(long step) => (float)(1 - Cosine(options.TeacherMomentum, 1, step));

    /// <summary>What the teacher's cosines are divided by: the same in all steps of an epoch.</summary>
    public double TeacherTemperature(long step)
    {
        double share = options.TeacherWarmupEpochs > 0 ? Math.Min(step / stepsPerEpoch / options.TeacherWarmupEpochs.Value, 1) : 1;
        return options.WarmupTeacherTemperature + share * (options.TeacherTemperature - options.WarmupTeacherTemperature);
    }

    private double Cosine(double first, double last, long step)
        => last + 0.5 * (first - last) * (1 + Math.Cos(Math.PI * step / _steps));
}
