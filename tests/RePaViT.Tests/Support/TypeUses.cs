using System.Reflection;
using System.Reflection.Emit;

namespace RePaViT.Tests.Support;

/// <summary>The types that a type uses, in declarations and in the code of methods.</summary>
internal static class TypeUses
{
    private const BindingFlags Declared = BindingFlags.DeclaredOnly
        | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance | BindingFlags.Static;

    private static readonly Dictionary<short, OpCode> OpCodesByValue = typeof(OpCodes).GetFields()
        .Select(field => (OpCode)field.GetValue(null)!)
        .ToDictionary(opCode => opCode.Value);

    /// <summary>All of them, generic arguments by themselves, with what the types nested in it use.</summary>
    public static IEnumerable<Type> Of(Type type)
    {
        MemberInfo[] members = type.GetMembers(Declared);
        IEnumerable<Type> constraints = type.GetGenericArguments()
            .SelectMany(argument => argument.GetGenericParameterConstraints());
        IEnumerable<MemberInfo> inCode = members.OfType<MethodBase>().SelectMany(InCode);
        return new[] { type.BaseType }
            .Concat(type.GetInterfaces())
            .Concat(constraints)
            .Concat(members.Prepend(type).SelectMany(InAttributes))
            .Concat(members.Concat(inCode).SelectMany(InDeclaration))
            .SelectMany(Parts)
            .Concat(type.GetNestedTypes(Declared).SelectMany(Of))
            .Distinct();
    }

    private static IEnumerable<Type?> InAttributes(MemberInfo member)
        => member.GetCustomAttributesData().SelectMany(attribute => attribute.ConstructorArguments
            .Select(argument => argument.Value as Type ?? argument.ArgumentType)
            .Append(attribute.AttributeType));

    /// <summary>Properties and events have their methods.</summary>
    private static IEnumerable<Type?> InDeclaration(MemberInfo member) => member switch
    {
        Type type => [type],
        FieldInfo field => [field.DeclaringType, field.FieldType],
        MethodBase method =>
        [
            method.DeclaringType,
            (method as MethodInfo)?.ReturnType,
            .. method.GetParameters().Select(parameter => parameter.ParameterType),
            .. method.IsGenericMethod ? method.GetGenericArguments() : [],
        ],
        _ => [],
    };

    /// <summary>A type, or the type of its elements, and its arguments.</summary>
    private static IEnumerable<Type> Parts(Type? type)
    {
        if (type is null || type.IsGenericParameter)
        {
            return [];
        }

        return type.HasElementType
            ? Parts(type.GetElementType())
            : type.GetGenericArguments().SelectMany(Parts).Append(type);
    }

    /// <summary>The types, methods and fields that the instructions of a method name.</summary>
    private static IEnumerable<MemberInfo> InCode(MethodBase method)
    {
        byte[] code = method.GetMethodBody()?.GetILAsByteArray() ?? [];
        Type[] typeArguments = method.DeclaringType!.GetGenericArguments();
        Type[] methodArguments = method.IsGenericMethod ? method.GetGenericArguments() : [];
        int position = 0;
        while (position < code.Length)
        {
            bool isLong = code[position] == OpCodes.Prefix1.Value;
            OpCode opCode = OpCodesByValue[isLong ? (short)(code[position] << 8 | code[position + 1]) : code[position]];
            position += opCode.Size;
            if (opCode.OperandType
                is OperandType.InlineField or OperandType.InlineMethod or OperandType.InlineTok or OperandType.InlineType)
            {
                yield return method.Module.ResolveMember(BitConverter.ToInt32(code, position), typeArguments, methodArguments)!;
            }

            position += opCode.OperandType switch
            {
                OperandType.InlineNone => 0,
                OperandType.ShortInlineBrTarget or OperandType.ShortInlineI or OperandType.ShortInlineVar => 1,
                OperandType.InlineVar => 2,
                OperandType.InlineI8 or OperandType.InlineR => 8,
                OperandType.InlineSwitch => 4 + 4 * BitConverter.ToInt32(code, position),
                _ => 4,
            };
        }
    }
}
