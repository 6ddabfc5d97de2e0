using Microsoft.ML;
using RePaViT.MLNet.Labels;
using RePaViT.MLNet.Saving;
using RePaViT.MLNet.Tests.Support;
using RePaViT.Tests.Support;

namespace RePaViT.MLNet.Tests.Saving;

/// <summary>How files are decoded, from training to whatever opens the model.</summary>
[TestClass]
public sealed class ImageDecodingTests
{
    /// <summary>ONNX Runtime sums in another order than this library.</summary>
    private const double Tolerance = 1e-5;

    private static readonly string[] Classes = ["a", "b", "c"];

    private readonly MLContext _context = new(seed: 1);

    // The same photo twice: as a person sees it, and on its side with the orientation in the metadata.
    private readonly IDataView _photos;

    public ImageDecodingTests() => _photos = _context.Data.LoadFromEnumerable(
        (ImageRow[])[new() { Image = OrientedFiles.Create("PNG", null) }, new() { Image = OrientedFiles.Create("PNG", 6) }]);

    [TestMethod]
    [DataRow(true)]
    [DataRow(false)]
    public void Whatever_opens_a_saved_model_follows_the_orientation_if_the_model_did(bool follows)
    {
        using var folder = new TemporaryFolder();
        ImageClassificationRePaViTTransformer model = Create(new ImageDecoding { FollowOrientation = follows });
        _context.Model.Save(model, _photos.Schema, folder.File("model.zip"));
        model.SaveAsOnnx(folder.File("model.onnx"));
        RePaViTFeaturizerTransformer featurizer =
            _context.Transforms.RePaViTFeaturizer("Score", "Image", folder.File("model.onnx"), device: Device.Cpu).Fit(_photos);
        _context.Model.Save(featurizer, _photos.Schema, folder.File("featurizer.zip"));

        AssertFollows(follows, model);
        AssertFollows(follows, _context.Model.Load(folder.File("model.zip"), out _));
        AssertFollows(follows, _context.Model.LoadRePaViT(folder.File("model.zip"), Device.Cpu));
        AssertFollows(follows, featurizer);
        AssertFollows(follows, _context.Model.Load(folder.File("featurizer.zip"), out _));
        Assert.AreEqual(model.Model.Preprocessing, _context.Model.LoadRePaViT(folder.File("model.onnx"), Device.Cpu).Model.Preprocessing);
    }

    [TestMethod]
    public void LoadRePaViT_can_be_told_otherwise()
    {
        using var folder = new TemporaryFolder();
        _context.Model.Save(Create(new ImageDecoding()), _photos.Schema, folder.File("model.zip"));

        AssertFollows(false, _context.Model.LoadRePaViT(
            folder.File("model.zip"), Device.Cpu, decoding: new ImageDecoding { FollowOrientation = false }));
        Assert.Throws<ArgumentException>(
            () => _context.Model.LoadRePaViT(folder.File("model.zip"), Device.Cpu, decoding: new ImageDecoding { MaxPixels = -1 }));
    }

    [TestMethod]
    public void A_model_from_before_there_was_a_choice_says_what_it_said()
    {
        var preparation = new Preparation
        {
            Images = new(MLNet.Images.ImageColumnKind.File), ImageSize = 12, Preprocessing = TestModel.Preprocessing with { Decoding = null },
        };

        string json = preparation.ToJson();

        Assert.IsFalse(json.Contains("decoding", StringComparison.OrdinalIgnoreCase), json);
        Assert.IsNull(Preparation.FromJson(json.AsMemory()).Preprocessing.Decoding);
        AssertFollows(false, Create(null));
    }

    [TestMethod]
    public void A_trained_model_decodes_as_its_training_did()
    {
        using var setup = new TrainingSetup();
        var decoding = new ImageDecoding { Background = new Rgb(0, 1, 0), FollowOrientation = false };
        IDataView data = setup.Prepare(setup.LoadBytes());
        ImageClassificationRePaViTTrainer.Options options = TrainingSetup.Options with { Epoch = 1 };

        Assert.AreEqual(new ImageDecoding(), setup.CreateTrainer(options).Fit(data).Model.Preprocessing.Decoding);
        ImageClassificationRePaViTTransformer first = setup.CreateTrainer(options with { ImageDecoding = decoding }).Fit(data);
        Assert.AreEqual(decoding, first.Model.Preprocessing.Decoding);
        Assert.AreEqual(decoding, setup.CreateTrainer(options with { InitialModel = first }).Fit(data).Model.Preprocessing.Decoding);
        Assert.Throws<ArgumentException>(
            () => setup.CreateTrainer(options with { ImageDecoding = new ImageDecoding { Background = new Rgb(2, 0, 0) } }));
    }

    private ImageClassificationRePaViTTransformer Create(ImageDecoding? decoding)
    {
        RePaViTModel model = TestModel.Create(Classes);
        return new(_context, TestModel.Description, ClassKeys.FromNames(Classes), new RePaViTModel(
            model.Architecture, model.Form, model.Weights, model.ClassNames, model.Preprocessing with { Decoding = decoding }));
    }

    private void AssertFollows(bool follows, ITransformer model)
    {
        float[][] scores = TrainingSetup.Scores(model, _photos);
        double difference = scores[0].Zip(scores[1], (upright, turned) => Math.Abs(upright - turned)).Max();
        Assert.AreEqual(follows, difference <= Tolerance, $"{model.GetType().Name}: {difference}");
    }
}
