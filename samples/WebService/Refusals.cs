namespace RePaViT.WebService;

/// <summary>What is wrong with a request, or too much at the time, comes back as problem details.</summary>
internal sealed class Refusals(ServiceOptions options) : IEndpointFilter
{
    public async ValueTask<object?> InvokeAsync(EndpointFilterInvocationContext context, EndpointFilterDelegate next)
    {
        try
        {
            return await next(context);
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
            context.HttpContext.Response.Headers.RetryAfter = "1";
            return TypedResults.Problem(exception.Message, statusCode: StatusCodes.Status503ServiceUnavailable);
        }
        catch (TimeoutException)
        {
            return TypedResults.Problem(
                $"The image was not classified within {options.DeadlineSeconds} seconds.", statusCode: StatusCodes.Status504GatewayTimeout);
        }
    }

    /// <summary>Makes an endpoint that takes an image, with what it may refuse.</summary>
    public static RouteHandlerBuilder MapImage(IEndpointRouteBuilder app, string path, Delegate handler) => app.MapPost(path, handler)
        .AddEndpointFilter<Refusals>()
        .Accepts<IFormFile>("multipart/form-data", "image/*", "application/octet-stream")
        .ProducesProblem(StatusCodes.Status400BadRequest)
        .ProducesProblem(StatusCodes.Status413PayloadTooLarge)
        .ProducesProblem(StatusCodes.Status415UnsupportedMediaType)
        .ProducesProblem(StatusCodes.Status503ServiceUnavailable)
        .ProducesProblem(StatusCodes.Status504GatewayTimeout)
        .DisableAntiforgery();
}
