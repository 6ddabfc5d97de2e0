namespace RePaViT.Operators;

/// <summary>
/// A step of a network, as data. What each does is defined here, in plain double precision; engines do the same in their
/// own way. Layers are written in these (<see cref="Graph"/>), so an engine that has every operator runs every layer.
/// </summary>
internal abstract record Operator
{
    /// <summary>Its tensors, in the order in which they are stored.</summary>
    public virtual TensorSpec[] Tensors => [];

    /// <summary>
    /// Whether each row of the result depends on the same row of the inputs alone, when batch normalization uses its running
    /// statistics: then it commutes with taking rows.
    /// </summary>
    public virtual bool IsRowWise => false;

    /// <summary>The shape of the result.</summary>
    /// <exception cref="ArgumentException">It does not take inputs of these shapes.</exception>
    public abstract Shape ShapeOf(params ReadOnlySpan<Shape> inputs);

    /// <summary>Multiply-adds for one image in products of weights and activations.</summary>
    /// <param name="input">Shape of the first input.</param>
    public virtual long WeightMultiplyAdds(Shape input) => 0;

    /// <summary>Multiply-adds for one image in products of activations with each other.</summary>
    /// <param name="input">Shape of the first input.</param>
    public virtual long AttentionMultiplyAdds(Shape input) => 0;

    /// <summary>The result for one image, in evaluation mode: the definition that every engine is compared with.</summary>
    /// <param name="inputs">The values of the inputs.</param>
    /// <param name="tensor">Gives the values of a tensor.</param>
    public abstract double[,] Evaluate(IReadOnlyList<double[,]> inputs, Func<TensorSpec, double[]> tensor);

    /// <summary>What refuses an input.</summary>
    /// <param name="input">Its shape.</param>
    /// <param name="needed">What is needed in its place.</param>
    protected ArgumentException Refusal(Shape input, string needed)
        => new($"{GetType().Name} does not take {input}: {needed} is needed.");

    /// <summary>A matrix of which every element is computed by itself.</summary>
    protected static double[,] Build(int rows, int columns, Func<int, int, double> element)
    {
        double[,] result = new double[rows, columns];
        for (int row = 0; row < rows; row++)
        {
            for (int column = 0; column < columns; column++)
            {
                result[row, column] = element(row, column);
            }
        }

        return result;
    }
}
