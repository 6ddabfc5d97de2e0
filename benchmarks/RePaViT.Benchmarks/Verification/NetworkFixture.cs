using RePaViT.Networks;
using RePaViT.Training;

namespace RePaViT.Benchmarks.Verification;

/// <summary>A network with what the reference implementation computed with it.</summary>
internal sealed class NetworkFixture
{
    private const int Channels = RePaViT.Architecture.Channels;

    private readonly GoldenFile _file;

    /// <exception cref="InvalidDataException">A setting or tensor is missing or does not fit.</exception>
    /// <exception cref="ArgumentException">The settings describe no network, or the weights are not its weights.</exception>
    public NetworkFixture(GoldenFile file)
    {
        _file = file;
        Architecture = GoldenArchitecture.Create(file);
        Trained = Architecture.CreateNetwork(NetworkForm.Trained, file.Tensors.WithoutPrefix("state."));
        int size = Architecture.ImageSize;
        Input = file.Tensor("input");
        if (Input.Shape is not [>= 1, Channels, int height, int width] || height != size || width != size)
        {
            throw new InvalidDataException(
                $"'input' has shape {Input}, but [images, {Channels}, {size}, {size}] is needed.");
        }

        Targets = ReadTargets();
    }

    public Architecture Architecture { get; }

    /// <summary>The network in training form.</summary>
    public Network Trained { get; }

    /// <summary>Normalized images, [images, 3, size, size].</summary>
    public WeightTensor Input { get; }

    public int Images => Input.Shape[0];

    /// <summary>Evaluation mode, [images, classes].</summary>
    public WeightTensor Logits => _file.Tensor("eval.logits");

    public bool HasReparameterized => _file.Tensors.TryGet("reparam.logits", out _);

    /// <summary>Whether the merged tensors are in the file too: not those of mixers.</summary>
    public bool HasReparameterizedWeights => HasReparameterized && _file.Family != "mixer";

    /// <summary>The same after reparameterization.</summary>
    public WeightTensor ReparameterizedLogits => _file.Tensor("reparam.logits");

    /// <summary>The class of each image in the training step; empty if the file has no training step.</summary>
    public int[] Targets { get; }

    /// <summary>Mean cross-entropy in training mode.</summary>
    public WeightTensor Loss => _file.Tensor("train.loss");

    /// <summary>Training mode, [images, classes].</summary>
    public WeightTensor TrainingLogits => _file.Tensor("train.logits");

    /// <summary>A tensor that reparameterization made.</summary>
    public WeightTensor Reparameterized(string name) => _file.Tensor(GoldenArchitecture.ReparameterizedPrefix + name);

    /// <summary>The gradient of a trained tensor.</summary>
    public WeightTensor Gradient(string name) => _file.Tensor($"grad.{name}");

    /// <summary>A running statistic after the training step.</summary>
    public WeightTensor StatisticAfter(string name) => _file.Tensor($"after.{name}");

    /// <summary>The images and classes of the training step.</summary>
    public TrainingBatch CreateBatch()
    {
        int classes = Architecture.Classes;
        var batch = new TrainingBatch(Images, Input.Length / Images, classes) { Count = Images };
        Input.Data.CopyTo(batch.Images);
        for (int image = 0; image < Images; image++)
        {
            batch.Targets[image * classes + Targets[image]] = 1;
        }

        return batch;
    }

    private int[] ReadTargets()
    {
        if (!_file.Tensors.TryGet("train.target", out WeightTensor? target))
        {
            return [];
        }

        if (target.Length != Images)
        {
            throw new InvalidDataException($"'train.target' has {target.Length} values, but there are {Images} images.");
        }

        foreach (float label in target.Data)
        {
            if (!(label >= 0 && label < Architecture.Classes))
            {
                throw new InvalidDataException($"'train.target' holds {label}, but there are {Architecture.Classes} classes.");
            }
        }

        return Array.ConvertAll(target.Data.ToArray(), label => (int)label);
    }
}
