using System.Security.Cryptography;

namespace RePaViT.Training;

/// <summary>Tells models apart.</summary>
internal static class ModelHash
{
    /// <summary>A hash (SHA-256) of all that a file of the model would hold.</summary>
    public static string Of(RePaViTModel model)
    {
        using var hash = SHA256.Create();
        using (var stream = new CryptoStream(Stream.Null, hash, CryptoStreamMode.Write))
        {
            model.Save(stream);
        }

        return Convert.ToHexString(hash.Hash!);
    }
}
