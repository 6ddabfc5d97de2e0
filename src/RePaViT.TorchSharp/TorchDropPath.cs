using RePaViT.Operators;
using RePaViT.Training;
using TorchSharp;

namespace RePaViT.Torch;

/// <summary>What residual branches are multiplied by, drawn on the host as every engine draws it.</summary>
internal sealed class TorchDropPath : IDisposable
{
    private readonly StagingBuffer? _scales;
    private readonly double[] _rates;
    private readonly int _images;
    private readonly ulong _seed;

    /// <param name="graph">The network.</param>
    /// <param name="rate">Drop path rate of its last block.</param>
    /// <param name="images">Greatest number of images in a batch.</param>
    /// <param name="seed">The seed of all random choices.</param>
    /// <param name="device">Where the network is.</param>
    public TorchDropPath(Graph graph, double rate, int images, ulong seed, torch.Device device)
    {
        _rates = [.. graph.Nodes.Select(node => node.Operator).OfType<Add>()
            .Where(add => add.DropPath is not null).Select(add => add.DropPath!.Value.RateOf(rate))];
        (_images, _seed) = (images, seed);
        _scales = _rates.Any(branch => branch > 0) ? new StagingBuffer(_rates.Length, images, device) : null;
    }

    /// <summary>For each branch and image, [branches, images, 1, 1]; null where nothing is ever dropped.</summary>
    /// <param name="images">Images of the batch.</param>
    /// <param name="key">Names the choice.</param>
    public torch.Tensor? Draw(int images, long key)
    {
        if (_scales is null)
        {
            return null;
        }

        float[] scales = new float[_images];
        for (int branch = 0; branch < _rates.Length; branch++)
        {
            DropPathChoice.Draw(scales.AsSpan(0, images), _rates[branch], _seed, key, branch);
            _scales.SetRow(branch, scales);
        }

        return _scales.Upload(_rates.Length).narrow(1, 0, images).unsqueeze(-1).unsqueeze(-1);
    }

    public void Dispose() => _scales?.Dispose();
}
