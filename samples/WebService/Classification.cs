using System.Diagnostics;
using Microsoft.AspNetCore.Http.HttpResults;

namespace RePaViT.WebService;

/// <summary>POST /classify: the most probable classes of an image.</summary>
internal static class Classification
{
    private const int ClassesShown = 5;

    public static void Map(IEndpointRouteBuilder app)
        => Refusals.MapImage(app, "/classify", ClassifyAsync).WithSummary("Classifies an image.");

    private static async Task<Ok<Answer>> ClassifyAsync(
        HttpRequest request, UploadedImages images, RePaViTModel model, BatchingScorer scorer, CancellationToken cancellationToken)
    {
        long start = Stopwatch.GetTimestamp();
        RgbImage image = await images.ReadAsync(request, cancellationToken);
        Prediction prediction = await scorer.PredictAsync(image, cancellationToken);
        return TypedResults.Ok(new Answer(
            [.. model.ClassNames.Zip(prediction.Probabilities, (name, probability) => new ClassAnswer(name, probability))
                .OrderByDescending(found => found.Probability)
                .Take(ClassesShown)],
            Stopwatch.GetElapsedTime(start).TotalMilliseconds));
    }

    /// <summary>What comes back.</summary>
    /// <param name="Classes">The most probable classes, the most probable first.</param>
    /// <param name="Milliseconds">From the request to the answer, in the service.</param>
    internal sealed record Answer(IReadOnlyList<ClassAnswer> Classes, double Milliseconds);

    /// <summary>A class.</summary>
    internal sealed record ClassAnswer(string Name, float Probability);
}
