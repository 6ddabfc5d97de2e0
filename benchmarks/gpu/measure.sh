#!/usr/bin/env bash
# Measures everything that README.md lists and leaves text and JSON in a folder.
#
#   measure.sh REFERENCE CIFAR10 OUT              on an NVIDIA GPU
#   DEVICE=cpu measure.sh REFERENCE CIFAR10 OUT   the same at toy size on a CPU, to see that it runs
#   FULL=1 measure.sh ...                         every preset in every precision, with longer turns: an hour rather than ten minutes
#
# BENCHMARKS, FIXTURES: a program that was built before, and the golden files, where this is not in the repository.
set -euo pipefail

reference=$(realpath "$1")
cifar=$(realpath "$2")
mkdir -p "$3"
out=$(realpath "$3")
device=${DEVICE:-cuda}
here=$(dirname "$(realpath "$0")")

if [ "$device" = cuda ]; then
    build=(-p:UseCuda=true)
    precisions=(bf16 tf32 fp32)
    scored=(Tiny Small Base Large Huge)
    trained=(Small Base)
    size=(--turns 5 --seconds 0.25)
    learn=(--epochs 10)
    # What other precisions than the first are measured on.
    others=(Base)
    if [ -n "${FULL:-}" ]; then
        size=()
        others=("${scored[@]}")
    fi
    nvidia-smi --query-gpu=name,driver_version,memory.total,clocks.max.sm,power.limit --format=csv > "$out/gpu.csv"
else
    build=(-p:WithTorchSharp=true)
    precisions=(fp32)
    scored=(Tiny)
    trained=(Tiny)
    others=()
    size=(--batch 4 --image-size 32 --turns 2 --seconds 0.1)
    learn=(--epochs 1 --dim 48 --depth 2 --patch 8)
fi

if [ -n "${BENCHMARKS:-}" ]; then
    program=("$BENCHMARKS")
else
    dotnet build "$here/../RePaViT.Benchmarks" -c Release "${build[@]}"
    program=(dotnet "$here/../RePaViT.Benchmarks/bin/Release/net10.0/RePaViT.Benchmarks.dll")
fi

# Reports of one kind are lines of one file. What fails, for instance for want of memory, does not keep the rest from it.
failures=()
benchmark() {
    echo "== $*"
    timeout 300 "${program[@]}" "${@:2}" --json 2>> "$out/messages.txt" >> "$out/$1.jsonl" || failures+=("$*")
}

compare() {
    for preset in "${@:2}"; do
        benchmark "$1" reference --task "$1" --presets "$preset" "${size[@]}" "${torchsharp[@]}" --precision "$precision" --repository "$reference"
    done
}

rm -f "$out"/*.jsonl "$out/messages.txt"
torchsharp=(--engine torchsharp --device "$device")

benchmark verify verify "${FIXTURES:-$here/../../tests/RePaViT.Tests/Fixtures}" "${torchsharp[@]}"
for precision in "${precisions[@]}"; do
    compare inference "${scored[@]}"
    compare training "${trained[@]}"
    scored=("${others[@]}")
    trained=("${others[@]}")
    benchmark learning learn "$cifar" "${learn[@]}" "${torchsharp[@]}" --precision "$precision"
done
benchmark learning learn "$cifar" "${learn[@]}"

if [ ${#failures[@]} -gt 0 ]; then
    printf 'failed: %s\n' "${failures[@]}"
    exit 1
fi
