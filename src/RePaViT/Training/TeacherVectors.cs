using System.Buffers.Binary;
using System.Numerics.Tensors;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using RePaViT.Data;

namespace RePaViT.Training;

/// <summary>What some teacher said of each training image, once.</summary>
/// <param name="vectors">A row for each image; those of images that are not trained on may be null.</param>
internal sealed class TeacherVectors(IReadOnlyList<float[]?> vectors) : IDistillationTeacher
{
    // Of probabilities that were rounded.
    private const double SumTolerance = 1e-3;

    public void ThrowUnlessUsable(Architecture student)
    {
        // Any network can learn them.
    }

    public IDistillationSource Open(TeacherOutput output, IImageDataset training)
    {
        Func<int, int> place = training.PlacesIn(vectors.Count)
            ?? throw new ArgumentException($"The teacher has vectors for {vectors.Count} images, but there are "
                + $"{training.DescribeCount()}.");
        float[]?[] rows = [.. Enumerable.Range(0, training.Count).Select(image => vectors[place(image)])];
        int columns = rows[0]?.Length ?? 0;
        bool areProbabilities = output == TeacherOutput.Scores;
        for (int image = 0; image < rows.Length; image++)
        {
            if (rows[image] is not float[] row || row.Length == 0 || row.Length != columns)
            {
                throw new ArgumentException(
                    $"The teacher's vector of image {place(image)} has {rows[image]?.Length ?? 0} numbers, but that of image {place(0)} has {columns}: "
                    + "the same number, at least one, is needed for each.");
            }

            int wrong = Array.FindIndex(row, value => !float.IsFinite(value));
            if (wrong >= 0)
            {
                throw new ArgumentException($"Number {wrong} of the teacher's vector of image {place(image)} is {row[wrong]}: finite numbers are needed.");
            }

            areProbabilities = areProbabilities && TensorPrimitives.Min<float>(row) >= 0 && Math.Abs(row.Sum(value => (double)value) - 1) <= SumTolerance;
        }

        if (output == TeacherOutput.Scores && columns != training.ClassNames.Count)
        {
            throw new ArgumentException(
                $"The teacher gives {columns} scores for each image, but the data set has {training.ClassNames.Count} classes: "
                + "one score for each is needed. "
                + $"Scores of other classes can be learned by {nameof(Distillation)}.{nameof(Distillation.FromFeatures)}.");
        }

        return new Source(rows!, areProbabilities);
    }

    private sealed class Source(float[][] rows, bool areProbabilities) : IDistillationSource
    {
        public string Identity { get; } = $"vectors {Hash(rows)}";

        public int Columns => rows[0].Length;

        public bool SeesBatches => false;

        public void Read(ImageView[] views, ReadOnlySpan<float> pixels, Span<float> destination)
        {
            for (int i = 0; i < views.Length; i++)
            {
                rows[views[i].Index].CopyTo(destination[(i * Columns)..]);
            }

            if (areProbabilities)
            {
                // Logits, up to what softmax takes away again.
                Span<float> logits = destination[..(views.Length * Columns)];
                TensorPrimitives.Log(logits, logits);
            }
        }

        public IEnumerable<float[]> Sample() => rows;

        private static string Hash(float[][] rows)
        {
            using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
            Span<byte> length = stackalloc byte[sizeof(int)];
            BinaryPrimitives.WriteInt32LittleEndian(length, rows[0].Length);
            hash.AppendData(length);
            foreach (float[] row in rows)
            {
                hash.AppendData(MemoryMarshal.AsBytes<float>(row));
            }

            return Convert.ToHexString(hash.GetHashAndReset());
        }
    }
}
