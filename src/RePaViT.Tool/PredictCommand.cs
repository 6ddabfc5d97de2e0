using System.CommandLine;
using System.Globalization;
using System.Text.Json;

namespace RePaViT.Tool;

/// <summary><c>predict</c>: what a model says about images.</summary>
internal static class PredictCommand
{
    private const int ImagesPerBatch = 64;

    private static readonly JsonSerializerOptions _json = new() { PropertyNamingPolicy = JsonNamingPolicy.CamelCase };

    public static Command Create()
    {
        var model = new Argument<string>("MODEL") { Description = ModelFiles.Description };
        var images = new Argument<string[]>("IMAGES") { Description = "Image files, or folders of them.", Arity = ArgumentArity.OneOrMore };
        var top = new Option<int>("--top")
        {
            Description = "How many of the most probable classes to print.", DefaultValueFactory = _ => 3,
        };
        var json = new Option<bool>("--json") { Description = "Print a line of JSON for each image." };
        var command = new Command("predict", "Classifies images.") { model, images, top, json };
        command.SetAction(line => Run(
            ModelSource.Open(line.GetRequiredValue(model)), ImageFiles.Find(line.GetRequiredValue(images)), line.GetValue(top),
            line.GetValue(json) ? ToJson : ToText));
        return command;
    }

    private static int Run(RePaViTModel model, IReadOnlyList<string> files, int top, Func<ImageAnswer, string> write)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(top, 1, "--top");
        int code = Tool.Done;
        foreach (string[] batch in files.Chunk(ImagesPerBatch))
        {
            foreach (ImageAnswer answer in Classify(model, batch, top))
            {
                Console.WriteLine(write(answer));
                code = answer.Error is null ? code : Tool.Failed;
            }
        }

        return code;
    }

    /// <summary>In the order of the files. One that cannot be read does not keep the others from it.</summary>
    private static IEnumerable<ImageAnswer> Classify(RePaViTModel model, string[] files, int top)
    {
        var images = new RgbImage[files.Length];
        string?[] errors = new string?[files.Length];
        Parallel.For(0, files.Length, i =>
        {
            try
            {
                images[i] = ImageFiles.Read(files[i], model.Preprocessing.Decoding);
            }
            catch (Exception exception) when (exception is InvalidDataException or IOException or UnauthorizedAccessException)
            {
                errors[i] = exception.Message;
            }
        });
        int[] read = [.. Enumerable.Range(0, files.Length).Where(i => errors[i] is null)];
        Prediction[] predictions = read.Length == 0 ? [] : [.. model.Predict([.. read.Select(i => images[i])])];
        return files.Select((file, i) => errors[i] is string error
            ? new ImageAnswer(file, [], error)
            : new ImageAnswer(file, Sort(model, predictions[Array.IndexOf(read, i)], top), null));
    }

    private static ClassAnswer[] Sort(RePaViTModel model, Prediction prediction, int top) => [.. model.ClassNames
        .Zip(prediction.Probabilities, (name, probability) => new ClassAnswer(name, probability))
        .OrderByDescending(answer => answer.Probability)
        .Take(top)];

    private static string ToJson(ImageAnswer answer) => JsonSerializer.Serialize(answer, _json);

    private static string ToText(ImageAnswer answer) => answer.Error ?? answer.File + ": " + string.Join(", ", answer.Classes.Select(
        found => string.Create(CultureInfo.InvariantCulture, $"{found.Name} {100 * found.Probability:F1} %")));

    private sealed record ImageAnswer(string File, IReadOnlyList<ClassAnswer> Classes, string? Error);

    private sealed record ClassAnswer(string Name, float Probability);
}
