using RePaViT.Import.Files;
using RePaViT.IO;
using RePaViT.Layers;
using RePaViT.Networks;

namespace RePaViT.Import;

/// <summary>A network that was read from a file of pretrained weights.</summary>
/// <param name="Description">What it is.</param>
/// <param name="Network">Its layers and weights.</param>
/// <param name="Report">What was found.</param>
internal sealed record PretrainedNetwork(ModelDescription Description, Network Network, PretrainedReport Report);

/// <summary>Reads pretrained weights under the names of several projects.</summary>
internal static class PretrainedReader
{
    // What a new head starts from; the same file gives the same model.
    private const ulong HeadSeed = 0;

    /// <summary>Where weights stand, the usual place first; empty for the file itself.</summary>
    private static readonly string[] UsualSections = ["model", "state_dict", ""];

    /// <exception cref="InvalidDataException">The file is damaged, or not of a network that can be read; the message says why.</exception>
    /// <exception cref="ArgumentException">An option is not accepted.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public static PretrainedNetwork Read(PretrainedSource source, PretrainedOptions options, CancellationToken cancellationToken)
    {
        using CheckpointFile file = source.Open(cancellationToken);
        string path = source.Name;
        CheckpointSection section = Choose(file, options, path);
        PretrainedConfiguration configuration = source.ReadConfiguration();
        var context = new PretrainedContext(path, NamedSource.Recognize(section, path), file.Settings, file.IsTorchScript, options, configuration);
        (Architecture inferred, NetworkForm form) = file.Description is ModelDescription own
            ? PretrainedArchitecture.Of(context, own)
            : PretrainedArchitecture.Infer(context);
        ThrowUnlessDescribed(context, inferred);

        int? classes = context.FindClasses();
        IReadOnlyList<string> classNames = options.ClassNames ?? file.Description?.ClassNames ?? NamesOf(context, classes);
        bool hasNewHead = classes != classNames.Count;
        Architecture architecture = inferred with { Classes = classNames.Count };
        var description = new ModelDescription
        {
            Architecture = architecture,
            Form = form,
            ClassNames = classNames,
            Preprocessing = options.Preprocessing ?? file.Description?.Preprocessing ?? PreprocessingOf(context),
        };
        Validate(context, description);
        NetworkLayout layout = architecture.Layout(form);
        NamedTensors weights = new PretrainedWeights(context, file.Length)
            .Read(layout.Layers.Where(layer => !(hasNewHead && layer.IsHead)), cancellationToken);
        if (hasNewHead)
        {
            AddHead(context, layout.Layers.Single(layer => layer.IsHead), weights);
        }

        PretrainedReport report = Report(context, section, file, hasNewHead);
        return new PretrainedNetwork(description, CreateNetwork(context, architecture, form, weights), report);
    }

    /// <exception cref="InvalidDataException">There is no such set of tensors, or nothing says which to take.</exception>
    public static CheckpointSection Choose(CheckpointFile file, PretrainedOptions options, string path)
    {
        CheckpointSection[] sections = [.. file.Sections.Where(section => section.Tensors.Count > 0)];
        CheckpointSection? chosen = options.Section is string asked
            ? sections.FirstOrDefault(section => section.Name == asked)
            : UsualSections.Select(name => sections.FirstOrDefault(section => section.Name == name)).FirstOrDefault(section => section is not null)
                ?? (sections is [var only] ? only : null);
        if (chosen is not null)
        {
            return chosen;
        }

        string found = sections.Length == 0
            ? "the file holds no tensors"
            : $"its tensors are under {Excerpt.OfList(sections.Select(section => $"'{section.Name}'"))}";
        string unreadable = file.Sections.SelectMany(section => section.Unreadable).FirstOrDefault() is { Key: string name, Value: string type }
            ? $" '{Excerpt.Of(name)}' is a '{Excerpt.Of(type)}', which cannot be read without running its code."
            : "";
        throw new InvalidDataException($"{path}: {found}; {nameof(PretrainedOptions.Section)} chooses one.{unreadable}");
    }

    /// <summary>Refuses a file beside the weights that is about another network.</summary>
    private static void ThrowUnlessDescribed(PretrainedContext context, Architecture architecture)
    {
        (int? dim, int? depth) = architecture is ViTArchitecture vit ? (vit.Dim, vit.Depth) : ((int?)null, (int?)null);
        PretrainedConfiguration said = context.Configuration;
        if (dim is not null && (said.Dim is not null && said.Dim != dim || said.Depth is not null && said.Depth != depth))
        {
            throw context.Refusal(
                $"'{said.Files[0]}' beside it describes another network: {said.Dim} channels and {said.Depth} blocks, "
                + $"where the file has {dim} and {depth}");
        }
    }

    private static IReadOnlyList<string> NamesOf(PretrainedContext context, int? classes)
    {
        if (classes is null)
        {
            context.Assumptions.Add("There is no head: a single class without meaning takes its place, and only the features are useful.");
            return ["features"];
        }

        if (context.Source.Table.HasProjection)
        {
            context.Assumptions.Add($"Its head gives no classes, but the {classes} coordinates of the space that images share with texts.");
        }

        return context.Configuration.ClassNames is IReadOnlyList<string> names && names.Count == classes
            ? names
            : [.. Enumerable.Range(0, Math.Min((int)classes, Architecture.MaxClasses)).Select(label => $"{label}")];
    }

    private static ImagePreprocessing PreprocessingOf(PretrainedContext context)
    {
        PretrainedConfiguration said = context.Configuration;
        ImagePreprocessing usual = context.Source.Table.Preprocessing;
        if (said.Mean is null || said.StandardDeviation is null)
        {
            context.Assumptions.Add($"Images are prepared as usual for {context.Source.Table.Source}: {usual}.");
        }

        return usual with
        {
            Mean = said.Mean ?? usual.Mean,
            StandardDeviation = said.StandardDeviation ?? usual.StandardDeviation,
            CropFraction = said.CropFraction ?? usual.CropFraction,
            Interpolation = said.Interpolation ?? usual.Interpolation,
        };
    }

    private static void AddHead(PretrainedContext context, Layer head, NamedTensors weights)
    {
        foreach (string name in head.Tensors.Select(tensor => tensor.Name))
        {
            // Known, but not wanted.
            context.Source.Take(name);
        }

        foreach ((string name, WeightTensor tensor) in WeightInitializer.Create([head], HeadSeed))
        {
            weights.Add(name, tensor);
        }
    }

    private static void Validate(PretrainedContext context, ModelDescription description)
    {
        try
        {
            description.Validate();
        }
        catch (ArgumentException exception)
        {
            throw Refusal(context, exception);
        }
    }

    private static Network CreateNetwork(PretrainedContext context, Architecture architecture, NetworkForm form, NamedTensors weights)
    {
        try
        {
            return architecture.CreateNetwork(form, weights);
        }
        catch (ArgumentException exception)
        {
            throw Refusal(context, exception);
        }
    }

    private static InvalidDataException Refusal(PretrainedContext context, ArgumentException exception)
        => new(
            $"{context.Path}: it is read as {context.Source.Table.Source}, but that makes no valid network. {Excerpt.OfMessage(exception)}",
            Excerpt.AsReason(exception));

    private static PretrainedReport Report(PretrainedContext context, CheckpointSection section, CheckpointFile file, bool hasNewHead)
    {
        string[] unused = [.. context.Source.Unused];
        return unused.FirstOrDefault(context.Source.IsNeeded) is string needed
            ? throw context.Refusal($"its tensor '{Excerpt.Of(needed)}' is not known, and without it this may be a different network")
            : new PretrainedReport
            {
                // What this library wrote describes itself, under names of others or not.
                Source = file.Description is null ? context.Source.Table.Source : NetworkMetadata.Producer,
                Section = section.Name,
                OtherSections = [.. file.Sections.Where(other => other != section && other.Tensors.Count > 0).Select(other => other.Name)],
                UnusedTensors = unused,
                ResampledTensors = context.Resampled,
                HasNewHead = hasNewHead,
                ConfigurationFiles = context.Configuration.Files,
                Assumptions = context.Assumptions,
            };
    }
}
