using System.Diagnostics;
using System.Net;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using RePaViT.IO;

namespace RePaViT.Import.Sources;

/// <summary>Downloads a file whose hash is known, and keeps no other.</summary>
/// <param name="uri">Where it is.</param>
/// <param name="sha256">Its SHA-256 hash.</param>
/// <param name="progress">Is told how far it is.</param>
internal sealed class Download(Uri uri, byte[] sha256, IProgress<DownloadProgress>? progress)
{
    public const int BufferSize = 1 << 17;

    // Beyond any network that this library computes.
    private const long MaxLength = 1L << 35;
    private const int MaxRedirections = 10;
    private const int MaxAttempts = 5;

    private static readonly TimeSpan ConnectTimeout = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan SilenceTimeout = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan TimeBetweenReports = TimeSpan.FromMilliseconds(100);

    private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private TimeSpan _lastReport = -TimeBetweenReports;

    /// <summary>Whether an address may be used: nobody on the way can see or change what comes from it.</summary>
    public static bool IsAccepted(Uri uri)
        => uri.IsAbsoluteUri && uri.UserInfo.Length == 0 && (uri.Scheme == Uri.UriSchemeHttps || uri.Scheme == Uri.UriSchemeHttp && uri.IsLoopback);

    /// <summary>Downloads to a path, where the file appears as a whole or not at all.</summary>
    /// <exception cref="IOException">It could not be downloaded or written; the message says what to do instead.</exception>
    /// <exception cref="InvalidDataException">It is another file.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public void Run(string path, CancellationToken cancellationToken)
    {
        try
        {
            // On threads of its own: the caller's may be one to which nothing must come back.
            AtomicFile.Write(path, stream => Task.Run(() => ReceiveAsync(stream, cancellationToken), CancellationToken.None).GetAwaiter().GetResult());
        }
        catch (Exception exception) when (exception is HttpRequestException or IOException)
        {
            throw new IOException(
                $"'{uri}' could not be downloaded: {Excerpt.OfMessage(exception)} "
                + $"Without a network, save the file whose SHA-256 hash is {Convert.ToHexStringLower(sha256)} as '{path}'.",
                exception);
        }
    }

    private async Task ReceiveAsync(Stream stream, CancellationToken cancellationToken)
    {
        using var handler = new SocketsHttpHandler { AllowAutoRedirect = false, ConnectTimeout = ConnectTimeout, UseProxy = !uri.IsLoopback };
        using var client = new HttpClient(handler) { Timeout = Timeout.InfiniteTimeSpan };
        for (int attempt = 1; ; attempt++)
        {
            long start = stream.Position;
            try
            {
                await ReceiveRestAsync(client, stream, cancellationToken).ConfigureAwait(false);
                break;
            }
            catch (Exception exception) when (
                exception is HttpRequestException or IOException && !DiskFull.Is(exception) && attempt < MaxAttempts && stream.Position > start)
            {
                // It broke off, but something came: the rest may come too.
            }
        }

        byte[] actual = _hash.GetHashAndReset();
        if (!actual.AsSpan().SequenceEqual(sha256))
        {
            throw new InvalidDataException(
                $"'{uri}': the file there, of {stream.Position} bytes, has the SHA-256 hash {Convert.ToHexStringLower(actual)}, "
                + $"but {Convert.ToHexStringLower(sha256)} is needed: it is a different file, or the hash belongs to another one.");
        }
    }

    /// <summary>Appends what is still missing.</summary>
    private async Task ReceiveRestAsync(HttpClient client, Stream stream, CancellationToken cancellationToken)
    {
        using var silence = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        try
        {
            silence.CancelAfter(SilenceTimeout);
            using HttpResponseMessage response = await SendAsync(client, stream.Position, silence.Token).ConfigureAwait(false);
            if (response.StatusCode != HttpStatusCode.PartialContent)
            {
                // From the beginning, whatever was requested.
                stream.SetLength(0);
                _hash.GetHashAndReset();
            }

            long? total = stream.Position + response.Content.Headers.ContentLength;
            ThrowIfTooLong(total ?? 0);
            using Stream content = await response.Content.ReadAsStreamAsync(silence.Token).ConfigureAwait(false);
            byte[] buffer = new byte[BufferSize];
            while (true)
            {
                silence.CancelAfter(SilenceTimeout);
                int count = await content.ReadAsync(buffer, silence.Token).ConfigureAwait(false);
                if (count == 0)
                {
                    break;
                }

                ThrowIfTooLong(stream.Position + count);
                stream.Write(buffer, 0, count);
                _hash.AppendData(buffer, 0, count);
                Report(stream.Position, total);
            }
        }
        catch (OperationCanceledException exception) when (!cancellationToken.IsCancellationRequested)
        {
            throw new IOException($"Nothing arrived for {SilenceTimeout.TotalSeconds} seconds.", exception);
        }
    }

    private async Task<HttpResponseMessage> SendAsync(HttpClient client, long from, CancellationToken cancellationToken)
    {
        Uri target = uri;
        for (int redirections = 0; redirections <= MaxRedirections; redirections++)
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, target);
            request.Headers.Range = from > 0 ? new RangeHeaderValue(from, null) : null;
            HttpResponseMessage response = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken).ConfigureAwait(false);
            if (response.StatusCode is HttpStatusCode.OK || response.StatusCode is HttpStatusCode.PartialContent && StartsAt(response, from))
            {
                return response;
            }

            using (response)
            {
                target = response is { StatusCode: HttpStatusCode.Moved or HttpStatusCode.Found or HttpStatusCode.SeeOther
                    or HttpStatusCode.TemporaryRedirect or HttpStatusCode.PermanentRedirect, Headers.Location: Uri location }
                    ? new Uri(target, location)
                    : throw new HttpRequestException($"The server answered {(int)response.StatusCode} "
                        + $"{Excerpt.Of(response.ReasonPhrase)}.");
            }

            if (!IsAccepted(target))
            {
                throw new HttpRequestException($"It redirects to '{Excerpt.Of(target.ToString())}', but only https addresses are "
                    + "followed.");
            }
        }

        throw new HttpRequestException($"It redirects more than {MaxRedirections} times.");
    }

    private static bool StartsAt(HttpResponseMessage response, long from) => from > 0 && response.Content.Headers.ContentRange?.From == from;

    private static void ThrowIfTooLong(long length)
    {
        if (length > MaxLength)
        {
            throw new InvalidDataException($"A file of {length} bytes or more is not accepted; at most {MaxLength} are.");
        }
    }

    private void Report(long bytes, long? total)
    {
        TimeSpan now = Stopwatch.GetElapsedTime(0);
        if (bytes == total || now - _lastReport >= TimeBetweenReports)
        {
            _lastReport = now;
            progress?.Report(new DownloadProgress(bytes, total));
        }
    }
}
