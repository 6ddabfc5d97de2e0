using System.Text.Json;
using RePaViT.IO;

namespace RePaViT.Import;

/// <summary>
/// What files beside weights say about the network and of its images: <c>config.json</c> of timm or Hugging Face, and Hugging Face's
/// <c>preprocessor_config.json</c>. What they do not say is null.
/// </summary>
internal sealed record PretrainedConfiguration
{
    private const string NetworkFile = "config.json";
    private const string ImageFile = "preprocessor_config.json";
    private const int MaxLength = 1 << 22;

    // OpenCLIP's, beside a config.json or without one.
    private const string ClipFile = "open_clip_config.json";

    /// <summary>GELU, by the name that timm and Hugging Face give it.</summary>
    public const string Gelu = "gelu";

    /// <summary>Quick GELU, by its name there.</summary>
    public const string QuickGelu = "quick_gelu";

    public int? Dim { get; private init; }

    public int? Depth { get; private init; }

    public int? Heads { get; private init; }

    public int? ImageSize { get; private init; }

    public double? NormEpsilon { get; private init; }

    /// <summary>The activation, by its name there.</summary>
    public string? Activation { get; private init; }

    /// <summary>What is classified, by timm's name: token or avg. Of texts, by OpenCLIP's: argmax, eos and others.</summary>
    public string? Pooling { get; private init; }

    /// <summary>Whether tokens of a text see later ones.</summary>
    public bool SeesLaterTokens { get; private init; }

    public IReadOnlyList<string>? ClassNames { get; private init; }

    public Rgb? Mean { get; private init; }

    public Rgb? StandardDeviation { get; private init; }

    public double? CropFraction { get; private init; }

    public Interpolation? Interpolation { get; private init; }

    /// <summary>What they say of the tower of texts beside that of images; null where there is none.</summary>
    public PretrainedConfiguration? Text { get; private init; }

    /// <summary>The files that were read.</summary>
    public IReadOnlyList<string> Files { get; private init; } = [];

    /// <exception cref="InvalidDataException">A file is damaged; the message names it.</exception>
    public static PretrainedConfiguration ReadBeside(string path)
    {
        string folder = Path.GetDirectoryName(Path.GetFullPath(path))!;
        var configuration = new PretrainedConfiguration();
        configuration = Read(configuration, Path.Combine(folder, NetworkFile), (read, root) => root.TryGetProperty("pretrained_cfg", out JsonElement timm)
            ? read.WithTimm(root, timm)
            : read.WithHuggingFace(root));
        configuration = Read(configuration, Path.Combine(folder, ClipFile), (read, root) => read.WithOpenClip(root));
        return Read(configuration, Path.Combine(folder, ImageFile), (read, root) => read.WithImages(root));
    }

    private static PretrainedConfiguration Read(
        PretrainedConfiguration configuration, string path, Func<PretrainedConfiguration, JsonElement, PretrainedConfiguration> read)
    {
        if (!File.Exists(path))
        {
            return configuration;
        }

        using FileStream stream = SourceFile.Open(path);
        if (stream.Length > MaxLength)
        {
            throw new InvalidDataException($"{path}: {stream.Length} bytes are not accepted; at most {MaxLength} are.");
        }

        try
        {
            using JsonDocument document = JsonDocument.Parse(stream);
            return document.RootElement.ValueKind == JsonValueKind.Object
                ? read(configuration, document.RootElement) with { Files = [.. configuration.Files, path] }
                : throw new InvalidDataException($"{path}: an object is needed.");
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException)
        {
            throw new InvalidDataException($"{path}: it is not accepted. {Excerpt.OfMessage(exception)}", Excerpt.AsReason(exception));
        }
    }

    private PretrainedConfiguration WithTimm(JsonElement root, JsonElement images) => this with
    {
        Dim = Int32(root, "num_features"),
        ImageSize = Numbers(images, "input_size") is [_, double height, double width] && height == width ? ToInt32(height) : null,
        Pooling = String(root, "global_pool"),
        Activation = root.TryGetProperty("model_args", out JsonElement arguments) && String(arguments, "act_layer") is string activation
            ? activation
            : String(root, "architecture") is string name ? (name.Contains("quickgelu", StringComparison.Ordinal) ? QuickGelu : Gelu) : null,
        ClassNames = Texts(root, "label_names") ?? Texts(images, "label_names"),
        Mean = Color(images, "mean"),
        StandardDeviation = Color(images, "std"),
        CropFraction = Number(images, "crop_pct"),
        Interpolation = String(images, "interpolation") switch
        {
            "bicubic" => RePaViT.Interpolation.Bicubic,
            "bilinear" => RePaViT.Interpolation.Bilinear,
            _ => null,
        },
    };

    private PretrainedConfiguration WithHuggingFace(JsonElement root)
    {
        // Of networks for images and texts, the part for images.
        JsonElement own = root.TryGetProperty("vision_config", out JsonElement vision) && vision.ValueKind == JsonValueKind.Object ? vision : root;
        bool isClip = String(root, "model_type") is "clip" or "clip_vision_model";
        return this with
        {
            Dim = Int32(own, "hidden_size"),
            Depth = Int32(own, "num_hidden_layers"),
            Heads = Int32(own, "num_attention_heads"),
            ImageSize = Int32(own, "image_size"),
            NormEpsilon = Number(own, "layer_norm_eps"),

            // What is as usual there may be left out.
            Activation = String(own, "hidden_act") ?? (isClip ? QuickGelu : null),
            ClassNames = Labels(root),
            Text = !root.TryGetProperty("text_config", out JsonElement text) || text.ValueKind != JsonValueKind.Object ? null : new()
            {
                Dim = Int32(text, "hidden_size"),
                Depth = Int32(text, "num_hidden_layers"),
                Heads = Int32(text, "num_attention_heads"),
                NormEpsilon = Number(text, "layer_norm_eps"),
                Activation = String(text, "hidden_act") ?? (isClip ? QuickGelu : null),
            },
        };
    }

    private PretrainedConfiguration WithOpenClip(JsonElement root)
    {
        if (!root.TryGetProperty("model_cfg", out JsonElement model) || model.ValueKind != JsonValueKind.Object
            || !model.TryGetProperty("vision_cfg", out JsonElement vision) || vision.ValueKind != JsonValueKind.Object)
        {
            return this;
        }

        JsonElement images = root.TryGetProperty("preprocess_cfg", out JsonElement said) ? said : default;
        string activation = IsTrue(model, "quick_gelu") ? QuickGelu : Gelu;
        return this with
        {
            Dim = Int32(vision, "width") ?? Dim,
            ImageSize = Int32(vision, "image_size") ?? ImageSize,
            Heads = Int32(vision, "width") is int width && Int32(vision, "head_width") is > 0 and int perHead ? width / perHead : Heads,
            Activation = activation,
            Pooling = IsTrue(vision, "global_average_pool") ? "avg" : String(vision, "pool_type") is string pooling && pooling != "tok" ? pooling : Pooling,
            Text = !model.TryGetProperty("text_cfg", out JsonElement text) || text.ValueKind != JsonValueKind.Object ? null : new()
            {
                Dim = Int32(text, "width"),
                Depth = Int32(text, "layers"),
                Heads = Int32(text, "heads"),
                Activation = activation,
                Pooling = String(text, "pool_type"),
                SeesLaterTokens = IsTrue(text, "no_causal_mask"),
            },
            Mean = Color(images, "mean") ?? Mean,
            StandardDeviation = Color(images, "std") ?? StandardDeviation,
        };
    }

    private PretrainedConfiguration WithImages(JsonElement root)
    {
        int? resized = Side(root, "size");
        int? cropped = root.TryGetProperty("do_center_crop", out JsonElement crops) && crops.ValueKind == JsonValueKind.True
            ? Side(root, "crop_size")
            : resized;
        return this with
        {
            Mean = Color(root, "image_mean"),
            StandardDeviation = Color(root, "image_std"),
            CropFraction = cropped is int crop && resized is int size && crop <= size ? (double)crop / size : null,
            Interpolation = Int32(root, "resample") switch
            {
                2 => RePaViT.Interpolation.Bilinear,
                3 => RePaViT.Interpolation.Bicubic,
                _ => null,
            },
        };
    }

    /// <summary>A size as a number, or as {"height", "width"} or {"shortest_edge"}.</summary>
    private static int? Side(JsonElement root, string name)
    {
        if (!root.TryGetProperty(name, out JsonElement size) || size.ValueKind != JsonValueKind.Object)
        {
            return Int32(root, name) is > 0 and int side ? side : null;
        }

        return (Int32(size, "shortest_edge") ?? Int32(size, "height")) is > 0 and int shorter ? shorter : null;
    }

    /// <summary>{"0": name, "1": name}, without gaps.</summary>
    private static List<string>? Labels(JsonElement root)
    {
        if (!root.TryGetProperty("id2label", out JsonElement labels) || labels.ValueKind != JsonValueKind.Object)
        {
            return null;
        }

        // Looking one up takes as long as there are others before it.
        var byNumber = new Dictionary<string, JsonElement>(StringComparer.Ordinal);
        foreach (JsonProperty label in labels.EnumerateObject())
        {
            byNumber[label.Name] = label.Value;
        }

        var names = new List<string>();
        while (byNumber.TryGetValue($"{names.Count}", out JsonElement name) && name.ValueKind == JsonValueKind.String)
        {
            names.Add(name.GetString()!);
        }

        return names.Count > 0 ? names : null;
    }

    private static Rgb? Color(JsonElement root, string name)
        => Numbers(root, name) is [double red, double green, double blue] ? new Rgb((float)red, (float)green, (float)blue) : null;

    private static double[]? Numbers(JsonElement root, string name)
        => Items(root, name, JsonValueKind.Number) is JsonElement[] items ? Array.ConvertAll(items, item => item.GetDouble()) : null;

    private static string[]? Texts(JsonElement root, string name)
        => Items(root, name, JsonValueKind.String) is JsonElement[] items ? Array.ConvertAll(items, item => item.GetString()!) : null;

    private static JsonElement[]? Items(JsonElement root, string name, JsonValueKind kind)
        => root.ValueKind == JsonValueKind.Object && root.TryGetProperty(name, out JsonElement list) && list.ValueKind == JsonValueKind.Array
            && list.EnumerateArray().All(item => item.ValueKind == kind)
            ? [.. list.EnumerateArray()]
            : null;

    private static string? String(JsonElement root, string name)
        => root.ValueKind == JsonValueKind.Object && root.TryGetProperty(name, out JsonElement text) && text.ValueKind == JsonValueKind.String
            ? text.GetString()
            : null;

    private static bool IsTrue(JsonElement root, string name)
        => root.TryGetProperty(name, out JsonElement value) && value.ValueKind == JsonValueKind.True;

    private static double? Number(JsonElement root, string name)
        => root.ValueKind == JsonValueKind.Object && root.TryGetProperty(name, out JsonElement number) && number.ValueKind == JsonValueKind.Number
            && number.TryGetDouble(out double value)
            ? value
            : null;

    private static int? Int32(JsonElement root, string name) => Number(root, name) is double value ? ToInt32(value) : null;

    private static int? ToInt32(double value) => value == (int)value ? (int)value : null;
}
