namespace RePaViT.IO;

/// <summary>The failure to open a file that somebody else has open and does not share.</summary>
internal static class SharingViolation
{
    private const int OnWindows = unchecked((int)0x80070020);

    // .NET hands on the number of the system's error: that of a lock that would have to be waited for.
    private const int OnLinux = 11;
    private const int OnBsd = 35;

    public static bool Is(Exception exception) => exception is IOException { HResult: OnWindows or OnLinux or OnBsd };
}
