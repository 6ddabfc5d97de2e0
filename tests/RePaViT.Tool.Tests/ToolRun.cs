namespace RePaViT.Tool.Tests;

/// <summary>Command lines of <c>repavit</c>.</summary>
internal static class ToolRun
{
    public static CommandRun Of(params string[] arguments) => CommandRun.Of(Tool.Run, arguments);

    /// <summary>The same; it must succeed.</summary>
    public static CommandRun Done(params string[] arguments)
    {
        CommandRun run = Of(arguments);
        Assert.AreEqual(Tool.Done, run.Code, run.Errors);
        return run;
    }
}
