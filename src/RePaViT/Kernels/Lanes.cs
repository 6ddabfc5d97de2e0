using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace RePaViT.Kernels;

/// <summary>
/// A vector register of floats. Kernels are written once over it and compiled for each width: <see cref="WideLanes"/>
/// where <see cref="Lanes.AreWide"/>, else <see cref="NativeLanes"/>.
/// </summary>
internal unsafe interface ILanes<TSelf>
    where TSelf : struct, ILanes<TSelf>
{
    static abstract int Count { get; }

    static abstract TSelf Create(float value);

    static abstract TSelf Load(float* source);

    void Store(float* destination);

    static abstract TSelf operator +(TSelf left, TSelf right);

    static abstract TSelf operator -(TSelf left, TSelf right);

    static abstract TSelf operator *(TSelf left, TSelf right);

    static abstract TSelf operator /(TSelf left, TSelf right);

    /// <summary>a b + c, in one rounding where the machine can.</summary>
    static abstract TSelf MultiplyAdd(TSelf a, TSelf b, TSelf c);

    /// <summary>sum += a b, like <see cref="MultiplyAdd"/>.</summary>
    static abstract void AddProduct(ref TSelf sum, TSelf a, TSelf b);

    static abstract TSelf Abs(TSelf x);

    static abstract TSelf Round(TSelf x);

    /// <summary>The greater values. Where either is not a number: on x86 the right one, elsewhere not a number.</summary>
    static abstract TSelf Max(TSelf left, TSelf right);

    /// <summary>x 2^n for whole numbers n from -126 to 127.</summary>
    static abstract TSelf Scale(TSelf x, TSelf n);

    /// <summary>yes where x &lt; limit, else no.</summary>
    static abstract TSelf SelectLess(TSelf x, float limit, TSelf yes, TSelf no);

    /// <summary>The sum of all lanes.</summary>
    static abstract float Sum(TSelf x);

    /// <summary>The greatest of all lanes, if all are numbers.</summary>
    static abstract float Greatest(TSelf x);
}

/// <summary>16 floats, on machines with AVX-512.</summary>
internal unsafe struct WideLanes : ILanes<WideLanes>
{
    private Vector512<float> _v;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private WideLanes(Vector512<float> v) => _v = v;

    public static int Count => 16;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static WideLanes Create(float value) => new(Vector512.Create(value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static WideLanes Load(float* source) => new(Vector512.Load(source));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly void Store(float* destination) => _v.Store(destination);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static WideLanes operator +(WideLanes left, WideLanes right) => new(left._v + right._v);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static WideLanes operator -(WideLanes left, WideLanes right) => new(left._v - right._v);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static WideLanes operator *(WideLanes left, WideLanes right) => new(left._v * right._v);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static WideLanes operator /(WideLanes left, WideLanes right) => new(left._v / right._v);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static WideLanes MultiplyAdd(WideLanes a, WideLanes b, WideLanes c)
        => new(Vector512.MultiplyAddEstimate(a._v, b._v, c._v));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void AddProduct(ref WideLanes sum, WideLanes a, WideLanes b)
        => sum._v = Vector512.MultiplyAddEstimate(a._v, b._v, sum._v);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static WideLanes Abs(WideLanes x) => new(Vector512.Abs(x._v));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static WideLanes Round(WideLanes x) => new(Vector512.Round(x._v));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static WideLanes Max(WideLanes left, WideLanes right) => new(Vector512.MaxNative(left._v, right._v));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static WideLanes Scale(WideLanes x, WideLanes n) => new(Avx512F.Scale(x._v, n._v));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static WideLanes SelectLess(WideLanes x, float limit, WideLanes yes, WideLanes no)
        => new(Vector512.ConditionalSelect(Vector512.LessThan(x._v, Vector512.Create(limit)), yes._v, no._v));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Sum(WideLanes x) => Vector512.Sum(x._v);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Greatest(WideLanes x)
    {
        Vector256<float> half = Vector256.Max(x._v.GetLower(), x._v.GetUpper());
        Vector128<float> quarter = Vector128.Max(half.GetLower(), half.GetUpper());
        return MathF.Max(MathF.Max(quarter[0], quarter[1]), MathF.Max(quarter[2], quarter[3]));
    }
}

/// <summary>As many floats as the runtime's own vector has: 8 with AVX2, else 4.</summary>
internal unsafe struct NativeLanes : ILanes<NativeLanes>
{
    private Vector<float> _v;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private NativeLanes(Vector<float> v) => _v = v;

    public static int Count => Vector<float>.Count;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static NativeLanes Create(float value) => new(new Vector<float>(value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static NativeLanes Load(float* source) => new(Vector.Load(source));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly void Store(float* destination) => _v.Store(destination);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static NativeLanes operator +(NativeLanes left, NativeLanes right) => new(left._v + right._v);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static NativeLanes operator -(NativeLanes left, NativeLanes right) => new(left._v - right._v);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static NativeLanes operator *(NativeLanes left, NativeLanes right) => new(left._v * right._v);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static NativeLanes operator /(NativeLanes left, NativeLanes right) => new(left._v / right._v);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static NativeLanes MultiplyAdd(NativeLanes a, NativeLanes b, NativeLanes c)
        => new(Vector.MultiplyAddEstimate(a._v, b._v, c._v));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void AddProduct(ref NativeLanes sum, NativeLanes a, NativeLanes b)
        => sum._v = Vector.MultiplyAddEstimate(a._v, b._v, sum._v);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static NativeLanes Abs(NativeLanes x) => new(Vector.Abs(x._v));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static NativeLanes Round(NativeLanes x) => new(Vector.Round(x._v));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static NativeLanes Max(NativeLanes left, NativeLanes right) => new(Vector.MaxNative(left._v, right._v));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static NativeLanes Scale(NativeLanes x, NativeLanes n)
        => new(x._v * Vector.AsVectorSingle((Vector.ConvertToInt32Native(n._v) + new Vector<int>(127)) << 23));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static NativeLanes SelectLess(NativeLanes x, float limit, NativeLanes yes, NativeLanes no)
        => new(Vector.ConditionalSelect(Vector.LessThan(x._v, new Vector<float>(limit)), yes._v, no._v));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Sum(NativeLanes x) => Vector.Sum(x._v);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Greatest(NativeLanes x)
    {
        float greatest = x._v[0];
        for (int lane = 1; lane < Count; lane++)
        {
            greatest = MathF.Max(greatest, x._v[lane]);
        }

        return greatest;
    }
}

/// <summary>Which registers there are, and the ends of rows that do not fill one.</summary>
internal static unsafe class Lanes
{
    /// <summary>Whether kernels run on <see cref="WideLanes"/>.</summary>
    public static bool AreWide
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => Avx512F.IsSupported;
    }

    /// <summary>Brings a cache line nearer, where the machine has a way to ask for that. The address need not be valid.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Prefetch(float* address)
    {
        if (Sse.IsSupported)
        {
            Sse.Prefetch1(address);
        }
    }

    /// <summary>A register that starts with some values and goes on with a filling, so that they are computed like the rest.</summary>
    public static T LoadFirst<T>(float* source, int count, float filling = 0)
        where T : struct, ILanes<T>
    {
        float* lanes = stackalloc float[T.Count];
        T.Create(filling).Store(lanes);
        for (int i = 0; i < count; i++)
        {
            lanes[i] = source[i];
        }

        return T.Load(lanes);
    }

    /// <summary>Writes the first lanes.</summary>
    public static void StoreFirst<T>(T vector, float* destination, int count)
        where T : struct, ILanes<T>
    {
        float* lanes = stackalloc float[T.Count];
        vector.Store(lanes);
        for (int i = 0; i < count; i++)
        {
            destination[i] = lanes[i];
        }
    }
}
