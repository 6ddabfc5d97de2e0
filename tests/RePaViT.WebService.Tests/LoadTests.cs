using System.Net;
using Microsoft.Extensions.Time.Testing;

namespace RePaViT.WebService.Tests;

/// <summary>More than the service does at once. The batch of its scorer waits for company for longer than any request may.</summary>
[TestClass]
public sealed class LoadTests
{
    private readonly FakeTimeProvider _time = new();

    [TestMethod]
    public async Task A_full_queue_is_told_with_when_to_come_again()
    {
        BatchingScorer scorer = CreateScorer(deadline: null);
        using var service = new Service(scorer: scorer);
        Task<HttpResponseMessage> accepted = service.SendAsync("classify", Service.Files[0], isForm: false);
        while (scorer.Unanswered == 0)
        {
            await Task.Delay(1);
        }

        HttpResponseMessage refused = await service.SendAsync("classify", Service.Files[1], isForm: false);

        Assert.AreEqual(TimeSpan.FromSeconds(1), refused.Headers.RetryAfter?.Delta);
        await Service.AssertRefused(HttpStatusCode.ServiceUnavailable, "1 requests are waiting", refused);
        await scorer.DisposeAsync();
        await Service.AnswerOf(await accepted);
    }

    [TestMethod]
    public async Task A_deadline_that_passes_is_told()
    {
        await using BatchingScorer scorer = CreateScorer(deadline: TimeSpan.FromSeconds(5));
        using var service = new Service(scorer: scorer);

        Task<HttpResponseMessage> late = service.SendAsync("classify", Service.Files[0], isForm: false);
        while (!late.IsCompleted)
        {
            _time.Advance(TimeSpan.FromSeconds(1));
            await Task.Delay(1);
        }

        await Service.AssertRefused(HttpStatusCode.GatewayTimeout, "not classified within", await late);
    }

    private BatchingScorer CreateScorer(TimeSpan? deadline) => new(
        Service.Model, new BatchingOptions { QueueCapacity = 1, MaxBatchSize = 2, MaxWait = TimeSpan.FromDays(1), Deadline = deadline, TimeProvider = _time });
}
