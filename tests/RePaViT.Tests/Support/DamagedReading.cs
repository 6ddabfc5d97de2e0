using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;

namespace RePaViT.Tests.Support;

/// <summary>
/// Reads damaged files of one kind, always the same ones: those of the corpus, and others that are made from good files and the corpus.
/// Each has to be read or refused, with little memory and in little time. A file that fails the test is written down.
/// </summary>
/// <param name="name">What is read; the folder of its corpus has the same name.</param>
/// <param name="good">Files that are read.</param>
/// <param name="read">Reads a file, with the help of a folder that no other thread uses. It may throw <see cref="InvalidDataException"/>.</param>
internal sealed partial class DamagedReading(string name, IReadOnlyList<byte[]> good, Action<byte[], TemporaryFolder> read)
{
    /// <summary>How many times as many files are made, for longer runs.</summary>
    private const string TimesVariable = "REPAVIT_DAMAGE_TIMES";

    /// <summary>A folder for the first file of each kind of answer that no file of the corpus gets.</summary>
    private const string CorpusVariable = "REPAVIT_DAMAGE_CORPUS";

    private const int Threads = 2;

    private static readonly TimeSpan LongestReading = TimeSpan.FromSeconds(60);

    private readonly Dictionary<string, int> _answers = [];
    private readonly Lock _lock = new();
    private readonly (int Number, long Start)[] _current = new (int, long)[Threads];
    private int _next;
    private int _read;
    private long _mostMemory;
    private AssertFailedException? _failure;

    /// <summary>Bytes that may be allocated for one file: what a tiny network and reading any file take.</summary>
    public long MemoryLimit { get; init; } = 16 << 20;

    /// <summary>Reads so many files that are made, and those of the corpus.</summary>
    public void Run(int made)
    {
        byte[][] corpus = Corpus(name);
        IReadOnlyList<byte[]> all = [.. good, .. corpus];
        int count = corpus.Length + made * Times();
        long peak = PeakWorkingSet();
        Thread[] threads = [.. Enumerable.Range(0, Threads).Select(thread => new Thread(() => Read(thread, corpus, all, count)) { IsBackground = true })];
        Array.ForEach(threads, thread => thread.Start());
        Array.ForEach(threads, Wait);
        if (_failure is not null)
        {
            throw _failure;
        }

        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{count} inputs: {name}; {_read} read, {count - _read} refused, in {_answers.Count} kinds of answers; at most {_mostMemory >> 10} KiB were allocated "
            + $"for one, {(PeakWorkingSet() - peak) >> 20} MiB more than before were in use."));
        Assert.IsTrue(_read > 0 && _read < count, "Some have to be read, and others refused.");
    }

    private static byte[][] Corpus(string name)
    {
        string folder = Path.Combine(AppContext.BaseDirectory, "Fixtures", "Damaged", name);
        return Directory.Exists(folder) ? [.. Directory.GetFiles(folder).Order(StringComparer.Ordinal).Select(File.ReadAllBytes)] : [];
    }

    private static int Times()
        => int.TryParse(Environment.GetEnvironmentVariable(TimesVariable), CultureInfo.InvariantCulture, out int times) ? times : 1;

    private static long PeakWorkingSet()
    {
        using Process process = Process.GetCurrentProcess();
        return process.PeakWorkingSet64;
    }

    private void Wait(Thread thread)
    {
        while (!thread.Join(LongestReading / 10))
        {
            foreach ((int number, long start) in _current)
            {
                if (start != 0 && Stopwatch.GetElapsedTime(start) > LongestReading)
                {
                    Assert.Fail($"{name}: input {number} has been read for more than {LongestReading.TotalSeconds} s.");
                }
            }
        }
    }

    private void Read(int thread, byte[][] corpus, IReadOnlyList<byte[]> all, int count)
    {
        using var folder = new TemporaryFolder();
        while (_failure is null && Interlocked.Increment(ref _next) - 1 is int number && number < count)
        {
            // Most of the corpus is refused for one reason already, and rarely gets further.
            int made = number - corpus.Length;
            byte[] bytes = made < 0 ? [.. corpus[number]] : Damage.Some(made % 4 == 0 ? all : good, made);
            _current[thread] = (number, Stopwatch.GetTimestamp());
            long before = GC.GetAllocatedBytesForCurrentThread();
            Exception? refusal = null;
            try
            {
                read(bytes, folder);
            }
            catch (Exception exception)
            {
                refusal = exception;
            }

            _current[thread] = default;
            long memory = GC.GetAllocatedBytesForCurrentThread() - before;
            lock (_lock)
            {
                Add(number, bytes, refusal, memory, isOfCorpus: made < 0);
            }
        }
    }

    private void Add(int number, byte[] bytes, Exception? refusal, long memory, bool isOfCorpus)
    {
        _read += refusal is null ? 1 : 0;
        _mostMemory = Math.Max(_mostMemory, memory);
        if (refusal is not (null or InvalidDataException) || memory > MemoryLimit)
        {
            string path = Path.Combine(Path.GetTempPath(), $"repavit-damaged-{Path.GetRandomFileName()}");
            File.WriteAllBytes(path, bytes);
            _failure ??= new AssertFailedException($"{name}, input {number}, now '{path}': {memory} bytes were allocated. {refusal}");
            return;
        }

        string answer = refusal is null ? "" : Details().Replace(refusal.Message, "");
        _answers[answer] = _answers.GetValueOrDefault(answer) + 1;
        if (_answers[answer] == 1 && !isOfCorpus && Environment.GetEnvironmentVariable(CorpusVariable) is string folder)
        {
            File.WriteAllBytes(
                Path.Combine(Directory.CreateDirectory(Path.Combine(folder, name)).FullName, number.ToString("D7", CultureInfo.InvariantCulture)), bytes);
        }
    }

    /// <summary>What messages quote, and numbers.</summary>
    [GeneratedRegex("""'.*?'|".*?"|/\S*|\[.*?\]|\\u....|[-+.\w]*\d[-+.\w]*""", RegexOptions.Singleline)]
    private static partial Regex Details();
}
