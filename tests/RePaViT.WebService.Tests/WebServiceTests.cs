using System.Net;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace RePaViT.WebService.Tests;

[TestClass]
public sealed class WebServiceTests
{
    private static Service _service = null!;

    [ClassInitialize]
    public static void Start(TestContext _) => _service = new Service();

    [ClassCleanup]
    public static void Stop() => _service.Dispose();

    [TestMethod]
    [DataRow(true)]
    [DataRow(false)]
    public async Task An_image_comes_back_with_its_five_most_probable_classes(bool isForm)
    {
        JsonElement answer = await Service.AnswerOf(await Send(Service.Files[0], isForm));

        AssertIs(Service.Model.Predict(ImageFile.Decode(Service.Files[0])), answer);
        Assert.IsTrue(answer.GetProperty("milliseconds").GetDouble() > 0);
    }

    [TestMethod]
    public async Task Many_at_once_get_what_each_would_get_alone()
    {
        HttpResponseMessage[] responses = await Task.WhenAll(Enumerable.Range(0, 60).Select(i => Send(Service.Files[i % Service.Files.Length], isForm: i % 2 == 0)));

        for (int i = 0; i < responses.Length; i++)
        {
            AssertIs(Service.Model.Predict(ImageFile.Decode(Service.Files[i % Service.Files.Length])), await Service.AnswerOf(responses[i]));
        }
    }

    [TestMethod]
    [DataRow(true)]
    [DataRow(false)]
    public async Task What_is_no_image_is_refused_with_the_formats_that_are_accepted(bool isForm)
        => await Service.AssertRefused(HttpStatusCode.UnsupportedMediaType, "image file: PNG, JPEG", await Send([1, 2, 3, 4], isForm));

    [TestMethod]
    public async Task A_file_that_was_cut_off_is_refused()
        => await Service.AssertRefused(HttpStatusCode.UnsupportedMediaType, "incomplete", await Send(Service.Files[0][..^40], isForm: false));

    [TestMethod]
    [DataRow(true)]
    [DataRow(false)]
    public async Task What_is_too_large_is_refused(bool isForm)
        => await Service.AssertRefused(HttpStatusCode.RequestEntityTooLarge, $"at most {Service.MaxImageBytes} bytes", await Send(new byte[Service.MaxImageBytes + 1], isForm));

    [TestMethod]
    public async Task A_form_without_a_file_or_with_two_is_refused()
    {
        using HttpClient client = _service.CreateClient();
        using var none = new MultipartFormDataContent { { new StringContent("no file"), "text" } };
        using var two = new MultipartFormDataContent
        {
            { new ByteArrayContent(Service.Files[0]), "file", "a.png" }, { new ByteArrayContent(Service.Files[1]), "file", "b.png" },
        };

        await Service.AssertRefused(HttpStatusCode.BadRequest, "0 files", await client.PostAsync("classify", none));
        await Service.AssertRefused(HttpStatusCode.BadRequest, "2 files", await client.PostAsync("classify", two));
    }

    [TestMethod]
    [DataRow("multipart/form-data", "--x--")]
    [DataRow("multipart/form-data; boundary=x", "--x\r\nContent-Disposition: form-data; name=file; filename=a.png\r\n\r\nabc")]
    [DataRow("multipart/form-data; boundary=x", "no part")]
    public async Task A_form_that_cannot_be_read_is_refused(string type, string body)
    {
        using HttpClient client = _service.CreateClient();
        using var content = new StringContent(body);
        content.Headers.Remove("Content-Type");
        content.Headers.TryAddWithoutValidation("Content-Type", type);

        await Service.AssertRefused(HttpStatusCode.BadRequest, "The form ", await client.PostAsync("classify", content));
    }

    [TestMethod]
    [DataRow(true)]
    [DataRow(false)]
    public async Task An_image_is_explained_square_by_square(bool isForm)
    {
        JsonElement answer = await Service.AnswerOf(await _service.SendAsync("explain", Service.Files[1], isForm));

        Assert.AreEqual(PatchOcclusion.Side, answer.GetProperty("side").GetInt32());
        Assert.AreEqual(Service.Model.Preprocessing.CropFraction, answer.GetProperty("cropFraction").GetDouble());
        CollectionAssert.AreEqual(
            PatchOcclusion.Compute(Service.Model, ImageFile.Decode(Service.Files[1])),
            answer.GetProperty("values").EnumerateArray().Select(value => value.GetSingle()).ToArray());
        await Service.AssertRefused(HttpStatusCode.UnsupportedMediaType, "image file: PNG, JPEG", await _service.SendAsync("explain", [1, 2, 3], isForm));
    }

    [TestMethod]
    public async Task Health_metrics_description_and_page_are_there()
    {
        using HttpClient client = _service.CreateClient();
        await Service.AnswerOf(await Send(Service.Files[0], isForm: false));

        Assert.AreEqual("Healthy", await client.GetStringAsync("health"));
        string metrics = await client.GetStringAsync("metrics");
        StringAssert.Contains(metrics, "repavit_scorer_images");
        StringAssert.Matches(metrics, new Regex("repavit_scorer_duration_seconds_bucket.*le=\"0.01\""), "Boundaries of seconds, not of milliseconds.");
        StringAssert.Contains(await client.GetStringAsync("openapi/v1.json"), "/classify");
        string page = await client.GetStringAsync("");
        StringAssert.Contains(page, "What is in the picture?");
        Assert.IsFalse(page.Contains("http://", StringComparison.Ordinal) || page.Contains("https://", StringComparison.Ordinal), "The page needs another server.");
    }

    private static Task<HttpResponseMessage> Send(byte[] file, bool isForm) => _service.SendAsync("classify", file, isForm);

    private static void AssertIs(Prediction expected, JsonElement answer)
    {
        (string Name, float Probability)[] classes =
            [.. answer.GetProperty("classes").EnumerateArray().Select(found => (found.GetProperty("name").GetString()!, found.GetProperty("probability").GetSingle()))];
        CollectionAssert.AreEqual(
            Service.Model.ClassNames.Zip(expected.Probabilities).OrderByDescending(pair => pair.Second).Take(5).Select(pair => (pair.First, pair.Second)).ToArray(),
            classes);
    }
}
