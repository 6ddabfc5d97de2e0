using System.Runtime.CompilerServices;
using RePaViT.Inference;
using RePaViT.Networks;
using RePaViT.Operators;
using RePaViT.Rewrites;

namespace RePaViT.Models;

/// <summary>
/// Has the code of a first prediction compiled on another thread, while the file of the model is still being read: compilation
/// is more than half of the time from opening a small model to its first answer.
/// </summary>
internal static class FirstUse
{
    private static int _hasBegun;

    /// <summary>Begins, once in a process, where there is a compiler at run time and another processor for it.</summary>
    public static void Prepare()
    {
        if (RuntimeFeature.IsDynamicCodeCompiled && Environment.ProcessorCount > 1 && Interlocked.Exchange(ref _hasBegun, 1) == 0)
        {
            ThreadPool.UnsafeQueueUserWorkItem(static _ => TryPredict(), null);
        }
    }

    private static void TryPredict()
    {
        try
        {
            Predict();
        }
        catch (Exception)
        {
            // Nobody waits for this. What is in the way, such as too little memory, the model that is opened will meet and report.
        }
    }

    /// <summary>Runs a small deployed network, with all that the networks of this library have in common.</summary>
    internal static void Predict()
    {
        var architecture = new ViTArchitecture { ImageSize = 16, PatchSize = 8, Dim = 32, Depth = 2, Heads = 2, Classes = 2 };
        NetworkLayout layout = Folding.Fold(architecture.Layout(NetworkForm.Deployed));
        var weights = new NamedTensors();
        foreach (TensorSpec tensor in layout.Layers.SelectMany(layer => layer.Tensors))
        {
            weights.Add(tensor.Name, new WeightTensor(new float[tensor.Length], tensor.Shape));
        }

        InferencePlan plan = InferencePlan.Compile(layout.Layers, weights, threads: 1);
        plan.Run(new float[3 * 16 * 16], 1, new float[2]);
    }
}
