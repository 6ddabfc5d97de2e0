namespace RePaViT.Data;

/// <summary>Finds what is given for each image of a data set, or of the larger one that it is a part of.</summary>
internal static class ImagePlaces
{
    /// <summary>Where each image of a data set stands among so many; null where they are not those of the data set or its whole.</summary>
    public static Func<int, int>? PlacesIn(this IImageDataset dataset, int images)
    {
        if (dataset is INumberedImages part && part.WholeCount == images)
        {
            return part.GetPlace;
        }

        return dataset.Count == images ? index => index : null;
    }

    /// <summary>How many images of how many, as a refusal says it.</summary>
    public static string DescribeCount(this IImageDataset dataset)
        => $"{dataset.Count} training images"
        + (dataset is INumberedImages { WholeCount: int whole } && whole != dataset.Count ? $", out of {whole}" : "");
}
