using Microsoft.AspNetCore.Http.HttpResults;

namespace RePaViT.WebService;

/// <summary>POST /explain: which parts of an image its class is due to.</summary>
internal static class Explanation
{
    // Each takes as long as some fifty images: one at a time, so that those who only classify still get their turns.
    private static readonly SemaphoreSlim _turn = new(1);

    public static void Map(IEndpointRouteBuilder app)
        => Refusals.MapImage(app, "/explain", ExplainAsync).WithSummary("Shows which parts of an image account for its top class.");

    private static async Task<Ok<Answer>> ExplainAsync(
        HttpRequest request, UploadedImages images, RePaViTModel model, ServiceOptions options, CancellationToken cancellationToken)
    {
        RgbImage image = await images.ReadAsync(request, cancellationToken);
        if (!await _turn.WaitAsync(options.Deadline, cancellationToken))
        {
            throw new TimeoutException();
        }

        try
        {
            float[] shares = PatchOcclusion.Compute(model, image, cancellationToken);
            return TypedResults.Ok(new Answer(PatchOcclusion.Side, model.Preprocessing.CropFraction, shares));
        }
        finally
        {
            _turn.Release();
        }
    }

    /// <summary>What comes back.</summary>
    /// <param name="Side">Squares along each side of the part that the model sees.</param>
    /// <param name="CropFraction">Side of that part, which is centered, as a share of the image's shorter side.</param>
    /// <param name="Values">By how much the probability falls when a square is covered, row by row from the top.</param>
    internal sealed record Answer(int Side, double CropFraction, IReadOnlyList<float> Values);
}
