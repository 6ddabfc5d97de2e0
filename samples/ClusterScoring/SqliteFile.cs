using Microsoft.Data.Sqlite;

namespace RePaViT.ClusterScoring;

/// <summary>
/// The database of a cluster on one machine: a file of SQLite, which any silo survives. Several machines need a server: SQLite's locks do
/// not reach across networks.
/// </summary>
internal static class SqliteFile
{
    /// <summary>By this name Orleans knows Microsoft.Data.Sqlite.</summary>
    public const string Provider = "System.Data.SQLite";

    /// <summary>Makes the file and its tables where they are missing.</summary>
    /// <param name="folder">The folder of the cluster.</param>
    /// <returns>The connection string.</returns>
    public static string Prepare(string folder)
    {
        Directory.CreateDirectory(folder);
        string connectionString = new SqliteConnectionStringBuilder { DataSource = Path.Combine(folder, "cluster.db") }.ToString();
        using var script = new StreamReader(typeof(SqliteFile).Assembly.GetManifestResourceStream("sqlite.sql")!);
        using var connection = new SqliteConnection(connectionString);
        connection.Open();
        Execute(connection, null, "PRAGMA journal_mode = WAL;");
        using SqliteTransaction transaction = connection.BeginTransaction();
        Execute(connection, transaction, script.ReadToEnd());
        transaction.Commit();
        return connectionString;
    }

    // Only text that is part of this program comes here.
    private static void Execute(SqliteConnection connection, SqliteTransaction? transaction, string sql)
    {
        using SqliteCommand command = connection.CreateCommand();
        command.Transaction = transaction;
#pragma warning disable CA2100
        command.CommandText = sql;
#pragma warning restore CA2100
        command.ExecuteNonQuery();
    }
}
