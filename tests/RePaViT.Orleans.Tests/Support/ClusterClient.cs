using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Orleans.Configuration;
using RePaViT.ClusterScoring;

namespace RePaViT.Cluster.Tests.Support;

/// <summary>A client in this process.</summary>
internal sealed class ClusterClient : IAsyncDisposable
{
    private readonly IHost _host;

    private ClusterClient(IHost host) => _host = host;

    public IClusterClient Grains => _host.Services.GetRequiredService<IClusterClient>();

    public ScoringJobs Jobs => new(Grains);

    public static async Task<ClusterClient> ConnectAsync(string cluster, CancellationToken cancellationToken)
    {
        IHost host = LocalCluster.CreateClient(
            cluster, client => client.Configure<ClientMessagingOptions>(options => options.ResponseTimeout = TimeSpan.FromSeconds(5)));
        await host.StartAsync(cancellationToken);
        return new ClusterClient(host);
    }

    public async ValueTask DisposeAsync()
    {
        await _host.StopAsync();
        _host.Dispose();
    }
}
