using Spectre.Console;

namespace RePaViT.Tool;

/// <summary>Shows how far long work is: a live bar on a terminal, lines where output goes to a file or a pipe.</summary>
internal static class ProgressBar
{
    /// <summary>Runs work that reports values.</summary>
    /// <typeparam name="TValue">What it reports; its text is what is shown.</typeparam>
    /// <typeparam name="TResult">What it ends with.</typeparam>
    /// <param name="run">The work.</param>
    /// <param name="share">How much is done, 0 to 1.</param>
    /// <param name="isLine">Whether a value is worth a line of a file.</param>
    public static TResult Show<TValue, TResult>(Func<IProgress<TValue>, TResult> run, Func<TValue, double> share, Func<TValue, bool> isLine)
        where TValue : notnull
        => AnsiConsole.Profile.Capabilities.Ansi && !Console.IsOutputRedirected
            ? AnsiConsole.Progress()
                .Columns(new TaskDescriptionColumn { Alignment = Justify.Left }, new ProgressBarColumn { Width = 16 })
                .Start(context =>
                {
                    ProgressTask task = context.AddTask("Reading images", maxValue: 1);
                    return run(new Direct<TValue>(value =>
                    {
                        task.Value = share(value);
                        task.Description = Markup.Escape(value.ToString()!);
                    }));
                })
            : run(new Direct<TValue>(value =>
            {
                if (isLine(value))
                {
                    Console.WriteLine(value);
                }
            }));

    /// <summary>Calls on the thread that reports.</summary>
    private sealed class Direct<T>(Action<T> use) : IProgress<T>
    {
        public void Report(T value) => use(value);
    }
}
