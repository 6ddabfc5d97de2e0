using RePaViT.MLNet.Labels;

namespace RePaViT.MLNet.Tests.Labels;

[TestClass]
public sealed class ClassKeysTests
{
    [TestMethod]
    [DataRow("ReadOnlyMemory`1", "", "Käse")]
    [DataRow("Boolean", "False", "True")]
    [DataRow("SByte", "-128", "0")]
    [DataRow("Byte", "0", "255")]
    [DataRow("Int16", "-1", "1")]
    [DataRow("UInt16", "1", "2")]
    [DataRow("Int32", "-1", "1")]
    [DataRow("UInt32", "1", "2")]
    [DataRow("Int64", "-9223372036854775808", "1")]
    [DataRow("UInt64", "1", "18446744073709551615")]
    [DataRow("Single", "0.1", "-3.4028235E+38")]
    [DataRow("Double", "0.1", "5E-324")]
    [DataRow("DateTime", "2024-02-29T12:30:00.0000001Z", "1999-12-31T00:00:00.0000000")]
    [DataRow("DateTimeOffset", "2024-02-29T12:30:00.0000001+02:00", "1999-12-31T00:00:00.0000000+00:00")]
    [DataRow("TimeSpan", "1.02:03:04.0000005", "00:00:00")]
    public void Values_of_keys_go_to_text_and_back(string valueType, params string[] names)
    {
        ClassKeys classes = ClassKeys.Create(nameof(UInt32), valueType, names);
        var schema = new Microsoft.ML.DataViewSchema.Builder();
        schema.AddColumn("Label", classes.Type, classes.CreateAnnotations());

        ClassKeys read = ClassKeys.Of(schema.ToSchema()["Label"]);

        Assert.AreEqual(classes.ValueType, read.ValueType);
        CollectionAssert.AreEqual(names, read.Names.ToArray());
        Assert.IsTrue(read.HasSameClasses(classes));
    }

    [TestMethod]
    [DataRow("Byte", "256")]
    [DataRow("Int32", "1.5")]
    [DataRow("DateTime", "noon")]
    [DataRow("TimeSpan", "99999999999.00:00:00")]
    public void A_name_that_is_no_value_is_refused(string valueType, string name)
    {
        var exception = Assert.ThrowsExactly<InvalidDataException>(() => ClassKeys.Create(nameof(UInt32), valueType, ["1", name]));
        StringAssert.Contains(exception.Message, valueType, StringComparison.Ordinal);
    }

    [TestMethod]
    [DataRow("Single", null, 2, "Single")]
    [DataRow("Byte", null, 256, "256 classes")]
    [DataRow("UInt16", null, 0, "0 classes")]
    [DataRow("UInt32", "Guid", 2, "Guid")]
    [DataRow("UInt32", "Boolean", 2, "Boolean")]
    public void What_does_not_fit_together_is_refused(string keyType, string? valueType, int classes, string named)
    {
        var exception = Assert.ThrowsExactly<InvalidDataException>(() => ClassKeys.Create(
            keyType, valueType, [.. Enumerable.Range(0, classes).Select(i => $"class {i}")]));
        StringAssert.Contains(exception.Message, named, StringComparison.Ordinal);
    }
}
