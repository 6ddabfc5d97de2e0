using RePaViT.Training.Pixels;

namespace RePaViT.Tests.Training.Pixels;

[TestClass]
public sealed class HueTests
{
    [TestMethod]
    [DataRow(new byte[] { 255, 0, 0 }, 1 / 3.0, new byte[] { 0, 255, 0 })]
    [DataRow(new byte[] { 255, 0, 0 }, -1 / 3.0, new byte[] { 0, 0, 255 })]
    [DataRow(new byte[] { 255, 0, 0 }, 1 / 6.0, new byte[] { 255, 255, 0 })]
    [DataRow(new byte[] { 200, 100, 100 }, 0.5, new byte[] { 100, 200, 200 })]
    [DataRow(new byte[] { 10, 200, 105 }, 0.0, new byte[] { 10, 200, 105 })]
    [DataRow(new byte[] { 77, 77, 77 }, 0.25, new byte[] { 77, 77, 77 })]
    public void Colors_turn_from_red_over_green_to_blue(byte[] color, double turn, byte[] expected) => CollectionAssert.AreEqual(expected, Turn(color, turn));

    [TestMethod]
    public void Saturation_and_value_stay_and_the_way_back_leads_to_the_same_color()
    {
        var random = new Random(1);
        for (int i = 0; i < 2000; i++)
        {
            byte[] color = new byte[3];
            random.NextBytes(color);
            double turn = random.NextDouble() - 0.5;
            byte[] turned = Turn(color, turn);

            Assert.AreEqual(color.Max(), turned.Max());
            Assert.AreEqual(color.Min(), turned.Min(), 1);
            byte[] back = Turn(turned, -turn);
            for (int channel = 0; channel < 3; channel++)
            {
                // Each turn rounds to a level, and a color between two sextants to either side of it.
                Assert.AreEqual(color[channel], back[channel], 2, $"{string.Join(' ', color)} by {turn}");
            }
        }
    }

    private static byte[] Turn(byte[] color, double turn)
    {
        using var image = new PixelImage(1, 1);
        color.CopyTo(image.Samples);
        Hue.Turn(image, turn);
        return image.Samples.ToArray();
    }
}
