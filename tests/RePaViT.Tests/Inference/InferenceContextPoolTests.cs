using RePaViT.Inference;
using RePaViT.Kernels;
using RePaViT.Tests.Support;

namespace RePaViT.Tests.Inference;

[TestClass]
public class InferenceContextPoolTests
{
    [TestMethod]
    public void A_rush_of_callers_leaves_no_more_buffers_than_can_be_used_at_once()
    {
        var architecture = new ViTArchitecture { ImageSize = 8, PatchSize = 4, Dim = 8, Depth = 1, Heads = 1, Classes = 2 };
        var shapes = InferenceShapes.Of(RandomWeights.Network(architecture, seed: 1).Layers);
        var pool = new InferenceContextPool(ThreadTeam.Get(1), shapes);
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
