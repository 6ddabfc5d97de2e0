using System.Diagnostics;
using Microsoft.AspNetCore.Http.HttpResults;

namespace RePaViT.WebService;

/// <summary>POST /classify: an image file as the body or in a form; the most probable classes come back.</summary>
internal static class Classification
{
    private const int ClassesShown = 5;

    public static void Map(IEndpointRouteBuilder app) => app.MapPost("/classify", ClassifyAsync)
        .Accepts<IFormFile>("multipart/form-data", "image/*", "application/octet-stream")
        .Produces<Answer>()
        .ProducesProblem(StatusCodes.Status400BadRequest)
        .ProducesProblem(StatusCodes.Status413PayloadTooLarge)
        .ProducesProblem(StatusCodes.Status415UnsupportedMediaType)
        .ProducesProblem(StatusCodes.Status503ServiceUnavailable)
        .ProducesProblem(StatusCodes.Status504GatewayTimeout)
        .WithSummary("Classifies an image.")
        .DisableAntiforgery();

    private static async Task<Results<Ok<Answer>, ProblemHttpResult>> ClassifyAsync(
        HttpRequest request, RePaViTModel model, BatchingScorer scorer, ServiceOptions options, CancellationToken cancellationToken)
    {
        long start = Stopwatch.GetTimestamp();
        try
        {
            byte[] file = await ReadAsync(request, options.MaxImageBytes, cancellationToken);
            RgbImage image = ImageFile.Decode(file, model.Preprocessing.Decoding);
            Prediction prediction = await scorer.PredictAsync(image, cancellationToken);
            return TypedResults.Ok(new Answer(
                [.. model.ClassNames.Zip(prediction.Probabilities, (name, probability) => new ClassAnswer(name, probability))
                    .OrderByDescending(found => found.Probability)
                    .Take(ClassesShown)],
                Stopwatch.GetElapsedTime(start).TotalMilliseconds));
        }
        catch (BadHttpRequestException exception)
        {
            return TypedResults.Problem(exception.Message, statusCode: exception.StatusCode);
        }
        catch (InvalidDataException exception)
        {
            return TypedResults.Problem(exception.Message, statusCode: StatusCodes.Status415UnsupportedMediaType);
        }
        catch (QueueFullException exception)
        {
            request.HttpContext.Response.Headers.RetryAfter = "1";
            return TypedResults.Problem(exception.Message, statusCode: StatusCodes.Status503ServiceUnavailable);
        }
        catch (TimeoutException)
        {
            return TypedResults.Problem(
                $"The image was not classified within {options.DeadlineSeconds} seconds.", statusCode: StatusCodes.Status504GatewayTimeout);
        }
    }

    /// <exception cref="BadHttpRequestException">There is no image, more than one, or it is too large.</exception>
    private static async Task<byte[]> ReadAsync(HttpRequest request, int maxBytes, CancellationToken cancellationToken)
    {
        if (!request.HasFormContentType)
        {
            return await ReadAsync(request.Body, maxBytes, cancellationToken);
        }

        IFormFileCollection files;
        try
        {
            files = (await request.ReadFormAsync(cancellationToken)).Files;
        }
        catch (InvalidDataException)
        {
            throw TooLarge(maxBytes);
        }

        if (files.Count != 1)
        {
            throw new BadHttpRequestException($"The form has {files.Count} files: one image is needed.");
        }

        await using Stream file = files[0].OpenReadStream();
        return await ReadAsync(file, maxBytes, cancellationToken);
    }

    private static async Task<byte[]> ReadAsync(Stream source, int maxBytes, CancellationToken cancellationToken)
    {
        using var bytes = new MemoryStream();
        byte[] buffer = new byte[1 << 16];
        for (int read; (read = await source.ReadAsync(buffer, cancellationToken)) > 0;)
        {
            bytes.Write(buffer, 0, read);
            if (bytes.Length > maxBytes)
            {
                throw TooLarge(maxBytes);
            }
        }

        return bytes.ToArray();
    }

    private static BadHttpRequestException TooLarge(int maxBytes)
        => new($"The image file is too large: at most {maxBytes} bytes are accepted.", StatusCodes.Status413PayloadTooLarge);

    /// <summary>What comes back.</summary>
    /// <param name="Classes">The most probable classes, the most probable first.</param>
    /// <param name="Milliseconds">From the request to the answer, in the service.</param>
    internal sealed record Answer(IReadOnlyList<ClassAnswer> Classes, double Milliseconds);

    /// <summary>A class.</summary>
    internal sealed record ClassAnswer(string Name, float Probability);
}
