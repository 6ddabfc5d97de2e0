using RePaViT;
using RePaViT.WebService;

WebApplicationBuilder builder = WebApplication.CreateBuilder(args);
ServiceOptions options = builder.Configuration.Get<ServiceOptions>() ?? new ServiceOptions();
RePaViTModel model;
BatchingScorer scorer;
try
{
    model = options.OpenModel();
    scorer = options.CreateScorer(model);
}
catch (Exception exception) when (
    exception is ArgumentException or IOException or InvalidDataException or OverflowException or UnauthorizedAccessException)
{
    Console.Error.WriteLine($"Error: {exception.Message}");
    return 1;
}

await using BatchingScorer disposed = scorer;
await ModelService.Create(builder, options, model, scorer).RunAsync();
return 0;

/// <summary>The service; tests start it.</summary>
public partial class Program;
