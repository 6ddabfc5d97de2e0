using RePaViT.Import;
using RePaViT.Models;

namespace RePaViT.Clip;

/// <summary>Image towers with heads that compare embeddings with the vectors of classes.</summary>
internal static class ImageTowers
{
    private const string Head = "head.weight";
    private const string Projection = "projection.weight";

    /// <summary>The tower as it was read, with one class whose vector is 0.</summary>
    /// <param name="read">A vision transformer whose head projects to the embedding.</param>
    public static RePaViTModel Create(PretrainedNetwork read)
    {
        ModelDescription description = read.Description;
        int length = description.Architecture.Classes;
        ViTArchitecture architecture = (ViTArchitecture)description.Architecture with { Classes = 1, ProjectionDim = length };
        var weights = new NamedTensors();
        foreach ((string name, WeightTensor tensor) in read.Network.Weights)
        {
            // In a file of the tower alone, its projection is its head.
            if (name != "head.bias")
            {
                weights.Add(name == Head ? Projection : name, tensor);
            }
        }

        weights.Add(Head, new WeightTensor(new float[length], 1, length));
        return new RePaViTModel(
            description with { Architecture = architecture, ClassNames = [ModelDescription.OnlyClass] },
            architecture.CreateNetwork(description.Form, weights));
    }

    /// <summary>The same tower, in the same form, with one class whose vector is 0.</summary>
    /// <param name="tower">A tower, or a classifier made from one.</param>
    public static RePaViTModel WithoutClasses(RePaViTModel tower) => WithClasses(tower, [ModelDescription.OnlyClass], new float[LengthOf(tower)!.Value]);

    /// <summary>The same tower, in the same form, with other classes.</summary>
    /// <param name="tower">A tower, or a classifier made from one.</param>
    /// <param name="classNames">Their names.</param>
    /// <param name="vectors">Their vectors, [classes, embedding length].</param>
    public static RePaViTModel WithClasses(RePaViTModel tower, IReadOnlyList<string> classNames, float[] vectors)
        => HeadReplacement.Replace(
            tower, tower.Architecture with { Classes = classNames.Count }, classNames, (_, tensor) => new WeightTensor(vectors, tensor.Shape));

    /// <summary>Numbers of an embedding; null if the model has none.</summary>
    public static int? LengthOf(RePaViTModel tower) => (tower.Architecture as ViTArchitecture)?.ProjectionDim;
}
