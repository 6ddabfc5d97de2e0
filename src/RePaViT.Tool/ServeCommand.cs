using System.CommandLine;
using System.Net;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using RePaViT.WebService;

namespace RePaViT.Tool;

/// <summary><c>serve</c>: a model behind HTTP, with a page to try it.</summary>
internal static class ServeCommand
{
    private const string LocalHost = "localhost";

    public static Command Create()
    {
        var model = new Argument<string>("MODEL") { Description = ModelFiles.Description };
        var host = new Option<string>("--host")
        {
            Description = "The address to listen on: localhost for this machine alone, 0.0.0.0 for others too.",
            DefaultValueFactory = _ => LocalHost,
        };
        var port = new Option<ushort>("--port") { Description = "The port to listen on.", DefaultValueFactory = _ => 5000 };
        var command = new Command("serve", "Serves a model over HTTP, with a page to try it, until Ctrl+C is pressed.") { model, host, port };
        command.SetAction((line, cancellationToken) => ServeAsync(
            line.GetRequiredValue(model), Address(line.GetRequiredValue(host), line.GetValue(port)), cancellationToken));
        return command;
    }

    // ASP.NET Core takes any other name for all addresses of the machine.
    private static string Address(string host, ushort port)
        => host == LocalHost ? $"http://{host}:{port}"
            : IPAddress.TryParse(host, out IPAddress? address) ? $"http://{new IPEndPoint(address, port)}"
            : throw new ArgumentException($"--host is '{host}': it must be '{LocalHost}' or an IP address, such as 0.0.0.0 for all of this machine's.");

    private static async Task ServeAsync(string path, string address, CancellationToken cancellationToken)
    {
        var options = new ServiceOptions();
        RePaViTModel model = ModelSource.Open(path);
        await using BatchingScorer scorer = options.CreateScorer(model);
        WebApplicationBuilder builder = WebApplication.CreateBuilder(new WebApplicationOptions
        {
            ContentRootPath = AppContext.BaseDirectory, WebRootPath = "wwwroot",
        });
        builder.WebHost.UseUrls(address);

        // What keeps it from starting is told in a line, as with other verbs.
        builder.Logging.SetMinimumLevel(LogLevel.Warning).AddFilter("Microsoft.Extensions.Hosting", LogLevel.None);
        await using WebApplication app = ModelService.Create(builder, options, model, scorer);
        await app.StartAsync(cancellationToken);
        Console.WriteLine($"{path} is served at {string.Join(", ", app.Urls)}. Ctrl+C stops it.");
        await app.WaitForShutdownAsync(cancellationToken);
    }
}
