using System.CommandLine;
using System.Text.Json;
using System.Text.Json.Serialization;
using Spectre.Console;

namespace RePaViT.Benchmarks;

/// <summary>
/// How every verb reports: it measures a record and hands it over; what is printed is either that record as one line of
/// JSON, or the verb's own text for people.
/// </summary>
internal static class Report
{
    private static readonly JsonSerializerOptions SnakeCase = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        // An error that is not a number must reach the reader of the line, and JSON has no literal for it.
        NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.SnakeCaseLower) },
    };

    /// <summary>Accepted by every verb.</summary>
    public static Option<bool> JsonOption { get; } = new("--json")
    {
        Description = "Print one line of JSON.",
        Recursive = true,
    };

    /// <summary>Where verbs print text. In a file or pipe there are no colors, and lines may be long.</summary>
    public static IAnsiConsole Text { get; } = CreateText();

    /// <summary>Prints a result in the form that the command line asks for.</summary>
    public static void Write<T>(ParseResult commandLine, T result, Action<T> writeText)
    {
        if (commandLine.GetValue(JsonOption))
        {
            Console.WriteLine(ToJson(result));
        }
        else
        {
            writeText(result);
        }
    }

    /// <summary>One line of JSON.</summary>
    public static string ToJson<T>(T value) => JsonSerializer.Serialize(value, SnakeCase);

    /// <summary>Reads what <see cref="ToJson"/> writes.</summary>
    /// <exception cref="JsonException">It is something else.</exception>
    public static T? FromJson<T>(string line) => JsonSerializer.Deserialize<T>(line, SnakeCase);

    private static IAnsiConsole CreateText()
    {
        if (!Console.IsOutputRedirected)
        {
            return AnsiConsole.Console;
        }

        IAnsiConsole console = AnsiConsole.Create(new AnsiConsoleSettings { Ansi = AnsiSupport.No });
        console.Profile.Width = 160;
        return console;
    }
}
