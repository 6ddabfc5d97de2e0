using RePaViT.Operators;
using RePaViT.Training;
using RePaViT.Training.Managed;

namespace RePaViT.Benchmarks.Verification;

/// <summary>Steps of timm's LAMB on a few parameters with given gradients.</summary>
internal static class LambFixture
{
    public static Check? Compare(GoldenFile file, double tolerance)
    {
        Settings settings = file.Config<Settings>();
        if (settings.WeightDecay.Length == 0 || settings.Betas.Length != 2)
        {
            throw new InvalidDataException("The settings need a weight decay for each parameter, and two betas.");
        }

        Parameter[] parameters = CreateParameters(file, settings.WeightDecay);
        var recipe = new TrainingRecipe
        {
            Optimizer = OptimizerKind.Lamb,
            LearningRate = settings.Lr,
            MinimumLearningRate = 0,
            WarmupLearningRate = 0,
            WeightDecay = settings.WeightDecay.Max(),
            Beta1 = settings.Betas[0],
            Beta2 = settings.Betas[1],
            Epsilon = settings.Eps,
            GradientClipNorm = settings.MaxGradNorm,
        };
        recipe.Validate();
        Optimizer optimizer = Optimizer.Create(parameters, recipe, threads: 1);
        var comparison = new Comparison("parameters", tolerance);
        for (int step = 1; file.Tensors.TryGet($"step{step}.p0", out _); step++)
        {
            foreach (Parameter parameter in parameters)
            {
                ReadOnlySpan<float> gradient = file.Tensor($"step{step}.g{parameter.Spec.Name}").Data;
                if (gradient.Length != parameter.Gradient.Length)
                {
                    throw new InvalidDataException(
                        $"'step{step}.g{parameter.Spec.Name}' has {gradient.Length} values, but {parameter.Gradient.Length} are needed.");
                }

                gradient.CopyTo(parameter.Gradient);
            }

            optimizer.Step(settings.Lr);
            foreach (Parameter parameter in parameters)
            {
                string name = $"step{step}.p{parameter.Spec.Name}";
                comparison.Add(name, file.Tensor(name).Data, parameter.Value);
            }
        }

        return comparison.Result ?? throw new InvalidDataException("Tensor 'step1.p0' is missing.");
    }

    private static Parameter[] CreateParameters(GoldenFile file, double[] weightDecay)
    {
        if (weightDecay.Where(decay => decay != 0).Distinct().Count() > 1)
        {
            throw new InvalidDataException("Parameters with different weight decay are not supported; one value, or 0, is.");
        }

        return
        [
            .. weightDecay.Select((decay, i) =>
            {
                WeightTensor start = file.Tensor($"step0.p{i}");
                TensorRole role = decay == 0 ? TensorRole.Bias : TensorRole.Weight;
                return new Parameter(new TensorSpec($"{i}", role, start.Shape.ToArray()), start.Data.ToArray());
            }),
        ];
    }

    private sealed class Parameter(TensorSpec spec, float[] value) : IParameter
    {
        private readonly float[] _gradient = new float[value.Length];

        public TensorSpec Spec => spec;

        public Span<float> Value => value;

        public Span<float> Gradient => _gradient;
    }

    private sealed record Settings
    {
        public required double Lr { get; init; }

        public required double[] WeightDecay { get; init; }

        public required double[] Betas { get; init; }

        public required double Eps { get; init; }

        /// <summary>Null for no clipping.</summary>
        public required double? MaxGradNorm { get; init; }
    }
}
