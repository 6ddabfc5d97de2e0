using Microsoft.ML;
using Microsoft.ML.Data;

namespace RePaViT.MLNet.Scoring;

/// <summary>
/// Makes a <see cref="SchemaShape"/> of a schema. ML.NET has the conversion, but keeps it to itself; a chain of estimators
/// hands its result to its first estimator.
/// </summary>
internal static class SchemaShapes
{
    public static SchemaShape Of(DataViewSchema schema)
    {
        var receiver = new Receiver();
        new EstimatorChain<ITransformer>().Append(receiver).Fit(new TableView(schema));
        return receiver.Shape!;
    }

    private sealed class Receiver : IEstimator<TransformerChain<ITransformer>>
    {
        public SchemaShape? Shape { get; private set; }

        public SchemaShape GetOutputSchema(SchemaShape inputSchema) => Shape = inputSchema;

        public TransformerChain<ITransformer> Fit(IDataView input) => new();
    }
}
