using System.Globalization;
using System.Reflection;
using Microsoft.ML.Runtime;
using RePaViT.Torch;

namespace RePaViT.MLNet;

/// <summary>Decides what to compute on, and says so.</summary>
internal static class Devices
{
    private const string Library = "TorchSharp";
    private const string StockTrainers = "Microsoft.ML.TorchSharp";

    // Since then, what the stock trainers dispose of is a layer's own parameter.
    private static readonly Version FirstThatBreaksThem = new(0, 104);

    /// <param name="device">The requested device.</param>
    /// <param name="work">What it is for: the beginning of a sentence.</param>
    /// <param name="channel">Gets one line that says what was chosen and why, and what else the user should know.</param>
    /// <exception cref="NotSupportedException">The device cannot be used; the message says what is missing.</exception>
    /// <exception cref="ArgumentOutOfRangeException">There is no such device.</exception>
    public static DeviceChoice Choose(Device device, string work, IChannel channel)
    {
        var choice = DeviceChoice.Of(device);
        channel.Info(MessageSensitivity.None, Describe(choice, work));
        if (FindConflict(AppDomain.CurrentDomain.GetAssemblies().Select(assembly => assembly.GetName())) is string conflict)
        {
            channel.Warning(MessageSensitivity.None, conflict);
        }

        return choice;
    }

    /// <summary>Gives a model that was loaded the engine that is to score.</summary>
    /// <param name="model">The model.</param>
    /// <param name="device">The requested device.</param>
    /// <param name="precision">What matrix products may be rounded to, if that makes the device faster.</param>
    /// <param name="host">Whose log gets what <see cref="Choose"/> says.</param>
    /// <exception cref="NotSupportedException">The device cannot be used; the message says what is missing.</exception>
    /// <exception cref="ArgumentOutOfRangeException">There is no such device, or no such precision.</exception>
    public static RePaViTModel Place(RePaViTModel model, Device device, InferencePrecision precision, IHost host)
    {
        RePaViTModel rounded = model.WithPrecision(precision);
        using IChannel channel = host.Start("Loading");
        return Choose(device, "Scoring", channel).Place(rounded);
    }

    internal static string Describe(DeviceChoice choice, string work) => choice.IsCuda
        ? $"{work} on {choice.Reason}, through TorchSharp."
        : string.Create(CultureInfo.InvariantCulture, $"{work} on the CPU, {Environment.ProcessorCount} cores: {choice.Reason}");

    /// <summary>
    /// What to tell a user who has ML.NET's own TorchSharp trainers beside a TorchSharp that breaks them silently;
    /// null if there is nothing to tell.
    /// </summary>
    internal static string? FindConflict(IEnumerable<AssemblyName> loaded)
    {
        ILookup<string?, Version?> versions = loaded.ToLookup(assembly => assembly.Name, assembly => assembly.Version);
        return versions.Contains(StockTrainers) && versions[Library].Max() is Version version && version >= FirstThatBreaksThem
            ? $"{StockTrainers} is loaded beside {Library} {version.ToString(3)}: ML.NET's own TorchSharp trainers fail with "
                + "that version while they train. They need TorchSharp 0.103.1, with a native package of the same version."
            : null;
    }
}
