namespace RePaViT.Data;

/// <summary>A data set that is a part of a larger one, or of the rows of a table, and knows the places of its images there.</summary>
internal interface INumberedImages
{
    /// <summary>Number of images, or rows, of the whole.</summary>
    int WholeCount { get; }

    /// <summary>The place of an image in the whole.</summary>
    /// <param name="index">In [0, number of images).</param>
    int GetPlace(int index);
}
