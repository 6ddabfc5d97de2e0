using RePaViT.Tests.Support;

namespace RePaViT.Tests.Serving;

/// <summary>An engine that computes when it is let.</summary>
internal sealed class Gate
{
    private readonly TaskCompletionSource _isOpen = new();
    private readonly TaskCompletionSource _begun = new();

    /// <summary>Longer than anything takes that ends.</summary>
    public static TimeSpan Patience { get; } = TimeSpan.FromSeconds(60);

    /// <summary>A network with three classes.</summary>
    public static RePaViTModel Model { get; } = CreateModel();

    /// <summary>The sizes of batches that came, also of those that failed.</summary>
    public List<int> Batches { get; } = [];

    /// <summary>What is thrown for some batches; null for nothing.</summary>
    public Func<float[], Exception?> Failure { get; set; } = _ => null;

    public BatchingScorer Create(BatchingOptions options) => new(Model, options, (images, probabilities) =>
    {
        Batches.Add(probabilities.Length / Model.ClassNames.Count);
        _begun.TrySetResult();
        Assert.IsTrue(_isOpen.Task.Wait(Patience));
        if (Failure(images.ToArray()) is Exception exception)
        {
            throw exception;
        }

        probabilities.Fill(1 / 3f);
    });

    public void Open() => _isOpen.SetResult();

    /// <summary>Until the first is being computed.</summary>
    public void WaitForBatch() => Assert.IsTrue(_begun.Task.Wait(Patience));

    private static RePaViTModel CreateModel()
    {
        var architecture = new ViTArchitecture { ImageSize = 12, PatchSize = 4, Dim = 30, Depth = 2, Heads = 3, Classes = 3 };
        return new RePaViTModel(
            architecture, NetworkForm.Trained, RandomWeights.Network(architecture, seed: 1).Weights, ["a", "b", "c"]).Reparameterize();
    }
}
