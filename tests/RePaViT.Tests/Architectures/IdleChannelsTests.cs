namespace RePaViT.Tests.Architectures;

/// <summary>The numbers are those of <see cref="ViTArchitectureTests"/>; here, that every family has the same.</summary>
[TestClass]
public sealed class IdleChannelsTests
{
    private static readonly Architecture[] Families =
    [
        new ViTArchitecture { ImageSize = 8, PatchSize = 4, Dim = 36, Depth = 4, Heads = 3 },
        new MixerArchitecture { ImageSize = 8, PatchSize = 4, Dim = 36, Depth = 4 },
        new SwinArchitecture { ImageSize = 8, Dim = 36, Depths = [4], Heads = [3] },
    ];

    private static IEnumerable<object[]> Accepted =>
    [
        [0.5, IdleHeuristic.Static, null!, new[] { 72, 72, 72, 72 }],
        [0.75, IdleHeuristic.Linear, null!, new[] { 48, 24, 0, 144 }],
        [0.75, IdleHeuristic.Linear, new[] { 0, 144, 7, 49 }, new[] { 0, 144, 7, 49 }],
        [null!, IdleHeuristic.Static, new[] { 1, 2, 3, 4 }, new[] { 1, 2, 3, 4 }],
        [null!, IdleHeuristic.Linear, null!, new[] { 144, 144, 144, 144 }],
    ];

    private static IEnumerable<object[]> Refused =>
    [
        [1.1, IdleHeuristic.Static, null!, "IdleRatio 1.1"],
        [0.5, (IdleHeuristic)9, null!, "IdleHeuristic 9"],
        [0.5, IdleHeuristic.Static, new[] { 1, 2, 3 }, "ActiveChannels has 3"],
        [0.5, IdleHeuristic.Static, new[] { 1, 2, 3, 145 }, "ActiveChannels 145"],
    ];

    [TestMethod]
    [DynamicData(nameof(Accepted))]
    public void Every_family_has_the_same_active_channels(
        double? ratio, IdleHeuristic heuristic, int[]? active, int[] expected)
    {
        foreach (Architecture family in Families)
        {
            Architecture architecture = With(family, ratio, heuristic, active);
            architecture.Validate();
            int[] counted = [.. Enumerable.Range(0, 4).Select(architecture.ActiveChannelsOf)];
            CollectionAssert.AreEqual(expected, counted, $"{architecture}: {string.Join(", ", counted)}");
            Assert.AreEqual(ratio is null && active is null, architecture.IsVanilla, $"{architecture}");
        }
    }

    [TestMethod]
    [DynamicData(nameof(Refused))]
    public void Every_family_refuses_the_same(double? ratio, IdleHeuristic heuristic, int[]? active, string message)
    {
        foreach (Architecture family in Families)
        {
            var exception = Assert.ThrowsExactly<ArgumentException>(With(family, ratio, heuristic, active).Validate);
            Assert.Contains(message, exception.Message, $"{family}");
        }
    }

    private static Architecture With(Architecture family, double? ratio, IdleHeuristic heuristic, int[]? active)
        => family with { IdleRatio = ratio, IdleHeuristic = heuristic, ActiveChannels = active is null ? null : [.. active] };
}
