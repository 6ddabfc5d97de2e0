using System.Globalization;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Orleans.Configuration;
using RePaViT.ClusterScoring;
using RePaViT.Tests.Support;

namespace RePaViT.Cluster.Tests.Support;

/// <summary>
/// A silo in a process of its own. It decodes some images and then holds on, until a file says that it may go on: what the test does
/// meanwhile happens in the middle of a job.
/// </summary>
internal sealed class SiloChild : IDisposable
{
    public const string Command = "silo";

    private const string Ready = "ready";
    private static readonly TimeSpan _pause = TimeSpan.FromMilliseconds(20);

    private readonly ChildProcess _process;
    private readonly string _holding;

    /// <param name="cluster">The folder of the cluster.</param>
    /// <param name="model">The model.</param>
    /// <param name="imagesBeforeHold">Images that are decoded before it holds on.</param>
    /// <param name="goOn">The file that lets it go on.</param>
    public SiloChild(string cluster, string model, int imagesBeforeHold, string goOn)
    {
        (Port, int gateway) = LocalCluster.FreePorts();
        _holding = HoldingFile(goOn, Port);
        _process = new ChildProcess(
            Command, cluster, model, imagesBeforeHold.ToString(CultureInfo.InvariantCulture), goOn, Port.ToString(CultureInfo.InvariantCulture),
            gateway.ToString(CultureInfo.InvariantCulture));
    }

    /// <summary>Where other silos reach it.</summary>
    public int Port { get; }

    /// <summary>Whether it has a part that it cannot end.</summary>
    public bool Holds => File.Exists(_holding);

    /// <summary>What makes the death of a silo known within seconds.</summary>
    public static void Hurry(ISiloBuilder silo) => silo
        .Configure<ClusterMembershipOptions>(options =>
        {
            options.ProbeTimeout = TimeSpan.FromSeconds(2);
            options.TableRefreshTimeout = TimeSpan.FromSeconds(3);
            options.NumVotesForDeathDeclaration = 1;
        })
        .Configure<SiloMessagingOptions>(options => options.ResponseTimeout = TimeSpan.FromSeconds(5));

    /// <summary>What <see cref="Program"/> runs.</summary>
    public static async Task RunAsync(string[] arguments)
    {
        // Those that hold on are threads of the pool.
        ThreadPool.SetMinThreads(16, 16);
        int left = int.Parse(arguments[2], CultureInfo.InvariantCulture);
        string goOn = arguments[3];
        (int Silo, int Gateway) ports = (int.Parse(arguments[4], CultureInfo.InvariantCulture), int.Parse(arguments[5], CultureInfo.InvariantCulture));
        string holding = HoldingFile(goOn, ports.Silo);
        var options = new ScoringSiloOptions
        {
            ModelPath = arguments[1],
            PollInterval = TimeSpan.FromSeconds(0.2),
            Decoder = (file, model) =>
            {
                if (Interlocked.Decrement(ref left) < 0)
                {
                    File.Open(holding, FileMode.OpenOrCreate, FileAccess.Write, FileShare.ReadWrite).Dispose();
                    while (!File.Exists(goOn))
                    {
                        Thread.Sleep(_pause);
                    }
                }

                return ImageFile.Decode(file.Span, model.Preprocessing.Decoding);
            },
        };
        using IHost host = LocalCluster.CreateSilo(arguments[0], ports, options, silo =>
        {
            // Nobody reads what it prints.
            silo.ConfigureLogging(logging => logging.ClearProviders());
            Hurry(silo);
        });
        await host.StartAsync();
        Console.WriteLine(Ready);
        await host.WaitForShutdownAsync();
    }

    public void WaitUntilReady() => _process.WaitForLine(Ready);

    public void Kill() => _process.Kill();

    public void Dispose() => _process.Dispose();

    private static string HoldingFile(string goOn, int port) => string.Create(CultureInfo.InvariantCulture, $"{goOn}-{port}");
}
