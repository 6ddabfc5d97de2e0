using Microsoft.AspNetCore.Http.Features;
using OpenTelemetry.Metrics;
using RePaViT;
using RePaViT.WebService;

WebApplicationBuilder builder = WebApplication.CreateBuilder(args);
ServiceOptions options = builder.Configuration.Get<ServiceOptions>() ?? new ServiceOptions();
RePaViTModel model;
BatchingScorer scorer;
try
{
    model = options.OpenModel();
    scorer = new BatchingScorer(
        model, new BatchingOptions { MaxBatchSize = options.MaxBatchSize, QueueCapacity = options.QueueCapacity, Deadline = options.Deadline });
}
catch (Exception exception) when (
    exception is ArgumentException or IOException or InvalidDataException or OverflowException or UnauthorizedAccessException)
{
    Console.Error.WriteLine($"Error: {exception.Message}");
    return 1;
}

await using BatchingScorer disposed = scorer;
builder.WebHost.ConfigureKestrel(server => server.Limits.MaxRequestBodySize = options.MaxRequestBytes);

// The length of a form is that of its request, which is bounded above; what is too long within it is told by its reader.
builder.Services.Configure<FormOptions>(form => form.MultipartBodyLengthLimit = long.MaxValue);
builder.Services.AddSingleton(options);
builder.Services.AddSingleton(model);
builder.Services.AddSingleton(scorer);
builder.Services.AddSingleton<UploadedImages>();
builder.Services.AddHealthChecks();
builder.Services.AddOpenApi();
builder.Services.AddProblemDetails();
builder.Services.AddOpenTelemetry().WithMetrics(
    metrics => metrics.AddMeter("RePaViT", "Microsoft.AspNetCore.Hosting").AddPrometheusExporter());

WebApplication app = builder.Build();
app.UseExceptionHandler();
app.UseStatusCodePages();
app.UseDefaultFiles();
app.UseStaticFiles();
app.MapOpenApi();
app.MapHealthChecks("/health");
app.MapPrometheusScrapingEndpoint();
Classification.Map(app);
Explanation.Map(app);
await app.RunAsync();
return 0;

/// <summary>The service; tests start it.</summary>
public partial class Program;
