using System.Globalization;
using RePaViT.IO;

namespace RePaViT.Tests.IO;

/// <summary>A process that writes the same file again and again, until it is killed.</summary>
internal static class WritingChild
{
    public const string Command = "write";
    public const string Started = "started";
    public const int Length = 300_000;

    public static string[] Arguments(string path, byte value) => [Command, path, value.ToString(CultureInfo.InvariantCulture)];

    public static void Run(string[] arguments)
    {
        byte value = byte.Parse(arguments[1], CultureInfo.InvariantCulture);
        AtomicFile.Write(arguments[0], stream => Write(stream, value));
        Console.WriteLine(Started);
        while (true)
        {
            AtomicFile.Write(arguments[0], stream => Write(stream, value));
        }
    }

    /// <summary>One value, in parts: what is torn shows another value or another length.</summary>
    public static void Write(Stream stream, byte value)
    {
        byte[] part = new byte[Length / 10];
        Array.Fill(part, value);
        for (int i = 0; i < 10; i++)
        {
            stream.Write(part);
        }
    }
}
