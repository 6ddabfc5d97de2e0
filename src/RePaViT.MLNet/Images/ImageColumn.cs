using System.Text.Json.Serialization;
using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Transforms.Image;

namespace RePaViT.MLNet.Images;

/// <summary>Reads the value of the row that a cursor stands on. What comes back no longer needs the cursor.</summary>
internal delegate ImageDecoder ImageFetcher();

/// <summary>Makes an image of a value that was fetched, on any thread.</summary>
/// <exception cref="InvalidDataException">The value is not an image.</exception>
internal delegate RgbImage ImageDecoder();

/// <summary>What the values of a column of images are.</summary>
internal enum ImageColumnKind
{
    /// <summary>Decoded images, as LoadImages gives them.</summary>
    Image,

    /// <summary>The bytes of image files, as LoadRawImageBytes gives them.</summary>
    File,

    /// <summary>Numbers from 0 to 255, as ExtractPixels gives them.</summary>
    Pixels,
}

/// <summary>The type of a column of images: how its values become images.</summary>
/// <param name="Kind">What the values are.</param>
/// <param name="Height">Height of every image in pixels; 0 where images may be of any size.</param>
/// <param name="Width">Width of every image in pixels; 0 where images may be of any size.</param>
/// <param name="IsInterleaved">Whether numbers come pixel by pixel, [height, width, 3], and not in planes, [3, height, width].</param>
internal sealed record ImageColumn(ImageColumnKind Kind, int Height = 0, int Width = 0, bool IsInterleaved = false)
{
    private const string Accepted =
        "It may hold images (LoadImages), bytes of image files (LoadRawImageBytes), or vectors of floating-point numbers, "
        + "of known shape and with three colors (ExtractPixels)";

    /// <exception cref="ArgumentException">The column holds no images; the message says what would be accepted.</exception>
    public static ImageColumn Of(DataViewSchema.Column column) => column.Type switch
    {
        ImageDataViewType image => new ImageColumn(ImageColumnKind.Image, image.Height, image.Width),
        VectorDataViewType { ItemType: NumberDataViewType item, Dimensions.Length: 1 } when item == NumberDataViewType.Byte
            => new ImageColumn(ImageColumnKind.File),
        VectorDataViewType { ItemType: NumberDataViewType item, Dimensions: [3, > 0, > 0] shape } when item == NumberDataViewType.Single
            => new ImageColumn(ImageColumnKind.Pixels, shape[1], shape[2]),
        VectorDataViewType { ItemType: NumberDataViewType item, Dimensions: [> 0, > 0, 3] shape } when item == NumberDataViewType.Single
            => new ImageColumn(ImageColumnKind.Pixels, shape[0], shape[1], IsInterleaved: true),
        _ => throw new ArgumentException($"Column '{column.Name}' of type {column.Type} holds no images. {Accepted}."),
    };

    /// <summary>The type of such a column.</summary>
    [JsonIgnore]
    public DataViewType Type => Kind switch
    {
        ImageColumnKind.Image when Height > 0 => new ImageDataViewType(Height, Width),
        ImageColumnKind.Image => new ImageDataViewType(),
        ImageColumnKind.File => new VectorDataViewType(NumberDataViewType.Byte),
        _ when IsInterleaved => new VectorDataViewType(NumberDataViewType.Single, Height, Width, 3),
        _ => new VectorDataViewType(NumberDataViewType.Single, 3, Height, Width),
    };

    /// <summary>Checks what comes from a file.</summary>
    /// <exception cref="ArgumentException">There is no column of such a size.</exception>
    public void Validate()
    {
        bool mayBeOfAnySize = Kind != ImageColumnKind.Pixels;
        bool hasSize = Height >= 1 && Width >= 1 && 3L * Height * Width <= Array.MaxLength;
        if (!hasSize && !(mayBeOfAnySize && Height == 0 && Width == 0))
        {
            throw new ArgumentException($"A column of kind {Kind} cannot have images of {Width} x {Height} pixels.");
        }
    }

    /// <summary>Checks what can be seen of a column before there are data.</summary>
    /// <exception cref="ArgumentException">The column cannot hold images.</exception>
    public static void ThrowUnlessAccepted(SchemaShape.Column column)
    {
        bool accepted = !column.IsKey && (column.ItemType, column.Kind) switch
        {
            (ImageDataViewType, SchemaShape.Column.VectorKind.Scalar) => true,
            (NumberDataViewType item, SchemaShape.Column.VectorKind.Vector) => item == NumberDataViewType.Byte || item == NumberDataViewType.Single,
            (NumberDataViewType item, SchemaShape.Column.VectorKind.VariableVector) => item == NumberDataViewType.Byte,
            _ => false,
        };
        if (!accepted)
        {
            throw new ArgumentException(
                $"Column '{column.Name}' ({column.Kind} of {column.ItemType}) holds no images. {Accepted}.");
        }
    }

    /// <summary>Reads this column of a row or cursor, for a model that prepares images in some way.</summary>
    public ImageFetcher CreateFetcher(DataViewRow row, DataViewSchema.Column column, ImagePreprocessing preprocessing) => Kind switch
    {
        ImageColumnKind.Image => ImageReader.ReadImages(row.GetGetter<MLImage>(column), preprocessing.Decoding),
        ImageColumnKind.File => ImageReader.ReadFiles(row.GetGetter<VBuffer<byte>>(column), preprocessing),
        _ => ImageReader.ReadPixels(row.GetGetter<VBuffer<float>>(column), this),
    };
}
