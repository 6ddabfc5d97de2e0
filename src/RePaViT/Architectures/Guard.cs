using System.Runtime.CompilerServices;

namespace RePaViT;

/// <summary>Refuses values of descriptions and options.</summary>
internal static class Guard
{
    /// <param name="accepted">Whether the value is.</param>
    /// <param name="value">The value.</param>
    /// <param name="needed">What would be, in words.</param>
    /// <param name="name">The option.</param>
    /// <exception cref="ArgumentException">It is not; the message names it.</exception>
    public static void ThrowUnless<T>(
        bool accepted, T value, string needed, [CallerArgumentExpression(nameof(value))] string name = "")
    {
        if (!accepted)
        {
            throw new ArgumentException($"{name} {value} is not accepted: {needed} is needed.");
        }
    }
}
