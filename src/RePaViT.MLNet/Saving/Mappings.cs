using System.Numerics.Tensors;
using Microsoft.ML.Data;
using Microsoft.ML.Transforms;
using Microsoft.ML.Transforms.Image;
using RePaViT.MLNet.Images;

namespace RePaViT.MLNet.Saving;

/// <summary>Gives every row the number one, under which <see cref="Preparation"/> is looked up.</summary>
[CustomMappingFactoryAttribute(Helpers.OneMapping)]
internal sealed class OneMapping : CustomMappingFactory<OneMapping.Nothing, OneMapping.Result>
{
    public override Action<Nothing, Result> GetMapping()
        => OnnxRuntimeLibrary.FindProblem() is Exception problem
            ? throw problem // This step is the first to be loaded; ML.NET's own message comes later and says less.
            : (_, result) => result.One = 1;

    internal sealed class Nothing;

    internal sealed class Result
    {
        [ColumnName(Helpers.One)]
        public uint One { get; set; }
    }
}

/// <summary>Prepares decoded images of any size.</summary>
[CustomMappingFactoryAttribute(Helpers.ImageMapping)]
internal sealed class ImageMapping : CustomMappingFactory<ImageMapping.Source, PreparedImage>
{
    public override Action<Source, PreparedImage> GetMapping()
    {
        RegisterImages();
        return (source, prepared) => prepared.Set(source.Preparation, how => ImageReader.ToRgb(source.Image, how.Preprocessing.Decoding));
    }

    /// <summary>Lets ML.NET know that images of no fixed size may be members of a class. Once a process is enough.</summary>
    private static void RegisterImages()
    {
        try
        {
            DataViewTypeManager.Register(new ImageDataViewType(), typeof(MLImage));
        }
        catch (ArgumentException)
        {
            // Somebody else has registered images, which does as well.
        }
    }

    internal sealed class Source
    {
        [ColumnName(Helpers.Image)]
        public MLImage? Image { get; set; }

        [ColumnName(Helpers.Preparation)]
        public ReadOnlyMemory<char> Preparation { get; set; }
    }
}

/// <summary>Prepares the bytes of image files.</summary>
[CustomMappingFactoryAttribute(Helpers.FileMapping)]
internal sealed class FileMapping : CustomMappingFactory<FileMapping.Source, PreparedImage>
{
    public override Action<Source, PreparedImage> GetMapping()
        => (source, prepared) => prepared.Set(source.Preparation, how => ImageFile.Decode([.. source.Image.DenseValues()], how.Preprocessing));

    internal sealed class Source
    {
        [ColumnName(Helpers.Image)]
        public VBuffer<byte> Image { get; set; }

        [ColumnName(Helpers.Preparation)]
        public ReadOnlyMemory<char> Preparation { get; set; }
    }
}

/// <summary>Prepares numbers from 0 to 255, and decoded images of one size, which come as planes of such numbers.</summary>
[CustomMappingFactoryAttribute(Helpers.PixelsMapping)]
internal sealed class PixelsMapping : CustomMappingFactory<PixelsMapping.Source, PreparedImage>
{
    public override Action<Source, PreparedImage> GetMapping()
        => (source, prepared) => prepared.Set(source.Preparation, how => ToRgb([.. source.Image.DenseValues()], how));

    // Models from before transparency was blended have Pixels there, and three planes.
    private static RgbImage ToRgb(float[] values, Preparation how) => how.Images.Kind == ImageColumnKind.Image
        ? ImageReader.ToRgb(values, how.Images, how.Preprocessing.Decoding)
        : ImageReader.ToRgb(values, how.Images);

    internal sealed class Source
    {
        [ColumnName(Helpers.Image)]
        public VBuffer<float> Image { get; set; }

        [ColumnName(Helpers.Preparation)]
        public ReadOnlyMemory<char> Preparation { get; set; }
    }
}

/// <summary>What the network takes.</summary>
internal sealed class PreparedImage
{
    /// <summary>The values, [3, size, size].</summary>
    [ColumnName(Helpers.Pixels)]
    public VBuffer<float> Pixels { get; set; }

    public void Set(ReadOnlyMemory<char> preparation, Func<Preparation, RgbImage> decode)
    {
        Preparation how = Preparation.FromJson(preparation);
        float[] values = how.Prepare(() => decode(how));
        Pixels = new VBuffer<float>(values.Length, values);
    }
}

/// <summary>Finds the most probable class, counted from 0.</summary>
[CustomMappingFactoryAttribute(Helpers.ClassMapping)]
internal sealed class ClassMapping : CustomMappingFactory<ClassMapping.Source, ClassMapping.Result>
{
    public override Action<Source, Result> GetMapping()
        => (source, result) => result.Class = (uint)TensorPrimitives.IndexOfMax(source.Scores.GetValues());

    internal sealed class Source
    {
        [ColumnName(Helpers.Scores)]
        public VBuffer<float> Scores { get; set; }
    }

    internal sealed class Result
    {
        [ColumnName(Helpers.Class)]
        public uint Class { get; set; }
    }
}
