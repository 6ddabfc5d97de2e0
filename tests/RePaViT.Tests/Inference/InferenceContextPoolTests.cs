using RePaViT.Inference;
using RePaViT.Threading;

namespace RePaViT.Tests.Inference;

[TestClass]
public class InferenceContextPoolTests
{
    [TestMethod]
    public void A_rush_of_callers_leaves_no_more_buffers_than_can_be_used_at_once()
    {
        ThreadTeam team = ThreadTeam.Get(1);
        var pool = new InferenceContextPool(() => new InferenceContext(team, imagesPerPass: 1, bufferLengths: [8], kernels: []));
        InferenceContext[] RentMany()
            => [.. Enumerable.Range(0, Environment.ProcessorCount + 5).Select(_ => pool.Rent())];

        InferenceContext[] first = RentMany();
        Assert.AreEqual(first.Length, first.Distinct().Count());
        foreach (InferenceContext context in first)
        {
            pool.Return(context);
        }

        Assert.AreEqual(Environment.ProcessorCount, RentMany().Intersect(first).Count());
    }
}
