using RePaViT.MLNet.Images;
using RePaViT.Threading;

namespace RePaViT.MLNet.Scoring;

/// <summary>Images of rows that were read ahead, and their scores.</summary>
internal sealed class ImageBatch(ImageScorer scorer, ImageFetcher fetch)
{
    // Images of any size wait to be decoded: no more than there are cores to do it.
    private static readonly int MaxWaiting = Environment.ProcessorCount;

    private readonly List<(int Slot, ImageDecoder Image)> _waiting = [];
    private Exception?[] _failures = [];
    private float[] _pixels = [];
    private float[] _scores = [];
    private int _count;
    private bool _isScored;

    /// <summary>Forgets all images, even those whose scores were never read, and makes room for others.</summary>
    public void Clear(int slots)
    {
        _waiting.Clear();
        _count = 0;
        _isScored = false;
        if (slots != _failures.Length)
        {
            _failures = new Exception?[slots];
            _pixels = new float[slots * scorer.ImageLength];
            _scores = new float[slots * scorer.Length];
        }
    }

    /// <summary>Reads the image of the row that the cursor stands on. What it throws waits for whoever wants the score.</summary>
    public void Read()
    {
        int slot = _count++;
        _failures[slot] = null;
        try
        {
            _waiting.Add((slot, fetch()));
        }
        catch (Exception exception)
        {
            _failures[slot] = exception;
        }

        if (_waiting.Count == MaxWaiting)
        {
            PrepareWaiting();
        }
    }

    /// <summary>The scores of an image.</summary>
    /// <param name="slot">Which image.</param>
    /// <param name="failure">What was thrown instead; then there are none.</param>
    public ReadOnlySpan<float> Scores(int slot, out Exception? failure)
    {
        PrepareWaiting();
        failure = _failures[slot];
        if (failure is not null)
        {
            return [];
        }

        if (!_isScored)
        {
            scorer.Score(_pixels.AsSpan(0, _count * scorer.ImageLength), _scores.AsSpan(0, _count * scorer.Length));
            _isScored = true;
        }

        return _scores.AsSpan(slot * scorer.Length, scorer.Length);
    }

    private void PrepareWaiting()
    {
        ParallelLoop.Run(_waiting.Count, i =>
        {
            (int slot, ImageDecoder image) = _waiting[i];
            Span<float> pixels = _pixels.AsSpan(slot * scorer.ImageLength, scorer.ImageLength);
            try
            {
                scorer.Prepare(image, pixels);
            }
            catch (Exception exception)
            {
                _failures[slot] = exception;
            }
        });
        _waiting.Clear();
    }
}
