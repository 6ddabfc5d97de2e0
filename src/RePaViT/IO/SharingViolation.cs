namespace RePaViT.IO;

/// <summary>The failure to open a file that somebody else has open and does not share.</summary>
internal static class SharingViolation
{
    private const int OnWindows = unchecked((int)0x80070020);

    // .NET passes on the system's error number: that of a lock for which one would have to wait.
    private const int OnLinux = 11;
    private const int OnBsd = 35;

    public static bool Is(Exception exception) => exception is IOException { HResult: OnWindows or OnLinux or OnBsd };
}
