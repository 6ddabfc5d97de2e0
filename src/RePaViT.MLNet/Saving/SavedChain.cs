using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Transforms.Image;
using Microsoft.ML.Transforms.Onnx;
using RePaViT.IO;
using RePaViT.MLNet.Images;
using RePaViT.MLNet.Labels;
using RePaViT.MLNet.Scoring;
using RePaViT.Onnx;

namespace RePaViT.MLNet.Saving;

/// <summary>
/// A transformer as a chain of stock transformers, which ML.NET knows how to save and load: prepare the image, run the
/// network in ONNX form, and for a classifier find the most probable class and look up its label.
/// </summary>
internal sealed class SavedChain : IDisposable
{
    private readonly TransformsCatalog _transforms = new MLContext().Transforms;
    private readonly ScratchFolder _folder;
    private readonly List<ITransformer> _steps = [];

    // Estimators want data to be fitted on. These look at the columns only.
    private IDataView _view;

    private SavedChain(string imageColumnName, ImageColumn images)
    {
        var schema = new DataViewSchema.Builder();
        schema.AddColumn(imageColumnName, images.Type);
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
        return Create(description.FeatureColumnName, images, chain => chain.AddSteps(transformer, images));
    }

    /// <summary>Does everything that can fail before the first byte is written.</summary>
    /// <exception cref="InvalidOperationException">The native library of ONNX Runtime is missing.</exception>
    /// <exception cref="NotSupportedException">The network is too large.</exception>
    public static SavedChain Create(RePaViTFeaturizerTransformer transformer)
        => Create(transformer.Description.InputColumnName, transformer.Images, chain => chain.AddSteps(transformer));

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

    private static SavedChain Create(string imageColumnName, ImageColumn images, Action<SavedChain> addSteps)
    {
        var chain = new SavedChain(imageColumnName, images);
        try
        {
            addSteps(chain);
            return chain;
        }
        catch
        {
            chain.Dispose();
            throw;
        }
    }

    private void AddSteps(ImageClassificationRePaViTTransformer transformer, ImageColumn images)
    {
        ScoringDescription description = transformer.Description;
        AddPreparation(description.FeatureColumnName, images, transformer.Model);
        AddNetwork(transformer.Model, new OnnxFileOptions
        {
            Metadata = [ModelMetadata.Of(transformer).ToEntry()],
            Row = new OnnxRow(Helpers.Pixels, Helpers.Scores, transformer.Classes.Names),
        });
        Add(_transforms.CustomMapping(new ClassMapping().GetMapping(), Helpers.ClassMapping));
        IDataView labels = LabelTable.Create(transformer.Classes);
        Add(_transforms.Conversion.MapValue(
            description.PredictedLabelColumnName,
            labels,
            labels.Schema[LabelTable.Class],
            labels.Schema[LabelTable.Label],
            Helpers.Class));
        Add(_transforms.CopyColumns(description.ScoreColumnName, Helpers.Scores));
        Add(_transforms.DropColumns(Helpers.OfClassifier));
    }

    private void AddSteps(RePaViTFeaturizerTransformer transformer)
    {
        FeaturizerDescription description = transformer.Description;
        AddPreparation(description.InputColumnName, transformer.Images, transformer.Model);
        AddNetwork(transformer.Model, new OnnxFileOptions
        {
            Row = new OnnxRow(Helpers.Pixels, Helpers.Features) { Source = description.Output },
        });
        Add(_transforms.CopyColumns(description.OutputColumnName, Helpers.Features));
        Add(_transforms.DropColumns(Helpers.OfFeaturizer));
    }

    private void AddPreparation(string imageColumnName, ImageColumn images, RePaViTModel model)
    {
        // A mapping takes images of one type only, that of no fixed size.
        bool areOfOneSize = images is { Kind: ImageColumnKind.Image, Height: > 0 };
        if (areOfOneSize)
        {
            Add(_transforms.ExtractPixels(Helpers.Image, imageColumnName, ImagePixelExtractingEstimator.ColorBits.All));
        }
        else
        {
            Add(_transforms.CopyColumns(Helpers.Image, imageColumnName));
        }

        var preparation = new Preparation
        {
            Images = images,
            ImageSize = model.Architecture.ImageSize,
            Preprocessing = model.Preprocessing,
        };
        Add(_transforms.CustomMapping(new OneMapping().GetMapping(), Helpers.OneMapping));
        Add(_transforms.Conversion.MapValue(
            Helpers.Preparation, [new KeyValuePair<uint, string>(1, preparation.ToJson())], Helpers.One));
        switch (images.Kind)
        {
            case ImageColumnKind.Image when !areOfOneSize:
                Add(_transforms.CustomMapping(new ImageMapping().GetMapping(), Helpers.ImageMapping));
                break;
            case ImageColumnKind.File:
                Add(_transforms.CustomMapping(new FileMapping().GetMapping(), Helpers.FileMapping));
                break;
            default:
                Add(_transforms.CustomMapping(new PixelsMapping().GetMapping(), Helpers.PixelsMapping));
                break;
        }
    }

    private void AddNetwork(RePaViTModel model, OnnxFileOptions options)
    {
        string path = Path.Combine(_folder.Path, ScratchFolder.NetworkName);
        model.Save(path, options);
        // Nothing is computed here, so no threads are needed.
        Add(_transforms.ApplyOnnxModel(new OnnxOptions
        {
            ModelFile = path,
            InputColumns = [options.Row!.Input],
            OutputColumns = [options.Row.Output],
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
