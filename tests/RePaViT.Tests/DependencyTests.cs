using System.ComponentModel;
using RePaViT.Tests.Support;
using RePaViT.Threading;

namespace RePaViT.Tests;

[TestClass]
public sealed class DependencyTests
{
    [TestMethod]
    public void The_core_uses_what_the_table_says() => DependencyTable.AssertHoldsFor(typeof(RePaViTModel).Assembly);

    [TestMethod]
    public void Reports_use_what_the_table_says() => DependencyTable.AssertHoldsFor(typeof(ReportFile).Assembly);

    [TestMethod]
    public void Whatever_is_used_stands_above_its_users()
    {
        var above = new HashSet<string>();
        foreach ((string place, string[] uses) in DependencyTable.Rows)
        {
            Assert.IsEmpty(uses.Except(above), $"{place} uses {string.Join(", ", uses.Except(above))}, which stand below it.");
            Assert.IsTrue(above.Add(place), $"{place} has two rows.");
        }
    }

    [TestMethod]
    [DataRow(typeof(InCode))]
    [DataRow(typeof(InLambda))]
    [DataRow(typeof(InIterator))]
    [DataRow(typeof(InAttribute))]
    [DataRow(typeof(InField))]
    [DataRow(typeof(InTypeArgument))]
    [DataRow(typeof(InConstraint<>))]
    [DataRow(typeof(InSwitch))]
    public void A_use_is_seen_wherever_it_is(Type user)
        => Assert.Contains(typeof(Used), TypeUses.Of(user), $"{user.Name} uses {nameof(Used)}.");

    [TestMethod]
    public void A_constant_is_seen_where_it_is_named()
        => Assert.Contains(
            new Dependency(nameof(TrainerOptions), "Training/TrainerOptions.cs", nameof(ThreadTeam), "Threading/ThreadTeam.cs"),
            Dependencies.Of(typeof(TrainerOptions).Assembly));

    private sealed class Used
    {
        public static int Value { get; set; }
    }

    private static class InCode
    {
        public static int Get() => Used.Value;
    }

    private static class InLambda
    {
        public static Func<int> Get(int x) => () => x + Used.Value;
    }

    private static class InIterator
    {
        public static IEnumerable<int> Get()
        {
            yield return Used.Value;
        }
    }

    // Behind instructions of all lengths.
    private static class InSwitch
    {
        public static double Get(long x) => x switch { 0 => 1000, 1 => 0.1, 2 => long.MaxValue, 3 => 7, _ => Used.Value };
    }

    [TypeConverter(typeof(Used))]
    private static class InAttribute;

    private static class InField
    {
        public static Used? Value { get; set; }
    }

    private static class InTypeArgument
    {
        public static List<Used[]> Get() => [];
    }

    private static class InConstraint<T>
        where T : IEnumerable<Used>;
}
