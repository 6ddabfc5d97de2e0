using Microsoft.AspNetCore.Http.Features;
using OpenTelemetry.Metrics;

namespace RePaViT.WebService;

/// <summary>A model behind HTTP: the page, what programs ask, health, metrics and the description of it all.</summary>
internal static class ModelService
{
    public static WebApplication Create(WebApplicationBuilder builder, ServiceOptions options, RePaViTModel model, BatchingScorer scorer)
    {
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
        return app;
    }
}
