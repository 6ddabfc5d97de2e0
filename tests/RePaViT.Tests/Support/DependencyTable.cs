using System.Reflection;

namespace RePaViT.Tests.Support;

/// <summary>
/// Who may use whom: folders of the core, single files of it, and the other assemblies. A folder without a row of its own
/// belongs to the one that it is in. Nobody uses what stands below it, so there are no circles.
/// </summary>
internal static class DependencyTable
{
    public static IReadOnlyList<(string Place, string[] Uses)> Rows { get; } =
    [
        ("IO", []),
        ("Randomness", []),
        ("Threading", []),
        ("Objectives", []),
        ("Operators", []),
        ("Kernels", ["Threading"]),
        ("Layers", ["Operators"]),
        ("Data", ["IO", "Randomness"]),
        ("Weights", ["IO", "Kernels"]),
        ("Networks", ["IO", "Randomness", "Operators", "Layers", "Weights"]),
        ("Architectures", ["IO", "Operators", "Layers", "Data", "Weights", "Networks"]),
        ("Rewrites", ["Randomness", "Operators", "Kernels", "Layers", "Data", "Weights", "Networks"]),
        ("Onnx", ["IO", "Operators", "Kernels", "Layers", "Weights", "Networks", "Architectures", "Rewrites"]),

        ("Import", ["IO", "Operators", "Layers", "Data", "Weights", "Networks", "Architectures"]),

        // What an engine for inference is, for all who have or choose one.
        ("Inference/InferencePrecision.cs", []),
        ("Inference/IInferenceEngine.cs", ["Networks", "Inference/InferencePrecision.cs"]),

        // The one for the CPU.
        ("Inference",
        [
            "Threading", "Operators", "Kernels", "Layers", "Weights", "Networks", "Inference/InferencePrecision.cs",
            "Inference/IInferenceEngine.cs",
        ]),

        ("Models",
        [
            "Threading", "Operators", "Kernels", "Layers", "Data", "Weights", "Networks", "Architectures", "Rewrites", "Onnx",
            "Import", "Inference/InferencePrecision.cs", "Inference/IInferenceEngine.cs", "Inference",
        ]),

        // What reads texts, and classifiers out of them.
        ("Clip",
        [
            "IO", "Threading", "Operators", "Kernels", "Layers", "Weights", "Networks", "Architectures", "Import", "Models",
        ]),

        ("Conversion",
        [
            "Randomness", "Threading", "Operators", "Kernels", "Layers", "Data", "Weights", "Networks", "Architectures", "Rewrites",
            "Inference/InferencePrecision.cs", "Inference", "Models",
        ]),

        ("Serving", ["Data", "Architectures", "Models"]),

        // Everything of training that is the same for all engines: no kernel.
        ("Training",
        [
            "IO", "Randomness", "Threading", "Objectives", "Operators", "Layers", "Data", "Weights", "Networks",
            "Architectures", "Rewrites", "Inference/InferencePrecision.cs", "Inference/IInferenceEngine.cs", "Inference", "Models",
            "Conversion",
        ]),

        // The engine for the CPU.
        ("Training/Managed",
        [
            "Threading", "Objectives", "Operators", "Kernels", "Data", "Weights", "Networks", "Architectures", "Models",
            "Training",
        ]),

        // It chooses the engine, so it stands above them all.
        ("Trainer.cs",
        [
            "IO", "Objectives", "Data", "Weights", "Networks", "Architectures", "Models", "Conversion", "Training",
            "Training/Managed",
        ]),

        // Towers of images learn from texts.
        ("Clip/Training", ["Data", "Architectures", "Models", "Training", "Trainer.cs", "Clip"]),

        // Pretrained models learn other classes.
        ("Transfer",
        [
            "IO", "Randomness", "Threading", "Operators", "Layers", "Data", "Weights", "Networks", "Architectures", "Models",
            "Training", "Trainer.cs",
        ]),

        // What is measured of a training, as numbers.
        ("Reports",
        [
            "IO", "Threading", "Operators", "Kernels", "Layers", "Data", "Weights", "Networks", "Architectures",
            "Inference/InferencePrecision.cs", "Inference", "Models", "Conversion", "Training",
        ]),

        // The numbers as a page.
        ("RePaViT.Reports", ["IO", "Training", "Reports"]),

        // Engines of its own: no kernel, and nothing of the managed ones.
        ("RePaViT.TorchSharp",
        [
            "Threading", "Objectives", "Operators", "Data", "Weights", "Networks", "Architectures",
            "Inference/InferencePrecision.cs", "Inference/IInferenceEngine.cs", "Models", "Training", "Trainer.cs", "Transfer",
        ]),

        // No engine at all, and nothing of what networks are made of.
        ("RePaViT.MLNet",
        [
            "IO", "Threading", "Data", "Networks", "Architectures", "Onnx", "Import", "Inference/InferencePrecision.cs", "Models",
            "Clip", "Conversion", "Training", "Trainer.cs", "Transfer", "Reports", "RePaViT.Reports", "RePaViT.TorchSharp",
        ]),

        // A cluster is told of models and files.
        ("RePaViT.Orleans", ["IO", "Data", "Weights", "Networks", "Architectures", "Models", "Serving"]),
    ];

    /// <summary>Fails unless the types of an assembly use exactly what their rows say.</summary>
    public static void AssertHoldsFor(Assembly assembly)
    {
        var uses = (
            from dependency in Dependencies.Of(assembly)
            let user = PlaceOf(dependency.UserFile)
            let used = PlaceOf(dependency.UsedFile)
            where user != used
            select (User: user, Used: used, Dependency: dependency)).ToList();
        string[] forbidden =
        [
            .. from use in uses
               where !UsesOf(use.User).Contains(use.Used)
               select $"{use.Dependency.UserFile}: {use.Dependency.User} uses {use.Dependency.Used} of {use.Dependency.UsedFile}, "
                   + $"but {use.User} may not use {use.Used}.",
        ];
        Assert.IsEmpty(forbidden, string.Join(Environment.NewLine, forbidden));

        string[] superfluous =
        [
            .. from user in uses.Select(use => use.User).Distinct()
               from used in UsesOf(user).Except(uses.Where(use => use.User == user).Select(use => use.Used))
               select $"{user} does not use {used}; the table should not say so.",
        ];
        Assert.IsEmpty(superfluous, string.Join(Environment.NewLine, superfluous));
    }

    private static string[] UsesOf(string place) => Rows.Single(row => row.Place == place).Uses;

    private static string PlaceOf(string file)
        => Rows.Select(row => row.Place)
            .Where(place => file == place || file.StartsWith($"{place}/", StringComparison.Ordinal) || IsPartOf(file, place))
            .MaxBy(place => place.Length)
            ?? throw new AssertFailedException($"{file} stands in no place of the table: what may it use?");

    /// <summary>Whether a file is another part of the type that a file of the table has: Trainer.Pretraining.cs of Trainer.cs.</summary>
    private static bool IsPartOf(string file, string place)
        => place.EndsWith(".cs", StringComparison.Ordinal) && file.StartsWith(place[..^"cs".Length], StringComparison.Ordinal);
}
