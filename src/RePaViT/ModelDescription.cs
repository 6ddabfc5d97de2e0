namespace RePaViT;

/// <summary>What a model file says of its network beside the weights. Stored as JSON.</summary>
internal sealed record ModelDescription
{
    public required Architecture Architecture { get; init; }

    public required NetworkForm Form { get; init; }

    /// <summary>Names of the classes, one for each logit.</summary>
    public required IReadOnlyList<string> ClassNames { get; init; }

    public required ImagePreprocessing Preprocessing { get; init; }

    /// <exception cref="ArgumentException">A part is not valid or does not fit another.</exception>
    public void Validate()
    {
        Architecture.Validate();
        Preprocessing.Validate();
        if (!Enum.IsDefined(Form))
        {
            throw new ArgumentException($"{nameof(Form)} {Form} is not known.");
        }

        if (ClassNames.Count != Architecture.Classes)
        {
            throw new ArgumentException(
                $"{nameof(ClassNames)} has {ClassNames.Count} names, but the network has {Architecture.Classes} classes.");
        }

        if (ClassNames.Any(name => name is null))
        {
            throw new ArgumentException($"{nameof(ClassNames)} holds a null.");
        }
    }
}
