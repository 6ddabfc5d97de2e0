namespace RePaViT.Cluster.Jobs;

/// <summary>Writes what grains store.</summary>
internal static class StoredState
{
    /// <summary>Writes the state. If that fails, what was stored before counts: the grain goes, and the next call reads it.</summary>
    public static async Task WriteAsync<T>(this IGrainBase grain, IPersistentState<T> state)
    {
        try
        {
            await state.WriteStateAsync();
        }
        catch
        {
            grain.DeactivateOnIdle();
            throw;
        }
    }
}
