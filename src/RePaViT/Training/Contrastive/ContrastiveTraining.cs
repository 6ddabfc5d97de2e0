using System.Runtime.InteropServices;
using System.Security.Cryptography;
using RePaViT.Networks;
using RePaViT.Objectives;

namespace RePaViT.Training.Contrastive;

/// <summary>What a contrastive run trains: the network up to its embedding, against texts that stay as they are.</summary>
/// <param name="training">The training pairs.</param>
/// <param name="validation">The validation pairs; null without validation.</param>
/// <param name="scale">What cosines are multiplied by for the softmax.</param>
internal sealed class ContrastiveTraining(PairImages training, PairImages? validation, double scale) : ITeaching
{
    public RunDescription Describe(RunDescription run) => run with
    {
        Contrast = new ContrastDescription
        {
            Texts = Hash(training.Texts), ValidationTexts = validation is null ? null : Hash(validation.Texts), LogitScale = scale,
        },
    };

    public Network NetworkOf(Network whole) => whole.TakeOutput(NetworkLayout.Embedding);

    public Objective Objective(int classes) => new GivenGradient();

    public IBatchTargets Targets(Network network) => new TextTargets(training.Texts);

    public ITrainingEngine Complete(ITrainingEngine engine, Network whole)
    {
        int end = whole.Layout.Find(NetworkLayout.Embedding).Layers;
        return engine is IForwardEngine forward
            ? new PartEngine(
                new ContrastiveEngine(forward, training.Texts[0].Length, scale),
                new FixedTensors(whole.Layers.Skip(end).SelectMany(layer => layer.Tensors), whole.Weights))
            : throw new NotSupportedException($"{engine.GetType().Name} cannot train by contrast: only the engine for the CPU can.");
    }

    public Func<RePaViTModel, CancellationToken, Evaluation>? Evaluate => validation is null ? null : (model, token) => Measure(model, validation, token);

    public void Dispose()
    {
        // Images and texts are the caller's.
    }

    private Evaluation Measure(RePaViTModel model, PairImages pairs, CancellationToken cancellationToken)
    {
        int length = pairs.Texts[0].Length;
        float[] embeddings = new float[(long)pairs.Count * length];
        model.CreateExtractor(NetworkLayout.Embedding).ForEachImage(
            pairs.Count, pairs.GetImage, (index, values) => values.CopyTo(embeddings.AsSpan(index * length, length)), cancellationToken);
        ContrastiveResult result = ContrastiveLoss.Compute(embeddings, [.. pairs.Texts.SelectMany(text => text)], length, scale, [], []);
        return new Evaluation((double)result.Correct / pairs.Count, result.Loss, pairs.Count);
    }

    private static string Hash(IReadOnlyList<float[]> texts)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (float[] text in texts)
        {
            hash.AppendData(MemoryMarshal.AsBytes<float>(text));
        }

        return Convert.ToHexString(hash.GetHashAndReset());
    }
}
