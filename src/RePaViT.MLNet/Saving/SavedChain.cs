using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Transforms.Onnx;
using RePaViT.IO;
using RePaViT.MLNet.Images;
using RePaViT.MLNet.Labels;
using RePaViT.MLNet.Scoring;
using RePaViT.Onnx;

namespace RePaViT.MLNet.Saving;

/// <summary>
/// A transformer as a chain of stock transformers, which ML.NET knows how to save and load: prepare the image, run the
/// network in ONNX form, find the most probable class, and look up its label.
/// </summary>
internal sealed class SavedChain : IDisposable
{
    private readonly ScratchFolder _folder;
    private readonly List<ITransformer> _steps = [];

    // Estimators want data to be fitted on. These look at the columns only.
    private IDataView _view;

    private SavedChain(ImageColumn images, string featureColumnName)
    {
        var schema = new DataViewSchema.Builder();
        schema.AddColumn(featureColumnName, images.Type);
        _view = new TableView(schema.ToSchema());
        _folder = ScratchFolder.Create();
    }

    /// <summary>Does everything that can fail before the first byte is written.</summary>
    /// <exception cref="InvalidOperationException">The native library of ONNX Runtime is missing.</exception>
    /// <exception cref="NotSupportedException">The type of the column of images is not known, or the network too large.</exception>
    public static SavedChain Create(ImageClassificationRePaViTTransformer transformer)
    {
        ScoringDescription description = transformer.Description;
        ImageColumn images = description.Features ?? throw new NotSupportedException(
            $"This model came from an ONNX file that does not say what column '{Excerpt.Of(description.FeatureColumnName)}' holds, which an ML.NET model must know. "
            + $"{nameof(transformer.SaveAsOnnx)} saves it.");
        var chain = new SavedChain(images, description.FeatureColumnName);
        try
        {
            chain.AddSteps(transformer, images);
            return chain;
        }
        catch
        {
            chain.Dispose();
            throw;
        }
    }

    public void Save(ModelSaveContext context)
        => ((ICanSaveModel)new TransformerChain<ITransformer>([.. _steps])).Save(context);

    public void Dispose()
    {
        foreach (IDisposable step in _steps.OfType<IDisposable>())
        {
            step.Dispose();
        }

        _folder.Dispose();
    }

    private void AddSteps(ImageClassificationRePaViTTransformer transformer, ImageColumn images)
    {
        ScoringDescription description = transformer.Description;
        TransformsCatalog transforms = new MLContext().Transforms;
        if (images is { Kind: ImageColumnKind.Image, Height: > 0 })
        {
            // A mapping takes images of one type only, that of no fixed size.
            Add(transforms.ExtractPixels(Helpers.Image, description.FeatureColumnName));
            images = images with { Kind = ImageColumnKind.Pixels };
        }
        else
        {
            Add(transforms.CopyColumns(Helpers.Image, description.FeatureColumnName));
        }

        var preparation = new Preparation
        {
            Images = images,
            ImageSize = transformer.Model.Architecture.ImageSize,
            Preprocessing = transformer.Model.Preprocessing,
        };
        Add(transforms.CustomMapping(new OneMapping().GetMapping(), Helpers.OneMapping));
        Add(transforms.Conversion.MapValue(
            Helpers.Preparation, [new KeyValuePair<uint, string>(1, preparation.ToJson())], Helpers.One));
        AddPreparation(transforms, images.Kind);
        AddNetwork(transforms, transformer);
        Add(transforms.CustomMapping(new ClassMapping().GetMapping(), Helpers.ClassMapping));
        IDataView labels = LabelTable.Create(transformer.Classes);
        Add(transforms.Conversion.MapValue(
            description.PredictedLabelColumnName,
            labels,
            labels.Schema[LabelTable.Class],
            labels.Schema[LabelTable.Label],
            Helpers.Class));
        Add(transforms.CopyColumns(description.ScoreColumnName, Helpers.Scores));
        Add(transforms.DropColumns(Helpers.Columns));
    }

    private void AddPreparation(TransformsCatalog transforms, ImageColumnKind kind)
    {
        switch (kind)
        {
            case ImageColumnKind.Image:
                Add(transforms.CustomMapping(new ImageMapping().GetMapping(), Helpers.ImageMapping));
                break;
            case ImageColumnKind.File:
                Add(transforms.CustomMapping(new FileMapping().GetMapping(), Helpers.FileMapping));
                break;
            default:
                Add(transforms.CustomMapping(new PixelsMapping().GetMapping(), Helpers.PixelsMapping));
                break;
        }
    }

    private void AddNetwork(TransformsCatalog transforms, ImageClassificationRePaViTTransformer transformer)
    {
        string path = Path.Combine(_folder.Path, ScratchFolder.NetworkName);
        transformer.Model.Save(path, new OnnxFileOptions
        {
            Metadata = [ModelMetadata.Of(transformer).ToEntry()],
            Row = new OnnxRow(Helpers.Pixels, Helpers.Scores, transformer.Classes.Names),
        });
        // Nothing is computed here, so no threads are needed.
        Add(transforms.ApplyOnnxModel(new OnnxOptions
        {
            ModelFile = path,
            InputColumns = [Helpers.Pixels],
            OutputColumns = [Helpers.Scores],
            InterOpNumThreads = 1,
            IntraOpNumThreads = 1,
        }));
    }

    private void Add<T>(IEstimator<T> estimator)
        where T : class, ITransformer
    {
        ITransformer step = estimator.Fit(_view);
        _steps.Add(step);
        _view = step.Transform(_view);
    }
}
