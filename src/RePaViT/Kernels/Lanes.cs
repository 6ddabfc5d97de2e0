using System.Numerics;

namespace RePaViT.Kernels;

/// <summary>The end of a span that does not fill a vector: computed like the rest, so a value does not depend on its place.</summary>
internal static class Lanes
{
    /// <summary>A vector that starts with the values and goes on with zeros.</summary>
    public static Vector<float> Load(ReadOnlySpan<float> values)
    {
        Span<float> lanes = stackalloc float[Vector<float>.Count];
        lanes.Clear();
        values.CopyTo(lanes);
        return new Vector<float>(lanes);
    }

    /// <summary>Writes as many lanes as the destination holds.</summary>
    public static void StoreFirst(this Vector<float> vector, Span<float> destination)
    {
        Span<float> lanes = stackalloc float[Vector<float>.Count];
        vector.CopyTo(lanes);
        lanes[..destination.Length].CopyTo(destination);
    }
}
