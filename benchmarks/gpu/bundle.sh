#!/usr/bin/env bash
# Packs all that run.sh needs on a machine with an NVIDIA GPU, PyTorch and a compiler, but without .NET and without a network.
#
#   bundle.sh TORCHSHARP REFERENCE CIFAR10 BUNDLE.tar.xz [PACKAGES]
#
# TORCHSHARP: the repository dotnet/TorchSharp, at the version that Directory.Packages.props or -p:TorchSharpVersion names.
# REFERENCE: the repository Ackesnal/RePaViT. CIFAR10: a folder with CIFAR-10 in its binary version, or some of its images.
# PACKAGES: a folder with Python packages for a machine that lacks timm or einops.
set -euo pipefail

max_bytes=60000000
torchsharp=$(realpath "$1")
reference=$(realpath "$2")
cifar=$(realpath "$3")
bundle=$(realpath -m "$4")
packages=${5:+$(realpath "$5")}
here=$(dirname "$(realpath "$0")")
cd "$here/../.."

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
root=$work/repavit-gpu
mkdir -p "$root/native" "$root/reference" "$root/cifar10" "$root/fixtures"

# With the runtime, and with TorchSharp's managed part alone: its native part is compiled where it runs.
dotnet publish benchmarks/RePaViT.Benchmarks -c Release -r linux-x64 --self-contained -o "$root/program" \
    -p:WithTorchSharp=true -p:NativeTorchSharp=none -p:InvariantGlobalization=true \
    -p:PublishTrimmed=true -p:TrimMode=partial -p:JsonSerializerIsReflectionEnabledByDefault=true -p:SuppressTrimAnalysisWarnings=true
find "$root/program" \( -name 'libLibTorchSharp.so' -o -name 'libmscordaccore.so' -o -name 'libmscordbi.so' -o -name '*.pdb' \) -delete

version=$(sed -n 's|.*"TorchSharp/\([0-9.]*\)".*|\1|p' "$root/program/RePaViT.Benchmarks.deps.json" | head -n 1)
if ! grep -qx "# NuGet Version $version" <(tr -d '\r' < "$torchsharp/RELEASENOTES.md" | grep -m 1 '^# NuGet Version'); then
    echo "The sources in $torchsharp are not those of TorchSharp $version, which the program is built with." >&2
    exit 1
fi

cp -r "$torchsharp/src/Native/." "$root/native"
(cd "$reference" && find . -name '*.py' -not -path './.git/*' -exec cp --parents {} "$root/reference" \;)
cp "$cifar"/* "$root/cifar10"
cp tests/RePaViT.Tests/Fixtures/*.safetensors "$root/fixtures"
cp "$here/measure.sh" "$here/build_native.py" "$here/run.sh" "$here/tables.py" "$root"
if [ -n "$packages" ]; then
    cp -r "$packages" "$root/packages"
fi

tar -C "$work" -c repavit-gpu | xz -T 0 -9e > "$bundle"
bytes=$(stat -c %s "$bundle")
echo "$bundle: $((bytes / 1000000)) MB"
if [ "$bytes" -gt $max_bytes ]; then
    echo "That is more than $((max_bytes / 1000000)) MB: take fewer images." >&2
    exit 1
fi
