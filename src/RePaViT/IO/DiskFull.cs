namespace RePaViT.IO;

/// <summary>The failure to write to a disk that has no room.</summary>
internal static class DiskFull
{
    private const int OnWindows = unchecked((int)0x80070070);

    // .NET hands on the number of the system's error.
    private const int OnUnix = 28;

    public static bool Is(Exception exception) => exception is IOException { HResult: OnWindows or OnUnix };
}
