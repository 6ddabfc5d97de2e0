using Microsoft.Extensions.DependencyInjection;
using RePaViT.Cluster.Silos;

namespace RePaViT;

/// <summary>Makes silos of Orleans score images.</summary>
public static class ScoringSiloExtensions
{
    /// <summary>
    /// The name of the grain storage that keeps jobs and their progress. The silo must have one of that name that outlives it, such as a
    /// database or Redis, configured as usual for Orleans.
    /// </summary>
    public const string StorageName = "repavit";

    /// <summary>Makes a silo take parts of jobs, with one model for all of them.</summary>
    /// <param name="silo">The silo.</param>
    /// <param name="options">How it scores.</param>
    /// <exception cref="ArgumentException">An option has a value that is not accepted.</exception>
    public static ISiloBuilder AddRePaViTScoring(this ISiloBuilder silo, ScoringSiloOptions options)
    {
        ArgumentNullException.ThrowIfNull(silo);
        ArgumentNullException.ThrowIfNull(options);
        options.Validate();
        silo.Services.AddSingleton(options);
        silo.Services.AddSingleton(services => new SiloScorer(
            options.ModelPath is string path ? RePaViTModel.Load(path) : services.GetRequiredService<RePaViTModel>(), options));
        silo.Services.AddSingleton<ILifecycleParticipant<ISiloLifecycle>, SiloWorker>();
        return silo;
    }
}
