namespace RePaViT.Training;

/// <summary>Which model teaches, and whether it can.</summary>
internal static class TeacherIdentity
{
    /// <summary>What tells it from other teachers.</summary>
    public static string Of(RePaViTModel model) => $"teacher {ModelHash.Of(model)}";

    /// <exception cref="ArgumentException">The teacher has other classes than the data set.</exception>
    public static void ThrowUnlessSameClasses(RePaViTModel model, IReadOnlyList<string> classNames)
    {
        if (!model.ClassNames.SequenceEqual(classNames))
        {
            throw new ArgumentException("The teacher has class names that differ from the training data set's: the same names, in the "
                + "same order, are needed.");
        }
    }
}
