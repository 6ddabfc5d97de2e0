using System.Security.Cryptography;
using Parquet;
using Parquet.Schema;

namespace RePaViT.ClusterScoring;

/// <summary>A Parquet table with the paths of images in a column.</summary>
internal static class ParquetTable
{
    /// <summary>
    /// Writes the paths as a list, in the order of the rows. The list is named after what it holds, so that a job that is submitted again is
    /// the same one, and no other table changes its list.
    /// </summary>
    /// <param name="table">The table. Paths may be relative to its folder.</param>
    /// <param name="column">The column of paths.</param>
    /// <param name="folder">The folder for the list.</param>
    /// <param name="cancellationToken">Ends the reading; no list is left.</param>
    /// <returns>The path of the list.</returns>
    /// <exception cref="InvalidDataException">The file is not a Parquet table, has no such column, or a row has no path.</exception>
    /// <exception cref="IOException">The table cannot be read, or the list cannot be written.</exception>
    public static async Task<string> WriteListAsync(FileInfo table, string column, DirectoryInfo folder, CancellationToken cancellationToken)
    {
        folder.Create();
        string unfinished = Path.Combine(folder.FullName, Path.GetRandomFileName());
        try
        {
            byte[] hash;
            await using (FileStream file = File.Create(unfinished))
            {
                using var sha = SHA256.Create();
                await using (var stream = new CryptoStream(file, sha, CryptoStreamMode.Write))
                await using (var list = new StreamWriter(stream))
                {
                    await WritePathsAsync(table, column, list, cancellationToken);
                }

                hash = sha.Hash!;
            }

            string path = Path.Combine(folder.FullName, $"{Convert.ToHexStringLower(hash)}.txt");
            File.Move(unfinished, path, overwrite: true);
            return path;
        }
        finally
        {
            File.Delete(unfinished);
        }
    }

    private static async Task WritePathsAsync(FileInfo table, string column, StreamWriter list, CancellationToken cancellationToken)
    {
        await using FileStream stream = table.OpenRead();
        await using ParquetReader reader = await OpenAsync(stream, table, cancellationToken);
        DataField field = FindColumn(reader.Schema, column, table);
        long row = 0;
        foreach (ParquetRowGroupReader group in reader.RowGroups)
        {
            string?[] paths = new string?[group.RowCount];
            await group.ReadAsync(field, paths.AsMemory()!, cancellationToken: cancellationToken);
            foreach (string? path in paths)
            {
                if (string.IsNullOrWhiteSpace(path) || path.AsSpan().IndexOfAny('\r', '\n') >= 0)
                {
                    throw new InvalidDataException($"'{table}', row {row}, column '{column}': a path in one line is needed.");
                }

                await list.WriteLineAsync(Path.Combine(table.DirectoryName!, path).AsMemory(), cancellationToken);
                row++;
            }
        }
    }

    private static async Task<ParquetReader> OpenAsync(FileStream stream, FileInfo table, CancellationToken cancellationToken)
    {
        try
        {
            return await ParquetReader.CreateAsync(stream, cancellationToken: cancellationToken);
        }
        catch (Exception exception) when (exception is not OperationCanceledException)
        {
            throw new InvalidDataException($"'{table}' is not a Parquet table: {exception.Message}", exception);
        }
    }

    private static DataField FindColumn(ParquetSchema schema, string name, FileInfo table)
    {
        // A text is such memory there.
        DataField[] texts = [.. schema.DataFields.Where(field => field.ClrType == typeof(ReadOnlyMemory<char>) && field.MaxRepetitionLevel == 0)];
        return texts.FirstOrDefault(field => field.Path.ToString() == name) ?? throw new InvalidDataException(
            $"'{table}' has no column '{name}' of texts. Its columns of texts: {string.Join(", ", texts.Select(field => field.Path))}.");
    }
}
