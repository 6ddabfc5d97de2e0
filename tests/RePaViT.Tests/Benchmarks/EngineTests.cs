using System.CommandLine;
using RePaViT.Benchmarks.Engines;

namespace RePaViT.Tests.Benchmarks;

[TestClass]
public sealed class EngineTests
{
    [TestMethod]
    public void The_managed_engine_is_the_default()
    {
        EngineChoice choice = Parse();

        Assert.AreEqual(new EngineChoice(EngineKind.Managed, DeviceKind.Cpu, Precision.Fp32), choice);
        Assert.IsInstanceOfType<ManagedEngine>(choice.Create());
    }

    [TestMethod]
    public void Options_are_read_in_lower_case()
        => Assert.AreEqual(
            new EngineChoice(EngineKind.TorchSharp, DeviceKind.Cuda, Precision.Bf16),
            Parse("--engine", "torchsharp", "--device", "cuda", "--precision", "bf16"));

    [TestMethod]
    [DataRow("--device", "cuda")]
    [DataRow("--precision", "bf16")]
    [DataRow("--engine", "torchsharp", "--precision", "tf32")]
    public void What_an_engine_does_not_do_is_refused(params string[] arguments)
    {
        EngineChoice choice = Parse(arguments);

        var exception = Assert.ThrowsExactly<ArgumentException>(() => choice.Create());
        StringAssert.Contains(exception.Message.ToUpperInvariant(), arguments[^1].ToUpperInvariant());
    }

    [TestMethod]
    public void A_build_without_TorchSharp_says_how_to_get_it()
    {
        EngineChoice choice = Parse("--engine", "torchsharp");

        var exception = Assert.ThrowsExactly<NotSupportedException>(() => choice.Create());
        StringAssert.Contains(exception.Message, "-p:WithTorchSharp=true");
    }

    [TestMethod]
    public void An_unknown_engine_is_a_wrong_command_line()
    {
        var command = new Command("verb");
        _ = new EngineOptions(command);

        Assert.HasCount(1, command.Parse(["--engine", "onnx"]).Errors);
    }

    private static EngineChoice Parse(params string[] arguments)
    {
        var command = new Command("verb");
        var options = new EngineOptions(command);
        return options.Read(command.Parse(arguments));
    }
}
