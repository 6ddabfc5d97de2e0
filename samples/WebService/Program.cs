using Microsoft.AspNetCore.Http.Features;
using OpenTelemetry.Metrics;
using RePaViT;
using RePaViT.WebService;

WebApplicationBuilder builder = WebApplication.CreateBuilder(args);
ServiceOptions options = builder.Configuration.Get<ServiceOptions>() ?? new ServiceOptions();
RePaViTModel model;
try
{
    model = options.OpenModel();
}
catch (Exception exception) when (exception is ArgumentException or IOException or InvalidDataException or UnauthorizedAccessException)
{
    Console.Error.WriteLine($"Error: {exception.Message}");
    return 1;
}

builder.WebHost.ConfigureKestrel(server => server.Limits.MaxRequestBodySize = options.MaxRequestBytes);
builder.Services.Configure<FormOptions>(form => form.MultipartBodyLengthLimit = options.MaxImageBytes);
builder.Services.AddSingleton(options);
builder.Services.AddSingleton(model);
builder.Services.AddSingleton(_ => new BatchingScorer(model, new BatchingOptions
{
    MaxBatchSize = options.MaxBatchSize,
    QueueCapacity = options.QueueCapacity,
    Deadline = TimeSpan.FromSeconds(options.DeadlineSeconds),
}));
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
app.Run();
return 0;

/// <summary>The service; tests start it.</summary>
public partial class Program;
