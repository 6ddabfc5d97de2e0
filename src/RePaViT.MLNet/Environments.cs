using System.Reflection;
using Microsoft.ML;
using Microsoft.ML.Runtime;

namespace RePaViT.MLNet;

/// <summary>
/// The environment behind a catalog. ML.NET has no public way from an extension method of a catalog to it, so this goes
/// through what is not public, in this one place.
/// </summary>
internal static class Environments
{
    private const string CatalogInterface = "Microsoft.ML.Data.IInternalCatalog";
    private const string TestedVersion = "5.0.1";

    private static readonly PropertyInfo? EnvironmentProperty
        = typeof(MLContext).Assembly.GetType(CatalogInterface)?.GetProperty("Environment");

    /// <summary>The environment of a catalog.</summary>
    /// <param name="catalog">A catalog of an <see cref="MLContext"/>.</param>
    /// <exception cref="NotSupportedException">This version of ML.NET is built differently.</exception>
    public static IHostEnvironment Of(object catalog)
    {
        ArgumentNullException.ThrowIfNull(catalog);
        return EnvironmentProperty is not null && EnvironmentProperty.DeclaringType!.IsInstanceOfType(catalog)
            && EnvironmentProperty.GetValue(catalog) is IHostEnvironment environment
                ? environment
                : throw Unsupported($"the environment of {catalog.GetType()}");
    }

    /// <summary>The seed that an <see cref="MLContext"/> was made with; null if it was made without one.</summary>
    /// <exception cref="NotSupportedException">This version of ML.NET is built differently.</exception>
    public static int? SeedOf(IHostEnvironment environment)
    {
        ArgumentNullException.ThrowIfNull(environment);
        PropertyInfo seed = environment.GetType().GetProperty("Seed", typeof(int?))
            ?? throw Unsupported($"the seed of {environment.GetType()}");
        return (int?)seed.GetValue(environment);
    }

    private static NotSupportedException Unsupported(string missing)
        => new($"ML.NET {typeof(MLContext).Assembly.GetName().Version} does not expose {missing} as ML.NET {TestedVersion} does: "
            + $"version {TestedVersion} is needed.");
}
