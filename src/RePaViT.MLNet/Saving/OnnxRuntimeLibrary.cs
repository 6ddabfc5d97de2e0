using Microsoft.ML.OnnxRuntime;

namespace RePaViT.MLNet.Saving;

/// <summary>
/// The native library that ML.NET runs saved models with. Which one, for the CPU or a GPU, is the application's choice,
/// so it may have been forgotten.
/// </summary>
internal static class OnnxRuntimeLibrary
{
    private static readonly string Advice =
        "The native library of ONNX Runtime, which ML.NET saves and runs models with, is missing or too old. "
        + "Add the package Microsoft.ML.OnnxRuntime (CPU) or Microsoft.ML.OnnxRuntime.Gpu to the application. "
        + $"Without it, {nameof(ImageClassificationRePaViTTransformer.SaveAsOnnx)} saves a classifier, LoadRePaViT loads it, and RePaViTFeaturizer takes its file.";

    /// <summary>What to do about the library, and why it cannot be used; null if it can.</summary>
    public static Exception? FindProblem()
    {
        try
        {
            // The smallest thing that needs it.
            new SessionOptions().Dispose();
            return null;
        }
        catch (Exception exception) when (IsAboutLibrary(exception))
        {
            return new InvalidOperationException(Advice, exception);
        }
    }

    private static bool IsAboutLibrary(Exception? exception)
        => exception is DllNotFoundException or EntryPointNotFoundException or BadImageFormatException
            || (exception is not null && IsAboutLibrary(exception.InnerException));
}
