#!/usr/bin/env bash
# In an unpacked bundle: compiles TorchSharp's native part, and measures. What is compiled already is not compiled again.
#
#   run.sh OUT               on an NVIDIA GPU
#   DEVICE=cpu run.sh OUT    at toy size on a CPU
set -euo pipefail

mkdir -p "$1"
out=$(realpath "$1")
cd "$(dirname "$0")"
if [ ! -e program/libLibTorchSharp.so ]; then
    time python3 build_native.py native program
fi

LD_LIBRARY_PATH=$(cat program/libtorch.txt)${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}
export LD_LIBRARY_PATH
if ! python3 -c 'import timm, einops' 2> /dev/null; then
    export PYTHONPATH=$PWD/packages${PYTHONPATH:+:$PYTHONPATH}
fi

status=0
BENCHMARKS=$PWD/program/RePaViT.Benchmarks FIXTURES=$PWD/fixtures ./measure.sh reference cifar10 "$out" || status=$?
python3 tables.py "$out" | tee "$out/tables.md"
exit $status
