namespace RePaViT.Benchmarks.Comparison;

/// <summary>Engines measured in turns, so that all see the same machine whatever else it does.</summary>
internal static class SideBySide
{
    /// <summary>
    /// How far logits of the two may lie apart. They are of the order of 1, and both engines add up in single precision, each
    /// in its own order; a wrong network is off by far more.
    /// </summary>
    public const double Tolerance = 1e-3;

    /// <summary>Starts the engines again and again; each time they predict once, warm up and run rounds in turns.</summary>
    /// <param name="model">What messages and the result call the model.</param>
    /// <param name="batch">Images per call.</param>
    /// <param name="startOurs">Starts this library's engine.</param>
    /// <param name="startPeer">Starts the other.</param>
    /// <param name="plan">How often and how long.</param>
    /// <param name="startVanilla">Starts this library's engine on the vanilla network of the same size; null to do without.</param>
    /// <exception cref="InvalidDataException">The logits differ, or an engine does not keep to the protocol.</exception>
    /// <exception cref="IOException">An engine ended or does not answer.</exception>
    public static ComparedModel Measure(
        string model, int batch, Func<EngineProcess> startOurs, Func<EngineProcess> startPeer, MeasuringPlan plan,
        Func<EngineProcess>? startVanilla = null)
    {
        var ours = new Measurements();
        var peers = new Measurements();
        Measurements? vanillas = startVanilla is null ? null : new Measurements();
        double difference = 0;
        for (int start = 0; start < plan.Starts; start++)
        {
            using EngineProcess our = startOurs();
            using EngineProcess peer = startPeer();
            using EngineProcess? vanilla = startVanilla?.Invoke();
            difference = Math.Max(difference, Compare(our.First, peer.First, $"{model}, batch {batch}"));
            ours.Add(our.First);
            peers.Add(peer.First);
            vanillas?.Add(vanilla!.First);

            // Not counted: code is still being compiled, and caches are cold.
            our.Run(plan.Seconds);
            peer.Run(plan.Seconds);
            vanilla?.Run(plan.Seconds);
            for (int round = 0; round < plan.Rounds; round++)
            {
                ours.Add(our.Run(plan.Seconds));
                peers.Add(peer.Run(plan.Seconds));
                vanillas?.Add(vanilla!.Run(plan.Seconds));
            }
        }

        EngineSpeed ourSpeed = ours.Summarize();
        EngineSpeed peerSpeed = peers.Summarize();
        return new ComparedModel(
            model, batch, ourSpeed, peerSpeed, ourSpeed.ImagesPerSecond / peerSpeed.ImagesPerSecond, difference, vanillas?.Summarize());
    }

    private static double Compare(FirstPrediction ours, FirstPrediction peer, string place)
    {
        if (ours.Logits.Length != peer.Logits.Length)
        {
            throw new InvalidDataException(
                $"{place}: {ours.Engine} gives {ours.Logits.Length} logits, {peer.Engine} {peer.Logits.Length}.");
        }

        // Max passes NaN on, so it is refused below.
        double difference = ours.Logits.Zip(peer.Logits).Aggregate(
            0.0, (worst, pair) => Math.Max(worst, Math.Abs((double)pair.First - pair.Second)));
        return difference <= Tolerance
            ? difference
            : throw new InvalidDataException(
                $"{place}: logits of {ours.Engine} and {peer.Engine} differ by {difference:0.0e-0}, more than {Tolerance}: "
                + "they do not compute the same, so there is nothing to compare.");
    }

    /// <summary>What one engine answered.</summary>
    private sealed class Measurements
    {
        private readonly List<double> _firstPredictions = [];
        private readonly List<double> _rates = [];
        private string _engine = "";
        private double _peakMegabytes;

        public void Add(FirstPrediction first)
        {
            _engine = first.Engine;
            _firstPredictions.Add(first.Seconds);
        }

        public void Add(Round round)
        {
            _rates.Add(round.ImagesPerSecond);
            _peakMegabytes = Math.Max(_peakMegabytes, round.PeakMegabytes);
        }

        public EngineSpeed Summarize() => new(_engine, Median(_rates), Median(_firstPredictions), _peakMegabytes);

        private static double Median(List<double> values)
        {
            double[] sorted = [.. values.Order()];
            return (sorted[(sorted.Length - 1) / 2] + sorted[sorted.Length / 2]) / 2;
        }
    }
}

/// <summary>How often and how long engines are measured.</summary>
/// <param name="Starts">How often all are started.</param>
/// <param name="Rounds">How many rounds each runs after a start, beside one to warm up.</param>
/// <param name="Seconds">How long a round is.</param>
internal sealed record MeasuringPlan(int Starts, int Rounds, double Seconds)
{
    // Longer ones would overflow what waits for them; the measurement would take days.
    private const double MaxSeconds = 3600;

    /// <exception cref="ArgumentException">A number is not valid.</exception>
    public void Validate()
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(Starts, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(Rounds, 1);
        if (!(Seconds > 0 && Seconds <= MaxSeconds))
        {
            throw new ArgumentOutOfRangeException(nameof(Seconds), Seconds, $"A round takes more than 0 and at most {MaxSeconds} seconds.");
        }
    }
}

/// <summary>One engine on one model.</summary>
/// <param name="Engine">Name and version.</param>
/// <param name="ImagesPerSecond">Median of the rounds.</param>
/// <param name="FirstPredictionSeconds">From the file to the first logits, median of the starts.</param>
/// <param name="PeakMegabytes">The most memory that its process held, in millions of bytes.</param>
internal sealed record EngineSpeed(string Engine, double ImagesPerSecond, double FirstPredictionSeconds, double PeakMegabytes);

/// <summary>All engines on one model.</summary>
/// <param name="Model">The preset.</param>
/// <param name="Batch">Images per call.</param>
/// <param name="Ours">This library.</param>
/// <param name="Peer">The other engine.</param>
/// <param name="Ratio">Images per second, ours over the peer's.</param>
/// <param name="LogitDifference">The largest.</param>
/// <param name="Vanilla">This library on the vanilla network of the same size; null if that was not measured.</param>
internal sealed record ComparedModel(
    string Model, int Batch, EngineSpeed Ours, EngineSpeed Peer, double Ratio, double LogitDifference, EngineSpeed? Vanilla = null)
{
    /// <summary>Images per second, deployed over vanilla.</summary>
    public double? Speedup => Ours.ImagesPerSecond / Vanilla?.ImagesPerSecond;
}
