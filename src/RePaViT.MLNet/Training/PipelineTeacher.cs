using System.Diagnostics;
using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Runtime;
using RePaViT.Data;
using RePaViT.IO;
using RePaViT.Training;

namespace RePaViT.MLNet.Training;

/// <summary>A fitted pipeline as a teacher: what it says about each row is computed before training.</summary>
internal sealed class PipelineTeacher(ITransformer pipeline, string columnName) : IDistillationTeacher
{
    private static readonly TimeSpan ReportInterval = TimeSpan.FromSeconds(10);

    public void ThrowUnlessUsable(Architecture student)
    {
        // Any network can learn from it.
    }

    public IDistillationSource Open(TeacherOutput output, IImageDataset training) => throw new ArgumentException(
        $"{nameof(PipelineDistillation)} needs the rows that ML.NET's trainer has: without them, "
            + $"use another teacher of {nameof(Distillation)}.");

    /// <summary>The same distillation, with what a pipeline says in its place: it runs over the rows of the training images, in one pass.</summary>
    /// <param name="distillation">From any teacher; null for none.</param>
    /// <param name="input">The rows.</param>
    /// <param name="training">Images of some of them.</param>
    /// <param name="channel">Gets reports.</param>
    /// <param name="cancellationToken">Stops it between two rows.</param>
    /// <exception cref="ArgumentException">The pipeline does not take these rows, or gives no such column, or other rows.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public static Distillation? Resolve(
        Distillation? distillation, IDataView input, IImageDataset training, IChannel channel, CancellationToken cancellationToken)
        => distillation?.Teacher is PipelineTeacher teacher
            ? distillation.With(teacher.Compute(input, training, channel, cancellationToken))
            : distillation;

    private TeacherVectors Compute(IDataView input, IImageDataset training, IChannel channel, CancellationToken cancellationToken)
    {
        var places = (INumberedImages)training;
        bool[] isUsed = new bool[places.WholeCount];
        for (int image = 0; image < training.Count; image++)
        {
            isUsed[places.GetPlace(image)] = true;
        }

        IDataView output = pipeline.Transform(input);
        DataViewSchema.Column column = FindColumn(output.Schema);
        float[]?[] vectors = new float[]?[isUsed.Length];
        int done = 0;
        long start = Stopwatch.GetTimestamp();
        long lastReport = start;
        using DataViewRowCursor cursor = Open(output, column);
        ValueGetter<VBuffer<float>> read = cursor.GetGetter<VBuffer<float>>(column);
        VBuffer<float> value = default;
        int row = 0;
        for (; cursor.MoveNext(); row++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (row >= isUsed.Length || !isUsed[row])
            {
                continue;
            }

            read(ref value);
            vectors[row] = [.. value.DenseValues()];
            done++;
            if (Stopwatch.GetElapsedTime(lastReport) >= ReportInterval)
            {
                lastReport = Stopwatch.GetTimestamp();
                channel.Info(MessageSensitivity.None, TrainingLog.DescribeTeacher(done, training.Count, Stopwatch.GetElapsedTime(start)));
            }
        }

        if (row != isUsed.Length)
        {
            throw new ArgumentException(
                $"The teacher's pipeline returns {row} rows for {isUsed.Length} rows of training data: one for each is needed.");
        }

        channel.Info(MessageSensitivity.None, TrainingLog.DescribeTeacher(done, training.Count, Stopwatch.GetElapsedTime(start)));
        return new TeacherVectors(vectors);
    }

    /// <summary>
    /// A cursor that computes a row when it is read. That of GetRowCursor computes rows ahead, also those that are left out,
    /// where a pipeline may fail.
    /// </summary>
    private static DataViewRowCursor Open(IDataView view, DataViewSchema.Column column)
    {
        DataViewRowCursor[] cursors = view.GetRowCursorSet([column], 1);
        if (cursors.Length == 1)
        {
            return cursors[0];
        }

        Array.ForEach(cursors, cursor => cursor.Dispose());
        return view.GetRowCursor([column]);
    }

    private DataViewSchema.Column FindColumn(DataViewSchema schema)
    {
        DataViewSchema.Column column = Columns.Find(schema, columnName, " Those are the columns that the teacher's pipeline returns.");
        return column.Type is VectorDataViewType { Size: > 0, ItemType: NumberDataViewType { RawType: Type type } } && type == typeof(float)
            ? column
            : throw new ArgumentException(
                $"Column '{Excerpt.Of(columnName)}' of the teacher's pipeline is {column.Type}: "
                    + "a vector of Single of known size is needed.");
    }
}
