namespace RePaViT.Benchmarks;

/// <summary>
/// Every size in tables 1, 2, 4 and 5 of the paper (RePaViT, arXiv 2505.21847): millions of parameters and, but for table 5,
/// GMACs, both with one decimal.
/// </summary>
internal static class PaperTables
{
    private const string QkvBias = "With biases of queries, keys and values, which the paper's vanilla LV-ViT does not have.";

    private const string WithAttention =
        "Products within attention counted too, here alone: tables 1 and 4 have 9.9 for the same network, and with them ours has 10.6.";

    private const string NoNormalizations =
        "The paper's number leaves no room for normalizations, which 178.5 and 30.0 of other sizes have; it is that of the row above.";

    private const string MoreNormalizations =
        "With the biases too, and two normalizations a layer, as in all other sizes; one before each of three projections would make it 40.2.";

    private static readonly (string Name, Architecture Preset)[] Backbones =
    [
        ("DeiT-Tiny", ViTArchitecture.Tiny), ("DeiT-Small", ViTArchitecture.Small), ("DeiT-Base", ViTArchitecture.Base),
        ("ViT-Large", ViTArchitecture.Large), ("ViT-Huge", ViTArchitecture.Huge),
        ("Swin-Tiny", SwinArchitecture.Tiny), ("Swin-Small", SwinArchitecture.Small), ("Swin-Base", SwinArchitecture.Base),
        ("LV-ViT-S", LVViTArchitecture.S), ("LV-ViT-M", LVViTArchitecture.M),
    ];

    public static IReadOnlyList<PaperSize> Sizes { get; } = [.. Table1(), .. Table2(), .. Table4(), .. Table5()];

    /// <summary>Vanilla, before and after reparameterization.</summary>
    private static IEnumerable<PaperSize> Table1() =>
    [
        .. Forms("DeiT-Tiny", 0.5, (5.7, 1.1), (5.7, 1.1), (4.4, 0.8)),
        .. Forms("DeiT-Small", 0.5, (22.1, 4.3), (22.1, 4.3), (16.7, 3.2)),
        .. Forms("DeiT-Base", 0.75, (86.6, 16.9), (86.6, 16.9), (51.1, 9.9)),
        .. Forms("ViT-Large", 0.75, (304.3, 59.7), (304.5, 59.8), (178.4, 34.9)),
        .. Forms("ViT-Huge", 0.75, (632.2, 124.3), (632.5, 124.4), (369.9, 72.6)),
        .. Forms("Swin-Tiny", 0.75, (28.3, 4.4), (28.3, 4.4), (17.5, 2.6)),
        .. Forms("Swin-Small", 0.75, (49.6, 8.6), (49.7, 8.6), (29.9, 5.1)),
        .. Forms("Swin-Base", 0.75, (87.8, 15.2), (87.9, 15.2), (52.8, 9.0)),
        .. Forms("LV-ViT-S", 0.75, (26.2, 6.1), (26.2, 6.1), (19.1, 4.7)),
        .. Forms("LV-ViT-M", 0.75, (55.8, 11.9), (55.9, 11.9), (40.1, 8.8)),
    ];

    /// <summary>Beside pruning.</summary>
    private static IEnumerable<PaperSize> Table2() =>
    [
        Deployed(2, "DeiT-Small", 0.5, 16.7, 3.2), Deployed(2, "DeiT-Small", 0.75, 13.2, 2.5),
        Deployed(2, "DeiT-Base", 0.5, 65.3, 12.7), Deployed(2, "DeiT-Base", 0.75, 51.1, 10.6) with { Note = WithAttention },
        Deployed(2, "Swin-Small", 0.5, 37.8, 6.4), Deployed(2, "Swin-Small", 0.75, 29.9, 5.1),
        Deployed(2, "Swin-Base", 0.5, 66.8, 11.5), Deployed(2, "Swin-Base", 0.75, 52.8, 9.0),
    ];

    /// <summary>Idle ratios.</summary>
    private static IEnumerable<PaperSize> Table4() =>
    [
        .. Ratios("DeiT-Tiny", (2.6, 0.5), (3.5, 0.6), (4.4, 0.8), (5.3, 1.0), (5.7, 1.1)),
        .. Ratios("DeiT-Small", (9.6, 1.8), (13.2, 2.5), (16.7, 3.2), (20.3, 3.9), (22.1, 4.3)),
        .. Ratios("DeiT-Base", (37.0, 7.1), (51.1, 9.9), (65.3, 12.7), (79.5, 15.5), (86.6, 16.9)),
        .. Ratios("Swin-Tiny", (13.2, 1.9), (17.5, 2.6), (21.8, 3.3), (26.1, 4.0), (28.3, 4.4)),
        .. Ratios("Swin-Small", (22.1, 3.7), (29.9, 5.1), (37.8, 6.5), (45.7, 7.9), (49.6, 8.6)),
        .. Ratios("Swin-Base", (38.8, 6.5), (52.8, 9.0), (66.8, 11.5), (80.8, 14.0), (87.8, 15.2)),
    ];

    /// <summary>Parameters in training: merged without and with batch normalization, and with idle channels.</summary>
    private static IEnumerable<PaperSize> Table5() =>
    [
        .. Structures("DeiT-Tiny", 3.5, 3.5, 5.7),
        .. Structures("DeiT-Small", 13.2, 13.2, 22.1),
        .. Structures("DeiT-Base", 51.1, 51.1, 86.6, NoNormalizations),
        .. Structures("ViT-Large", 178.4, 178.5, 304.5),
        .. Structures("Swin-Tiny", 17.5, 17.5, 28.3),
        .. Structures("Swin-Small", 29.9, 30.0, 49.7),
        .. Structures("Swin-Base", 52.8, 52.9, 87.9),
        .. Structures("LV-ViT-S", 19.1, 19.1, 26.2),
        .. Structures("LV-ViT-M", 40.1, 40.2, 55.9, MoreNormalizations),
    ];

    private static IEnumerable<PaperSize> Forms(
        string backbone, double ratio, (double, double) vanilla, (double, double) trained, (double, double) deployed) =>
    [
        Vanilla(1, backbone, vanilla.Item1, vanilla.Item2),
        Idle(1, backbone, ratio, NetworkForm.Trained, trained.Item1, trained.Item2),
        Deployed(1, backbone, ratio, deployed.Item1, deployed.Item2),
    ];

    private static IEnumerable<PaperSize> Ratios(
        string backbone, (double, double) all, (double, double) most, (double, double) half, (double, double) few, (double, double) vanilla) =>
    [
        Deployed(4, backbone, 1, all.Item1, all.Item2),
        Deployed(4, backbone, 0.75, most.Item1, most.Item2),
        Deployed(4, backbone, 0.5, half.Item1, half.Item2),
        Deployed(4, backbone, 0.25, few.Item1, few.Item2),
        Vanilla(4, backbone, vanilla.Item1, vanilla.Item2),
    ];

    private static IEnumerable<PaperSize> Structures(
        string backbone, double withoutNorm, double withNorm, double idle, string? note = null)
    {
        PaperSize trained = Idle(5, backbone, 0.75, NetworkForm.Trained, idle, gmacs: null);
        Architecture merged = trained.Architecture with { FeedForwardStructure = FeedForwardStructure.Merged };
        return
        [
            trained with
            {
                Network = $"{trained.Network}, merged, without BatchNorm", Parameters = withoutNorm,
                Architecture = merged with { FeedForwardNorm = FeedForwardNorm.None },
            },
            trained with { Network = $"{trained.Network}, merged", Parameters = withNorm, Architecture = merged, Note = note ?? trained.Note },
            trained,
        ];
    }

    private static PaperSize Vanilla(int table, string backbone, double parameters, double gmacs)
        => new(table, backbone, Preset(backbone) with { IdleRatio = null }, NetworkForm.Trained, parameters, gmacs, Note: null);

    private static PaperSize Deployed(int table, string backbone, double ratio, double parameters, double gmacs)
        => Idle(table, backbone, ratio, NetworkForm.Deployed, parameters, gmacs);

    /// <summary>The paper's 0.75 of LV-ViT leaves as many active channels as a token has: the ratio of our presets.</summary>
    private static PaperSize Idle(int table, string backbone, double ratio, NetworkForm form, double parameters, double? gmacs)
    {
        string name = FormattableString.Invariant($"RePa-{backbone}/{ratio:0.00}{(form == NetworkForm.Deployed ? ", deployed" : "")}");
        return Preset(backbone) is LVViTArchitecture tokens
            ? new(table, name, tokens with { QkvBias = true }, form, parameters, gmacs, QkvBias)
            : new(table, name, Preset(backbone) with { IdleRatio = ratio }, form, parameters, gmacs, Note: null);
    }

    private static Architecture Preset(string backbone) => Backbones.Single(preset => preset.Name == backbone).Preset;
}

/// <summary>A network in a table of the paper.</summary>
/// <param name="Table">Number of the table.</param>
/// <param name="Network">What it is called.</param>
/// <param name="Architecture">The same as an architecture.</param>
/// <param name="Form">The form that is counted.</param>
/// <param name="Parameters">Millions of parameters.</param>
/// <param name="Gmacs">10^9 multiply-adds; null where the table has none.</param>
/// <param name="Note">What is to be known; null for nothing.</param>
internal sealed record PaperSize(
    int Table, string Network, Architecture Architecture, NetworkForm Form, double Parameters, double? Gmacs, string? Note);
