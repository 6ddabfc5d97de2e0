using System.Globalization;
using System.Text.RegularExpressions;
using Microsoft.Playwright;

namespace RePaViT.WebService.Tests;

/// <summary>The page as somebody uses it.</summary>
[TestClass]
public sealed class PageTests
{
    private static readonly FilePayload _file = new() { Name = "a.png", MimeType = "image/png", Buffer = Service.Files[3] };

    private static Service _service = null!;
    private static Browser? _browser;
    private static string _address = "";

    [ClassInitialize]
    public static async Task Start(TestContext _)
    {
        if (Browser.Executable is string executable)
        {
            _browser = await Browser.StartAsync(executable);
            _service = new Service(overHttp: true);
            using HttpClient client = _service.CreateClient();
            _address = client.BaseAddress!.ToString();
        }
    }

    [ClassCleanup]
    public static async Task Stop()
    {
        if (_browser is not null)
        {
            await _browser.DisposeAsync();
            _service.Dispose();
        }
    }

    [TestMethod]
    public async Task A_file_that_is_chosen_is_classified()
    {
        IPage page = await OpenAsync();

        await page.SetInputFilesAsync("#file", _file);

        await AssertClassified(page);
    }

    [TestMethod]
    public async Task A_file_that_is_dropped_is_classified()
    {
        IPage page = await OpenAsync();
        IJSHandle dropped = await page.EvaluateHandleAsync(
            """
            base64 => {
              const transfer = new DataTransfer();
              transfer.items.add(new File([Uint8Array.from(atob(base64), c => c.charCodeAt(0))], 'a.png', { type: 'image/png' }));
              return transfer;
            }
            """,
            Convert.ToBase64String(_file.Buffer));

        await page.DispatchEventAsync("#drop", "drop", new Dictionary<string, object> { ["dataTransfer"] = dropped });

        await AssertClassified(page);
    }

    [TestMethod]
    public async Task A_picture_of_the_camera_is_classified()
    {
        IPage page = await OpenAsync();

        await page.ClickAsync("#camera");
        await page.ClickAsync("#shoot");

        await page.WaitForSelectorAsync("#classes tr");
        Assert.AreEqual(5, await page.Locator("#classes tr").CountAsync());
        Assert.IsFalse(await page.IsVisibleAsync("#video"));
    }

    [TestMethod]
    public async Task What_is_no_image_is_told()
    {
        IPage page = await OpenAsync();

        await page.SetInputFilesAsync("#file", new FilePayload { Name = "a.png", MimeType = "image/png", Buffer = [1, 2, 3, 4] });

        await Assertions.Expect(page.Locator("#message")).ToContainTextAsync("image file: PNG, JPEG");
        Assert.IsFalse(await page.IsVisibleAsync("#classes"));
    }

    [TestMethod]
    public async Task A_map_lies_over_the_part_that_the_model_sees()
    {
        IPage page = await OpenAsync();
        await page.SetInputFilesAsync("#file", _file);

        await page.CheckAsync("#wanted");

        await page.WaitForSelectorAsync("#map", new() { State = WaitForSelectorState.Visible });
        LocatorBoundingBoxResult picture = (await page.Locator("#picture").BoundingBoxAsync())!;
        LocatorBoundingBoxResult map = (await page.Locator("#map").BoundingBoxAsync())!;
        double side = Service.Model.Preprocessing.CropFraction * Math.Min(picture.Width, picture.Height);
        Assert.AreEqual(side, map.Width, 1);
        Assert.AreEqual(side, map.Height, 1);
        Assert.AreEqual(picture.X + (picture.Width - side) / 2, map.X, 1);
        Assert.AreEqual(picture.Y + (picture.Height - side) / 2, map.Y, 1);
        float[] expected = PatchOcclusion.Compute(Service.Model, ImageFile.Decode(_file.Buffer));
        int[] reds = await page.EvaluateAsync<int[]>(
            "[...document.getElementById('map').getContext('2d').getImageData(0, 0, 7, 7).data].filter((_, i) => i % 4 === 0)");
        Assert.HasCount(expected.Length, reds);
        Assert.AreEqual(expected.IndexOf(expected.Max()), reds.IndexOf(255), "The brightest square is worth the most.");

        await page.UncheckAsync("#wanted");
        Assert.IsFalse(await page.IsVisibleAsync("#map"));
    }

    [TestMethod]
    public async Task A_phone_in_the_dark_shows_all_without_scrolling_aside()
    {
        const int Width = 360;
        IPage light = await OpenAsync();
        IPage page = await OpenAsync(new() { ColorScheme = ColorScheme.Dark, ViewportSize = new() { Width = Width, Height = 700 }, HasTouch = true, IsMobile = true });
        const string Background = "getComputedStyle(document.body).backgroundColor";

        await page.SetInputFilesAsync("#file", _file);
        await AssertClassified(page);

        Assert.AreEqual("rgb(255, 255, 255)", await light.EvaluateAsync<string>(Background));
        Assert.AreEqual("rgb(18, 22, 28)", await page.EvaluateAsync<string>(Background));

        // The width of the window is no measure: a phone makes it as wide as what does not fit.
        Assert.IsLessThanOrEqualTo(Width, await page.EvaluateAsync<int>("document.documentElement.scrollWidth"));
    }

    [TestMethod]
    public async Task Nothing_is_asked_of_other_servers()
    {
        IPage page = await OpenAsync();
        var asked = new List<string>();
        page.Request += (_, request) => asked.Add(request.Url);

        await page.ReloadAsync();
        await page.SetInputFilesAsync("#file", _file);
        await AssertClassified(page);
        await page.CheckAsync("#wanted");
        await page.WaitForSelectorAsync("#map", new() { State = WaitForSelectorState.Visible });

        Assert.Contains(_address + "explain", asked);
        Assert.IsEmpty(asked.Where(address => !address.StartsWith(_address, StringComparison.Ordinal) && !address.StartsWith("blob:", StringComparison.Ordinal)));
    }

    private static async Task<IPage> OpenAsync(BrowserNewContextOptions? options = null)
    {
        if (_browser is null)
        {
            Assert.Inconclusive("No Chromium is on the path: the page is not tested in a browser.");
        }

        return await _browser!.OpenAsync(_address, options);
    }

    private static async Task AssertClassified(IPage page)
    {
        await page.WaitForSelectorAsync("#classes tr");
        IReadOnlyList<string> names = await page.Locator("#classes td:first-child").AllTextContentsAsync();
        IReadOnlyList<string> shares = await page.Locator("#classes td:nth-child(2)").AllTextContentsAsync();
        (string Name, float Probability)[] expected =
        [
            .. Service.Model.ClassNames.Zip(Service.Model.Predict(ImageFile.Decode(_file.Buffer)).Probabilities)
                .OrderByDescending(pair => pair.Second)
                .Take(5),
        ];
        CollectionAssert.AreEqual(expected.Select(found => found.Name).ToArray(), names.ToArray());
        foreach ((float probability, string share) in expected.Select(found => found.Probability).Zip(shares))
        {
            Assert.AreEqual(100 * probability, double.Parse(share.TrimEnd(' ', '%'), CultureInfo.InvariantCulture), 0.051);
        }

        StringAssert.Matches(await page.TextContentAsync("#message"), new Regex(@"^\d+ ms in the service, \d+ ms in all$"));
    }
}
