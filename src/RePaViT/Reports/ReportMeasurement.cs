using System.Diagnostics;
using System.Reflection;
using System.Runtime.InteropServices;
using RePaViT.Kernels;
using RePaViT.Models;

namespace RePaViT.Reports;

/// <summary>Measures what stands in a report.</summary>
internal static class ReportMeasurement
{
    /// <exception cref="ArgumentException">The images are not those of the models' classes, or an option is not accepted.</exception>
    public static TrainingReport Run(
        ReportSource source, IImageDataset training, IImageDataset? validation, TrainingReportOptions? options, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(training);
        options ??= new TrainingReportOptions();
        options.Validate();
        ThrowUnlessLike(source.Deployed, training, "training");
        if (validation is not null)
        {
            ThrowUnlessLike(source.Deployed, validation, "validation");
        }

        var clock = Stopwatch.StartNew();
        (RePaViTModel trained, RePaViTModel deployed) = (source.Trained.OnCpu(), source.Deployed.OnCpu());
        IImageDataset images = validation ?? training;
        var answers = LabeledLogits.Compute(deployed, images, cancellationToken);
        TemperatureFit? fit = validation is null ? null : TemperatureScaling.Fit(answers);
        double temperature = options.IsCalibrated ? fit?.Temperature ?? 1 : 1;
        ReportComparison comparison = NetworkComparison.Run(
            trained, deployed, answers, images, source.Conversion, cancellationToken);
        (IReadOnlyList<ReportMistake> mistakes, ReportMapKind kind) = MistakeGallery.Create(
            deployed, answers, images, validation is not null, temperature, options.MaxMistakes, cancellationToken);
        ReportData data = DataChecks.Run(training, validation, deployed.Architecture.ImageSize, options.LeftOut, cancellationToken);
        return new TrainingReport
        {
            Epochs = source.Epochs(),
            BestEpoch = source.BestEpoch,
            IsValidated = validation is not null,
            Images = images.Count,
            Classes = Confusion.Classes(answers, training),
            Confusions = Confusion.Cells(answers),
            Calibration = CalibrationError.Measure(answers, temperature: 1),
            Calibrated = fit is null ? null : CalibrationError.Measure(answers, fit.Temperature),
            IsCalibrated = options.IsCalibrated && fit is not null,
            Mistakes = mistakes,
            MapKind = kind,
            Comparison = comparison,
            Data = data,
            Run = Describe(source, options, clock),
        };
    }

    private static ReportRun Describe(ReportSource source, TrainingReportOptions options, Stopwatch clock) => new()
    {
        Created = DateTimeOffset.Now,
        Architecture = $"{source.Deployed.Architecture}",
        Recipe = source.Recipe,
        Remarks = [.. source.Remarks, .. options.Remarks],
        Library = typeof(TrainingReport).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "unknown",
        Runtime = RuntimeInformation.FrameworkDescription,
        System = $"{RuntimeInformation.OSDescription}, {RuntimeInformation.ProcessArchitecture}",
        Processors = Environment.ProcessorCount,
        MeasuredWith = InstructionSet.Name,
        TrainedWith = source.ComputedWith,
        TrainingSeconds = source.Elapsed?.TotalSeconds,
        ReportSeconds = clock.Elapsed.TotalSeconds,
    };

    private static void ThrowUnlessLike(RePaViTModel model, IImageDataset images, string purpose)
    {
        if (!images.ClassNames.SequenceEqual(model.ClassNames))
        {
            throw new ArgumentException($"The {purpose} data set has class names that differ from the model's: the same names, in the "
                + "same order, are needed.");
        }
    }
}
