using RePaViT.Operators;
namespace RePaViT.Tests.Reference;

[TestClass]
public sealed class PlainMathTests
{
    // Tables of the error function (Abramowitz and Stegun, table 7.1, and its values to 16 digits).
    [TestMethod]
    [DataRow(0, 0)]
    [DataRow(0.1, 0.1124629160182849)]
    [DataRow(0.5, 0.5204998778130465)]
    [DataRow(1, 0.8427007929497149)]
    [DataRow(-1, -0.8427007929497149)]
    [DataRow(2, 0.9953222650189527)]
    [DataRow(2.5, 0.9995930479825550)]
    [DataRow(3, 0.9999779095030014)]
    [DataRow(-40, -1)]
    public void Erf_agrees_with_tables(double x, double expected)
    {
        double difference = Math.Abs(PlainMath.Erf(x) - expected);

        Assert.IsTrue(difference <= 1e-15, $"erf({x}) is off by {difference}");
    }

    [TestMethod]
    public void Erf_has_no_step_where_its_formulas_meet()
    {
        double step = PlainMath.Erf(Math.BitIncrement(2)) - PlainMath.Erf(2);

        Assert.IsTrue(Math.Abs(step) <= 1e-15, $"{step}");
    }

    [TestMethod]
    public void Quick_gelu_derivative_is_the_slope_of_quick_gelu()
    {
        for (double x = -5; x <= 5; x += 0.37)
        {
            const double H = 1e-5;
            double slope = (PlainMath.QuickGelu(x + H) - PlainMath.QuickGelu(x - H)) / (2 * H);

            Assert.IsTrue(Math.Abs(slope - PlainMath.QuickGeluDerivative(x)) <= 1e-9, $"at {x}");
        }
    }

    [TestMethod]
    public void Gelu_derivative_is_the_slope_of_gelu()
    {
        for (double x = -5; x <= 5; x += 0.37)
        {
            const double H = 1e-5;
            double slope = (PlainMath.Gelu(x + H) - PlainMath.Gelu(x - H)) / (2 * H);

            Assert.IsTrue(Math.Abs(slope - PlainMath.GeluDerivative(x)) <= 1e-9, $"at {x}");
        }
    }
}
