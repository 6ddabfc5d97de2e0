using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace RePaViT.Tests.Support;

/// <summary>A web server on this machine, for one answer a connection.</summary>
internal sealed class LoopbackServer : IDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly Action<string, Stream> _answer;

    /// <param name="answer">Gets the head of a request, and writes the answer.</param>
    public LoopbackServer(Action<string, Stream> answer)
    {
        _answer = answer;
        _listener.Start();
        _ = Task.Run(AcceptAsync);
    }

    /// <summary>The heads of all requests.</summary>
    public ConcurrentQueue<string> Requests { get; } = new();

    public Uri Uri(string path) => new($"http://127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}/{path}");

    /// <summary>Writes a whole answer.</summary>
    /// <param name="stream">The connection.</param>
    /// <param name="status">For instance "200 OK".</param>
    /// <param name="body">What follows the head.</param>
    /// <param name="headers">Further lines of the head.</param>
    public static void Write(Stream stream, string status, ReadOnlySpan<byte> body, params string[] headers)
        => WritePart(stream, status, body, body.Length, headers);

    /// <summary>Writes an answer that announces more than it has.</summary>
    public static void WritePart(Stream stream, string status, ReadOnlySpan<byte> body, int announced, params string[] headers)
    {
        string[] lines = [$"HTTP/1.1 {status}", $"Content-Length: {announced}", "Connection: close", .. headers, "", ""];
        stream.Write(Encoding.ASCII.GetBytes(string.Join("\r\n", lines)));
        stream.Write(body);
    }

    public void Dispose() => _listener.Dispose();

    private async Task AcceptAsync()
    {
        while (true)
        {
            TcpClient client;
            try
            {
                client = await _listener.AcceptTcpClientAsync();
            }
            catch (Exception exception) when (exception is SocketException or ObjectDisposedException or InvalidOperationException)
            {
                return;
            }

            _ = Task.Run(() => Answer(client));
        }
    }

    private void Answer(TcpClient client)
    {
        using (client)
        {
            using NetworkStream stream = client.GetStream();
            var head = new StringBuilder();
            while (!head.ToString().EndsWith("\r\n\r\n", StringComparison.Ordinal) && stream.ReadByte() is int next and >= 0)
            {
                head.Append((char)next);
            }

            Requests.Enqueue(head.ToString());
            try
            {
                _answer(head.ToString(), stream);
            }
            catch (IOException)
            {
                // The client had enough.
            }
        }
    }
}
