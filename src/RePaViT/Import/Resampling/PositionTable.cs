using RePaViT.IO;

namespace RePaViT.Import.Resampling;

/// <summary>The position table of a file, for patches in a square and tokens before them that stand for none.</summary>
/// <param name="Prefix">Rows of tokens that stand for no patch.</param>
/// <param name="Side">Patches along a side.</param>
internal readonly record struct PositionTable(int Prefix, int Side)
{
    /// <summary>Our name of the table.</summary>
    public const string Name = "pos_embed";

    /// <summary>Finds out what the rows of a table are: with or without those that stand for no patch.</summary>
    /// <param name="context">What is known.</param>
    /// <param name="patchSize">Width and height of a patch, in pixels.</param>
    /// <exception cref="InvalidDataException">They are those of no square image, or of several sizes.</exception>
    public static PositionTable Find(PretrainedContext context, int patchSize)
    {
        int classTokens = (context.Source.Has("cls_token") ? 1 : 0) + (context.Source.Has("dist_token") ? 1 : 0);
        int registers = context.Source.ShapeOf(PretrainedWeights.Registers) is [_, int count, _] ? count : 0;
        int rows = context.ShapeOf(Name, 3)[1];
        PositionTable[] possible =
        [
            .. new[] { 0, classTokens, classTokens + registers }.Distinct()
                .Select(prefix => new PositionTable(prefix, (int)Math.Sqrt(Math.Max(0, rows - prefix))))
                .Where(table => table.Side > 0 && table.Side * table.Side + table.Prefix == rows),
        ];
        if (possible is [PositionTable only])
        {
            return only;
        }

        foreach (int? size in new[] { context.Options.ImageSize, context.Configuration.ImageSize })
        {
            PositionTable fitting = Array.Find(possible, table => table.Side * patchSize == size);
            if (fitting.Side > 0)
            {
                return fitting;
            }
        }

        throw context.Refusal(
            possible.Length == 0
                ? $"its {rows} positions do not fit a square image"
                : $"its {rows} positions may be for images of {Excerpt.OfList(possible.Select(table => table.Side * patchSize))} pixels: "
                    + $"{nameof(PretrainedOptions.ImageSize)} has to be one of these");
    }
}
