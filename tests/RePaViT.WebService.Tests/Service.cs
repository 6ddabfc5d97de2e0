using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Microsoft.AspNetCore.Mvc.Testing;
using Microsoft.AspNetCore.TestHost;
using Microsoft.Extensions.DependencyInjection;
using RePaViT.MLNet.Tests.Support;
using RePaViT.Tests.Support;

namespace RePaViT.WebService.Tests;

/// <summary>A service for a small network, in this process.</summary>
internal sealed class Service : IDisposable
{
    public const int MaxImageBytes = 100_000;

    private readonly TemporaryFolder _folder = new();
    private readonly WebApplicationFactory<Program> _factory;

    /// <param name="overHttp">Whether it listens to a port of its own, for browsers; otherwise only <see cref="SendAsync"/> reaches it.</param>
    /// <param name="scorer">What it classifies with; null for its own.</param>
    public Service(bool overHttp = false, BatchingScorer? scorer = null)
    {
        Model.Save(_folder.File("model.onnx"));
        _factory = new WebApplicationFactory<Program>().WithWebHostBuilder(host =>
        {
            host.UseSetting("Model:Path", _folder.File("model.onnx")).UseSetting("MaxImageBytes", $"{MaxImageBytes}");
            if (scorer is not null)
            {
                host.ConfigureTestServices(services => services.AddSingleton(scorer));
            }
        });
        if (overHttp)
        {
            _factory.UseKestrel(0);
            _factory.StartServer();
        }
    }

    /// <summary>What the service answers with.</summary>
    public static RePaViTModel Model { get; } = CreateModel();

    /// <summary>Image files of several sizes.</summary>
    public static byte[][] Files { get; } = [.. Enumerable.Range(0, 12).Select(seed => ImageRow.Png(TestImages.Random(20 + seed, 18, seed)))];

    public HttpClient CreateClient() => _factory.CreateClient();

    /// <summary>Sends a file to be the body, or the one file of a form.</summary>
    public async Task<HttpResponseMessage> SendAsync(string path, byte[] file, bool isForm)
    {
        using HttpClient client = CreateClient();
        using HttpContent content = isForm
            ? new MultipartFormDataContent { { new ByteArrayContent(file), "file", "image.png" } }
            : new ByteArrayContent(file);
        return await client.PostAsync(path, content);
    }

    public static async Task<JsonElement> AnswerOf(HttpResponseMessage response)
    {
        Assert.AreEqual(HttpStatusCode.OK, response.StatusCode, await response.Content.ReadAsStringAsync());
        return await response.Content.ReadFromJsonAsync<JsonElement>();
    }

    public static async Task AssertRefused(HttpStatusCode status, string text, HttpResponseMessage response)
    {
        string body = await response.Content.ReadAsStringAsync();
        Assert.AreEqual(status, response.StatusCode, body);
        Assert.AreEqual("application/problem+json", response.Content.Headers.ContentType?.MediaType);
        StringAssert.Contains(JsonSerializer.Deserialize<JsonElement>(body).GetProperty("detail").GetString(), text);
    }

    public void Dispose()
    {
        _factory.Dispose();
        _folder.Dispose();
    }

    private static RePaViTModel CreateModel()
    {
        var architecture = new ViTArchitecture { ImageSize = 16, PatchSize = 8, Dim = 32, Depth = 2, Heads = 1, Classes = 7 };
        return new Trainer(architecture, new TrainingRecipe { Epochs = 1, BatchSize = 7 }).Fit(TestImages.Dataset(14, 16, 7)).Deploy();
    }
}
