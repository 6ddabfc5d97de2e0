using System.Reflection;

namespace RePaViT.Tests.Support;

/// <summary>A type that uses another one.</summary>
/// <param name="User">Its name.</param>
/// <param name="UserFile">Where it stands: a path below src/RePaViT or, in other assemblies, below src.</param>
/// <param name="Used">The other's name.</param>
/// <param name="UsedFile">Where that stands.</param>
internal sealed record Dependency(string User, string UserFile, string Used, string UsedFile);

/// <summary>
/// Which types of an assembly use which of ours: in declarations, in the code of methods, and for their constants. What is
/// nested in a type counts as that. Documentation and <c>nameof</c> do not count.
/// </summary>
internal static class Dependencies
{
    private const string Core = "RePaViT";

    public static IReadOnlyList<Dependency> Of(Assembly assembly)
    {
        Dictionary<Assembly, SourceFiles> sources = assembly.GetReferencedAssemblies()
            .Where(name => name.Name!.Split('.')[0] == Core)
            .Select(Assembly.Load)
            .Append(assembly)
            .ToDictionary(ours => ours, ours => new SourceFiles(ours.GetName().Name!));
        var fileOf = (
            from source in sources
            from type in source.Key.GetTypes()
            where !type.IsNested
            let file = source.Value.FileOf(type)
            where file is not null
            select (type, place: Place(source.Key, file))).ToDictionary(pair => pair.type, pair => pair.place);
        IEnumerable<Dependency> byCode =
            from user in fileOf.Keys
            where user.Assembly == assembly
            from used in TypeUses.Of(user).Select(Outermost).Distinct()
            where fileOf.ContainsKey(used) && used != user
            select new Dependency(user.Name, fileOf[user], used.Name, fileOf[used]);
        IEnumerable<Dependency> byConstant =
            from used in fileOf.Keys
            from constant in used.GetFields(BindingFlags.Static | BindingFlags.Public | BindingFlags.NonPublic)
            where constant is { IsLiteral: true, IsPrivate: false }
            from file in sources[assembly].FilesThatName(constant)
            select new Dependency(Path.GetFileNameWithoutExtension(file), Place(assembly, file), used.Name, fileOf[used]);
        return [.. byCode.Concat(byConstant).Distinct()];
    }

    private static string Place(Assembly assembly, string file)
        => assembly.GetName().Name is string name && name != Core ? $"{name}/{file}" : file;

    private static Type Outermost(Type type) => type.DeclaringType is Type outer ? Outermost(outer) : type;
}
