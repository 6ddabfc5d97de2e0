using System.CommandLine;
using RePaViT.Tool;

namespace RePaViT.PhotoSimilarity;

/// <summary>The command line.</summary>
internal static class SimilarityCommand
{
    // As those of repavit.
    public const int Done = 0;
    public const int Failed = 1;
    public const int NotUnderstood = 2;
    public const int Cancelled = 130;

    private const int MaxMost = 100;

    private const string NoModel = """
        --model is missing: the network whose features tell how similar photos are.
        A small one for a first try: 'dotnet run -c Release --project samples/QuickStart' trains it in two minutes, on shapes;
        then pass '--model quickstart-output/model.onnx'.
        Photos are told apart by weights that have seen millions of them. timm/vit_small_patch16_224.augreg_in21k_ft_in1k and
        facebook/dinov2-small (slower, at 518 pixels) are public, on Hugging Face: download model.safetensors with its config.json
        (and preprocessor_config.json, if there is one) into a folder and pass '--model FOLDER/model.safetensors'.
        docs/pretrained.md lists more.
        """;

    // A photo of many megapixels may be in the decoder.
    private static readonly TimeSpan _timeToStop = TimeSpan.FromMinutes(1);

    /// <summary>Runs a command line. What is refused is told.</summary>
    /// <returns>The exit code: 0 where all is done, 1 where something failed, 2 for a wrong command line, 130 if it was cancelled.</returns>
    public static int Run(string[] args)
    {
        ParseResult commandLine = Create().Parse(args);
        try
        {
            int code = commandLine.Invoke(
                new InvocationConfiguration { EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = _timeToStop });
            return commandLine.Errors.Count > 0 ? NotUnderstood : code;
        }
        catch (OperationCanceledException)
        {
            Console.Error.WriteLine("Cancelled. No page was written.");
            return Cancelled;
        }
        catch (Exception exception) when (
            exception is ArgumentException or InvalidDataException or IOException or UnauthorizedAccessException or NotSupportedException
                or InsufficientMemoryException)
        {
            Console.Error.WriteLine($"Error: {exception.Message}");
            return Failed;
        }
    }

    private static RootCommand Create()
    {
        Argument<DirectoryInfo> folder = new Argument<DirectoryInfo>("FOLDER") { Description = "Photos: those in this folder and in folders below." }
            .AcceptExistingOnly();
        var model = new Option<string?>("--model") { Description = ModelFiles.Description };
        Option<FileInfo[]> query = new Option<FileInfo[]>("--query")
        {
            Description = "Photos to find similar ones of, in the folder or not. Default: all in the folder.",
            AllowMultipleArgumentsPerToken = true,
        }.AcceptExistingOnly();
        var duplicates = new Option<float>("--duplicates")
        {
            Description = "The cosine similarity from which two photos are near duplicates, above 0 and up to 1.",
            DefaultValueFactory = _ => 0.95f,
        };
        var most = new Option<int>("--most") { Description = "How many similar photos to show of each.", DefaultValueFactory = _ => 8 };
        var output = new Option<FileInfo>("--output")
        {
            Description = "The page to write.",
            DefaultValueFactory = _ => new FileInfo("similar.html"),
        };
        var command = new RootCommand("Finds near duplicates among photos, and the most similar ones of each. Writes a page, and deletes nothing.")
        {
            folder, model, query, duplicates, most, output,
        };
        command.Validators.Add(line =>
        {
            if (string.IsNullOrWhiteSpace(line.GetValue(model)))
            {
                line.AddError(NoModel);
            }
        });
        duplicates.Validators.Add(option =>
        {
            if (option.GetValueOrDefault<float>() is not (> 0 and <= 1))
            {
                option.AddError("--duplicates is not accepted: a number above 0 and up to 1 is needed.");
            }
        });
        most.Validators.Add(option =>
        {
            if (option.GetValueOrDefault<int>() is not (>= 1 and <= MaxMost))
            {
                option.AddError($"--most is not accepted: a number from 1 to {MaxMost} is needed.");
            }
        });
        output.Validators.Add(option =>
        {
            // Nothing but a page may be replaced by one.
            if (option.GetValueOrDefault<FileInfo>() is not { Extension: ".html" or ".htm", Directory.Exists: true } page || Directory.Exists(page.FullName))
            {
                option.AddError("--output is not accepted: a file that ends in .html, in a folder that exists, is needed.");
            }
        });

        command.SetInterruptible((line, cancellation) => SimilaritySearch.Run(
            new Settings(
                line.GetRequiredValue(folder).FullName,
                line.GetRequiredValue(model)!,
                [.. line.GetValue(query)!.Select(file => file.FullName)],
                line.GetValue(duplicates),
                line.GetValue(most),
                line.GetValue(output)!.FullName),
            cancellation));
        return command;
    }
}
