using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Microsoft.AspNetCore.Mvc.Testing;
using RePaViT.MLNet.Tests.Support;
using RePaViT.Tests.Support;

namespace RePaViT.WebService.Tests;

[TestClass]
public sealed class WebServiceTests
{
    private const int MaxImageBytes = 100_000;

    private static readonly TemporaryFolder _folder = new();
    private static readonly byte[][] _files = [.. Enumerable.Range(0, 12).Select(seed => ImageRow.Png(TestImages.Random(20 + seed, 18, seed)))];

    private static RePaViTModel _model = null!;
    private static WebApplicationFactory<Program> _service = null!;

    [ClassInitialize]
    public static void Start(TestContext _)
    {
        var architecture = new ViTArchitecture { ImageSize = 16, PatchSize = 8, Dim = 32, Depth = 2, Heads = 1, Classes = 7 };
        _model = new Trainer(architecture, new TrainingRecipe { Epochs = 1, BatchSize = 7 }).Fit(TestImages.Dataset(14, 16, 7)).Deploy();
        _model.Save(_folder.File("model.onnx"));
        _service = new WebApplicationFactory<Program>().WithWebHostBuilder(host => host
            .UseSetting("Model:Path", _folder.File("model.onnx"))
            .UseSetting("MaxImageBytes", $"{MaxImageBytes}"));
    }

    [ClassCleanup]
    public static void Stop()
    {
        _service.Dispose();
        _folder.Dispose();
    }

    [TestMethod]
    [DataRow(true)]
    [DataRow(false)]
    public async Task An_image_comes_back_with_its_five_most_probable_classes(bool isForm)
    {
        JsonElement answer = await AnswerOf(await Send(_files[0], isForm));

        AssertIs(_model.Predict(ImageFile.Decode(_files[0])), answer);
        Assert.IsTrue(answer.GetProperty("milliseconds").GetDouble() > 0);
    }

    [TestMethod]
    public async Task Many_at_once_get_what_each_would_get_alone()
    {
        HttpResponseMessage[] responses = await Task.WhenAll(Enumerable.Range(0, 60).Select(i => Send(_files[i % _files.Length], isForm: i % 2 == 0)));

        for (int i = 0; i < responses.Length; i++)
        {
            AssertIs(_model.Predict(ImageFile.Decode(_files[i % _files.Length])), await AnswerOf(responses[i]));
        }
    }

    [TestMethod]
    [DataRow(true)]
    [DataRow(false)]
    public async Task What_is_no_image_is_refused_with_the_formats_that_are_accepted(bool isForm)
        => await AssertRefused(HttpStatusCode.UnsupportedMediaType, "accepted are PNG, JPEG", await Send([1, 2, 3, 4], isForm));

    [TestMethod]
    public async Task A_file_that_was_cut_off_is_refused()
        => await AssertRefused(HttpStatusCode.UnsupportedMediaType, "incomplete", await Send(_files[0][..^40], isForm: false));

    [TestMethod]
    [DataRow(true)]
    [DataRow(false)]
    public async Task What_is_too_large_is_refused(bool isForm)
        => await AssertRefused(HttpStatusCode.RequestEntityTooLarge, $"at most {MaxImageBytes} bytes", await Send(new byte[MaxImageBytes + 1], isForm));

    [TestMethod]
    public async Task A_form_without_a_file_or_with_two_is_refused()
    {
        using HttpClient client = _service.CreateClient();
        using var none = new MultipartFormDataContent { { new StringContent("no file"), "text" } };
        using var two = new MultipartFormDataContent
        {
            { new ByteArrayContent(_files[0]), "file", "a.png" }, { new ByteArrayContent(_files[1]), "file", "b.png" },
        };

        await AssertRefused(HttpStatusCode.BadRequest, "0 files", await client.PostAsync("classify", none));
        await AssertRefused(HttpStatusCode.BadRequest, "2 files", await client.PostAsync("classify", two));
    }

    [TestMethod]
    public async Task Health_metrics_description_and_page_are_there()
    {
        using HttpClient client = _service.CreateClient();
        await AnswerOf(await Send(_files[0], isForm: false));

        Assert.AreEqual("Healthy", await client.GetStringAsync("health"));
        StringAssert.Contains(await client.GetStringAsync("metrics"), "repavit_scorer_images");
        StringAssert.Contains(await client.GetStringAsync("openapi/v1.json"), "/classify");
        string page = await client.GetStringAsync("");
        StringAssert.Contains(page, "What is in the picture?");
        Assert.IsFalse(page.Contains("http://", StringComparison.Ordinal) || page.Contains("https://", StringComparison.Ordinal), "The page needs another server.");
    }

    private static async Task<HttpResponseMessage> Send(byte[] file, bool isForm)
    {
        using HttpClient client = _service.CreateClient();
        using HttpContent content = isForm
            ? new MultipartFormDataContent { { new ByteArrayContent(file), "file", "image.png" } }
            : new ByteArrayContent(file);
        return await client.PostAsync("classify", content);
    }

    private static async Task<JsonElement> AnswerOf(HttpResponseMessage response)
    {
        Assert.AreEqual(HttpStatusCode.OK, response.StatusCode, await response.Content.ReadAsStringAsync());
        return await response.Content.ReadFromJsonAsync<JsonElement>();
    }

    private static void AssertIs(Prediction expected, JsonElement answer)
    {
        (string Name, float Probability)[] classes =
            [.. answer.GetProperty("classes").EnumerateArray().Select(found => (found.GetProperty("name").GetString()!, found.GetProperty("probability").GetSingle()))];
        CollectionAssert.AreEqual(
            _model.ClassNames.Zip(expected.Probabilities).OrderByDescending(pair => pair.Second).Take(5).Select(pair => (pair.First, pair.Second)).ToArray(),
            classes);
    }

    private static async Task AssertRefused(HttpStatusCode status, string text, HttpResponseMessage response)
    {
        string body = await response.Content.ReadAsStringAsync();
        Assert.AreEqual(status, response.StatusCode, body);
        Assert.AreEqual("application/problem+json", response.Content.Headers.ContentType?.MediaType);
        StringAssert.Contains(JsonSerializer.Deserialize<JsonElement>(body).GetProperty("detail").GetString(), text);
    }
}
