using System.CommandLine;
using System.Globalization;

namespace RePaViT.Benchmarks;

/// <summary>How many images to learn from, one number or several.</summary>
internal static class ImageCounts
{
    /// <summary>Numbers between commas or spaces.</summary>
    public static Option<int[]> CreateOption() => new("--images")
    {
        Description = "Numbers of training images.",
        DefaultValueFactory = _ => [30, 100, 300],
        AllowMultipleArgumentsPerToken = true,
        CustomParser = result => [.. result.Tokens.SelectMany(token => token.Value.Split(',')).Select(text => int.Parse(text, CultureInfo.InvariantCulture))],
    };
}
