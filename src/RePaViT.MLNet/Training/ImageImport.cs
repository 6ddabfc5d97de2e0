using System.Collections.Concurrent;
using System.Runtime.ExceptionServices;
using Microsoft.ML;
using Microsoft.ML.Runtime;
using RePaViT.IO;
using RePaViT.MLNet.Images;
using RePaViT.MLNet.Labels;

namespace RePaViT.MLNet.Training;

/// <summary>
/// Reads images out of a view, with their labels if there are any, once: rows on as many cursors as the view can give, decoding on all cores. The
/// images come out in the order of their rows, however many threads there were.
/// </summary>
internal sealed class ImageImport
{
    private const int MaxFailuresListed = 20;

    private readonly IDataView _data;
    private readonly ImageStore _store;
    private readonly ImagePreprocessing _preprocessing;
    private readonly IReadOnlyList<string> _classNames;
    private readonly ImageColumn _imageColumn;
    private readonly DataViewSchema.Column _feature;
    private readonly DataViewSchema.Column? _label;
    private readonly IChannel _channel;
    private readonly bool _usesUnlabeled;
    private readonly ConcurrentBag<Entry> _entries = [];
    private readonly List<string> _leftOut = [];

    /// <param name="data">The rows.</param>
    /// <param name="feature">The column of images.</param>
    /// <param name="label">The column of keys; null for images without labels, which get the only class.</param>
    /// <param name="store">Where images are kept.</param>
    /// <param name="preprocessing">How images are decoded, and how far reduced before they are kept.</param>
    /// <param name="channel">Gets a warning for each image that is left out.</param>
    /// <param name="usesUnlabeled">Whether rows with a missing label are read too, as if they had the first.</param>
    public ImageImport(
        IDataView data,
        DataViewSchema.Column feature,
        DataViewSchema.Column? label,
        ImageStore store,
        ImagePreprocessing preprocessing,
        IChannel channel,
        bool usesUnlabeled = false)
    {
        _usesUnlabeled = usesUnlabeled;
        _data = data;
        _feature = feature;
        _label = label;
        _store = store;
        _preprocessing = preprocessing;
        _channel = channel;
        _classNames = label is null ? [ModelDescription.OnlyClass] : ClassKeys.Of(label.Value).Names;
        _imageColumn = ImageColumn.Of(feature);
    }

    /// <summary>What was left out, and why.</summary>
    public IReadOnlyList<string> LeftOut => _leftOut;

    /// <summary>Reads all rows. Rows with a missing label are left out, as ML.NET's trainers do, unless they are requested.</summary>
    /// <param name="purpose">What the images are for, as messages name it.</param>
    /// <param name="maxUnreadableFraction">The share of images, 0 to 1, that may be unreadable and are then left out.</param>
    /// <param name="cancellationToken">Ends reading.</param>
    /// <exception cref="ArgumentException">There are no rows, none with a label, or pixels on another scale.</exception>
    /// <exception cref="InvalidDataException">Too many images cannot be read; the message lists them.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    /// <exception cref="IOException">The store cannot hold the images.</exception>
    public StoredImageDataset Read(string purpose, double maxUnreadableFraction, CancellationToken cancellationToken)
    {
        ReadRows(cancellationToken);
        Entry[] rows = [.. _entries.OrderBy(entry => entry.Batch).ThenBy(entry => entry.Sequence)];
        if (rows.Length == 0)
        {
            throw new ArgumentException($"The {purpose} data are empty: at least one row is needed.");
        }

        Entry[] labeled = [.. rows.Where(IsUsed)];
        if (labeled.Length == 0)
        {
            throw new ArgumentException($"The {purpose} data have no label: every value of column '{_label!.Value.Name}' is missing.");
        }

        if (labeled.Length < rows.Length)
        {
            string unlabeled = $"{rows.Length - labeled.Length} of {rows.Length} {purpose} rows have no label in column '{_label!.Value.Name}' and are left out.";
            _channel.Warning(MessageSensitivity.Schema, unlabeled);
            _leftOut.Add(unlabeled);
        }

        HandleFailures(rows, labeled.Length, purpose, maxUnreadableFraction);
        int[] used = [.. Enumerable.Range(0, rows.Length).Where(row => IsUsed(rows[row]) && rows[row].Failure is null)];
        Entry[] readable = Array.ConvertAll(used, row => rows[row]);
        if (_imageColumn.Kind == ImageColumnKind.Pixels && readable.All(row => row.IsBlack))
        {
            throw new ArgumentException(
                $"No number in column '{_feature.Name}' of the {purpose} data is above 1, but numbers from 0 to 255 are needed: "
                + "ExtractPixels gives them if neither offset nor scale is set.");
        }

        return new StoredImageDataset(
            _store,
            Array.ConvertAll(readable, row => row.Image),
            Array.ConvertAll(readable, row => checked((int)Math.Max(row.Label, 1) - 1)),
            used,
            rows.Length,
            _classNames);
    }

    private bool IsUsed(Entry row) => row.Label > 0 || _usesUnlabeled;

    private void HandleFailures(Entry[] rows, int labeled, string purpose, double maxUnreadableFraction)
    {
        int[] failed = [.. Enumerable.Range(0, rows.Length).Where(row => rows[row].Failure is not null)];
        if (failed.Length == 0)
        {
            return;
        }

        bool areTooMany = failed.Length > maxUnreadableFraction * labeled || failed.Length == labeled;
        var texts = new RowTexts(_data, areTooMany ? failed[..Math.Min(failed.Length, MaxFailuresListed)] : failed);
        string[] failures = Array.ConvertAll(texts.Rows, row => $"row {row}{texts.Describe(row)}: {rows[row].Failure}");
        if (!areTooMany)
        {
            foreach (string failure in failures)
            {
                _channel.Warning(MessageSensitivity.UserData, $"Left out of the {purpose} images, {failure}");
                _leftOut.Add($"{purpose} {failure}");
            }

            return;
        }

        string more = failed.Length > failures.Length ? $"\n  and {failed.Length - failures.Length} more" : "";
        throw new InvalidDataException(
            $"{failed.Length} of {labeled} {purpose} images in column '{_feature.Name}' cannot be read:\n  {string.Join("\n  ", failures)}{more}\n"
            + $"Correct or remove them, or set {nameof(ImageClassificationRePaViTTrainer.Options.MaxUnreadableFraction)} "
            + $"(now {maxUnreadableFraction}) to leave out up to that share of the images.");
    }

    private void ReadRows(CancellationToken cancellationToken)
    {
        int threads = Environment.ProcessorCount;
        DataViewRowCursor[] cursors = _data.GetRowCursorSet(_label is null ? [_feature] : [_feature, _label.Value], threads);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);

        // Few wait at a time: a photo is tens of megabytes.
        using var queue = new BlockingCollection<Work>(threads);
        Task[] readers = [.. cursors.Select(cursor => Start(() => ReadRows(cursor, queue, stop.Token), stop))];
        Task reading = Task.WhenAll(readers).ContinueWith(
            _ => queue.CompleteAdding(), CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
        Task[] decoders = [.. Enumerable.Range(0, threads).Select(_ => Start(() => Decode(queue, stop.Token), stop))];
        Task all = Task.WhenAll([.. readers, reading, .. decoders]);
        ((IAsyncResult)all).AsyncWaitHandle.WaitOne();
        cancellationToken.ThrowIfCancellationRequested();

        // The first failure stops the other threads, which is not the news.
        if (all.Exception?.InnerExceptions.FirstOrDefault(exception => exception is not OperationCanceledException) is Exception failure)
        {
            ExceptionDispatchInfo.Throw(failure);
        }
    }

    /// <summary>Runs on a thread of its own, because it waits for files; a failure stops the other threads.</summary>
    private static Task Start(Action action, CancellationTokenSource stop) => Task.Factory.StartNew(
        () =>
        {
            try
            {
                action();
            }
            catch
            {
                stop.Cancel();
                throw;
            }
        },
        CancellationToken.None,
        TaskCreationOptions.LongRunning,
        TaskScheduler.Default);

    private void ReadRows(DataViewRowCursor cursor, BlockingCollection<Work> queue, CancellationToken cancellationToken)
    {
        using (cursor)
        {
            ImageFetcher fetch = _imageColumn.CreateFetcher(cursor, _feature, _preprocessing);
            Func<ulong> readLabel = _label is null ? () => 1 : ClassKeys.CreateReader(cursor, _label.Value);
            for (long sequence = 0; cursor.MoveNext(); sequence++)
            {
                cancellationToken.ThrowIfCancellationRequested();
                var entry = new Entry { Batch = cursor.Batch, Sequence = sequence, Label = readLabel() };
                _entries.Add(entry);
                if (!IsUsed(entry))
                {
                    continue;
                }

                try
                {
                    queue.Add(new Work(entry, fetch()), cancellationToken);
                }
                catch (Exception exception) when (IsOfTheImage(exception))
                {
                    entry.Failure = Excerpt.OfMessage(exception);
                }
            }
        }
    }

    private void Decode(BlockingCollection<Work> queue, CancellationToken cancellationToken)
    {
        foreach (Work work in queue.GetConsumingEnumerable(cancellationToken))
        {
            RgbImage image;
            try
            {
                image = _preprocessing.Reduce(work.Decode());
            }
            catch (Exception exception) when (IsOfTheImage(exception))
            {
                work.Entry.Failure = Excerpt.OfMessage(exception);
                continue;
            }

            work.Entry.IsBlack = !image.Pixels.Span.ContainsAnyExceptInRange((byte)0, (byte)1);
            work.Entry.Image = _store.Add(image);
        }
    }

    /// <summary>Whatever a getter throws is about its row; also that an image is too large for the memory.</summary>
    private static bool IsOfTheImage(Exception exception) => exception is not OperationCanceledException;

    private sealed class Entry
    {
        public required long Batch { get; init; }

        /// <summary>Rows of one batch come from one cursor, in order.</summary>
        public required long Sequence { get; init; }

        /// <summary>The class counted from 1, 0 if missing.</summary>
        public required ulong Label { get; init; }

        public StoredImage Image { get; set; }

        /// <summary>Whether no sample is above 1: one such image is dark, a whole data set of them was scaled.</summary>
        public bool IsBlack { get; set; }

        public string? Failure { get; set; }
    }

    private sealed record Work(Entry Entry, ImageDecoder Decode);
}
