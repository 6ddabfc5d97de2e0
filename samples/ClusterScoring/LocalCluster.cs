using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Orleans.Configuration;

namespace RePaViT.ClusterScoring;

/// <summary>Silos and clients of a cluster on this machine, whose members find each other by a folder.</summary>
internal static class LocalCluster
{
    private const string ClusterName = "scoring";

    /// <summary>A silo that scores.</summary>
    /// <param name="folder">The folder of the cluster.</param>
    /// <param name="ports">For other silos, and for clients.</param>
    /// <param name="options">How it scores.</param>
    /// <param name="configure">Further configuration of the silo.</param>
    public static IHost CreateSilo(string folder, (int Silo, int Gateway) ports, ScoringSiloOptions options, Action<ISiloBuilder>? configure = null)
    {
        string database = SqliteFile.Prepare(folder);
        HostApplicationBuilder builder = CreateBuilder();
        builder.UseOrleans(silo =>
        {
            silo.Configure<ClusterOptions>(Name)
                .ConfigureEndpoints(IPAddress.Loopback, ports.Silo, ports.Gateway)
                .UseAdoNetClustering(clustering => (clustering.Invariant, clustering.ConnectionString) = (SqliteFile.Provider, database))
                .AddAdoNetGrainStorage(
                    ScoringSiloExtensions.StorageName,
                    storage => (storage.Invariant, storage.ConnectionString) = (SqliteFile.Provider, database))
                .AddRePaViTScoring(options);
            configure?.Invoke(silo);
        });
        return builder.Build();
    }

    /// <summary>A client.</summary>
    /// <param name="folder">The folder of the cluster.</param>
    /// <param name="configure">Further configuration of the client.</param>
    public static IHost CreateClient(string folder, Action<IClientBuilder>? configure = null)
    {
        string database = SqliteFile.Prepare(folder);
        HostApplicationBuilder builder = CreateBuilder();
        builder.UseOrleansClient(client =>
        {
            client.Configure<ClusterOptions>(Name)
                .UseAdoNetClustering(clustering => (clustering.Invariant, clustering.ConnectionString) = (SqliteFile.Provider, database))
                .UseConnectionRetryFilter(async (_, cancellationToken) =>
                {
                    // Silos may still be starting.
                    await Task.Delay(TimeSpan.FromSeconds(0.5), cancellationToken);
                    return true;
                });
            configure?.Invoke(client);
        });
        return builder.Build();
    }

    /// <summary>Two ports that are not in use.</summary>
    public static (int Silo, int Gateway) FreePorts()
    {
        using var first = new TcpListener(IPAddress.Loopback, 0);
        using var second = new TcpListener(IPAddress.Loopback, 0);
        first.Start();
        second.Start();
        return (((IPEndPoint)first.LocalEndpoint).Port, ((IPEndPoint)second.LocalEndpoint).Port);
    }

    private static HostApplicationBuilder CreateBuilder()
    {
        HostApplicationBuilder builder = Host.CreateApplicationBuilder();
        builder.Logging.SetMinimumLevel(LogLevel.Error).AddFilter("RePaViT", LogLevel.Warning);
        return builder;
    }

    private static void Name(ClusterOptions options) => (options.ClusterId, options.ServiceId) = (ClusterName, ClusterName);
}
