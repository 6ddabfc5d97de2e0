using System.Diagnostics;
using System.Net;
using System.Text.Json;
using System.Text.RegularExpressions;
using RePaViT.Tests.Support;

namespace RePaViT.Tool.Tests;

[TestClass]
public sealed class ServeCommandTests
{
    public TestContext TestContext { get; set; } = null!;

    [TestMethod]
    public async Task A_model_is_served_with_its_page()
    {
        using var folder = new TemporaryFolder();
        string photo = Directory.EnumerateFiles(Photos.Write(folder, perClass: 1), "*", SearchOption.AllDirectories).First();
        using Process tool = Process.Start(new ProcessStartInfo(
            "dotnet",
            ["exec", typeof(Tool).Assembly.Location, "serve", Photos.WriteVanilla(folder), "--host", "127.0.0.1", "--port", "0"])
        {
            RedirectStandardOutput = true,
        })!;
        try
        {
            string line = await tool.StandardOutput.ReadLineAsync(TestContext.CancellationToken) ?? "";
            string address = Regex.Match(line, "http://[0-9.:]*[0-9]").Value;
            Assert.AreNotEqual("", address, line);
            using var client = new HttpClient(new HttpClientHandler { UseProxy = false }) { BaseAddress = new Uri(address) };
            using var image = new ByteArrayContent(await File.ReadAllBytesAsync(photo, TestContext.CancellationToken));

            using HttpResponseMessage answer = await client.PostAsync("/classify", image, TestContext.CancellationToken);
            string page = await client.GetStringAsync("/", TestContext.CancellationToken);

            Assert.AreEqual(HttpStatusCode.OK, answer.StatusCode);
            JsonElement json = JsonSerializer.Deserialize<JsonElement>(await answer.Content.ReadAsStringAsync(TestContext.CancellationToken));
            Assert.AreEqual(1, json.GetProperty("classes").EnumerateArray().Sum(found => found.GetProperty("probability").GetDouble()), 1e-5);
            StringAssert.StartsWith(page, "<!DOCTYPE html>");
        }
        finally
        {
            tool.Kill();
            await tool.WaitForExitAsync(CancellationToken.None);
        }
    }

    [TestMethod]
    public void A_name_that_would_be_taken_for_every_address_is_refused()
    {
        using var folder = new TemporaryFolder();

        CommandRun run = ToolRun.Of("serve", Photos.WriteVanilla(folder), "--host", "example");

        Assert.AreEqual(Tool.Failed, run.Code);
        StringAssert.Contains(run.Errors, "'example'");
    }

    [TestMethod]
    public void A_port_that_is_taken_is_told_in_a_line()
    {
        using var folder = new TemporaryFolder();
        using var other = new System.Net.Sockets.TcpListener(IPAddress.Loopback, 0);
        other.Start();

        CommandRun run = ToolRun.Of(
            "serve", Photos.WriteVanilla(folder), "--host", "127.0.0.1", "--port", ((IPEndPoint)other.LocalEndpoint).Port.ToString());

        Assert.AreEqual(Tool.Failed, run.Code);
        Assert.AreEqual(1, run.Errors.Split('\n', StringSplitOptions.RemoveEmptyEntries).Length, run.Errors);
        Assert.AreEqual("", run.Output);
    }
}
