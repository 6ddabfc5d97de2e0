using System.Security.Cryptography;

namespace RePaViT.Training;

/// <summary>Which model teaches, and whether it can.</summary>
internal static class TeacherIdentity
{
    /// <summary>A hash of all that a file of the model would hold.</summary>
    public static string Of(RePaViTModel model)
    {
        using var hash = SHA256.Create();
        using (var stream = new CryptoStream(Stream.Null, hash, CryptoStreamMode.Write))
        {
            model.Save(stream);
        }

        return $"teacher {Convert.ToHexString(hash.Hash!)}";
    }

    /// <exception cref="ArgumentException">The teacher has other classes than the data set.</exception>
    public static void ThrowUnlessSameClasses(RePaViTModel model, IReadOnlyList<string> classNames)
    {
        if (!model.ClassNames.SequenceEqual(classNames))
        {
            throw new ArgumentException("The teacher has other class names than the training data set: the same, in the same order, are needed.");
        }
    }
}
