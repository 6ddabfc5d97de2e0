using TorchSharp;

namespace RePaViT.Torch;

/// <summary>
/// Rows of floats on their way to a device. For a GPU they wait in pinned memory, from where they are copied while the
/// caller goes on to give the device more to do; so nothing may be written before waiting for the device.
/// </summary>
internal sealed class StagingBuffer : IDisposable
{
    private readonly torch.Device _device;
    private readonly torch.Tensor _rows;

    public StagingBuffer(long rows, long rowLength, torch.Device device)
    {
        _device = device;
        torch.Tensor host = torch.empty(rows, rowLength, dtype: torch.ScalarType.Float32).DetachFromDisposeScope();
        if (device.type != DeviceType.CUDA)
        {
            _rows = host;
            return;
        }

        _rows = host.pin_memory().DetachFromDisposeScope();
        host.Dispose();
    }

    public long Rows => _rows.shape[0];

    /// <summary>Several threads may set different rows at once.</summary>
    public void SetRow(int row, ReadOnlySpan<float> values)
    {
        using torch.Tensor target = _rows.narrow(0, row, 1);
        values.CopyTo(target.AsSpan());
    }

    /// <summary>The first rows on the device, [count, row length].</summary>
    public torch.Tensor Upload(int count)
    {
        torch.Tensor rows = _rows.narrow(0, 0, count);
        return _device.type == DeviceType.CUDA ? rows.to(_device, non_blocking: true) : rows;
    }

    public void Dispose() => _rows.Dispose();
}
