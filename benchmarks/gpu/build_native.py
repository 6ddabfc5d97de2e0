"""Compiles TorchSharp's native part against the libtorch of this machine's PyTorch: build_native.py SOURCES OUT

leaves OUT/libLibTorchSharp.so, and in OUT/libtorch.txt the folder of libtorch. A function that this libtorch is too old or too new for
is left out, with a line that names it: it fails when it is called, and the rest works.
"""

import concurrent.futures
import os
import pathlib
import re
import subprocess
import sys
import tempfile

import torch
from torch.utils import cpp_extension

STUB = '{ throw std::runtime_error("It cannot be compiled against the libtorch of this machine."); }\n'


def find_function(lines, error):
    """First line of the function around a line, from 0, and the line behind it: its braces are at the margin, or behind what is."""
    start = next((i for i in range(error, -1, -1) if re.match(r"\S.*{\s*$|{\s*$", lines[i])), None)
    end = next((i for i in range(error, len(lines)) if lines[i].startswith("}")), None)
    if start is None or end is None:
        return None
    return (start - 1 if lines[start].strip() == "{" else start, end + 1)


def leave_out(path, messages):
    """Puts stubs in the place of functions with errors. Returns their declarations."""
    lines = path.read_text(encoding="utf-8-sig").splitlines(keepends=True)
    errors = {int(number) - 1 for number in re.findall(rf"{re.escape(path.name)}:(\d+):\d+: error:", messages)}
    found = {find_function(lines, error) for error in errors}
    if not found or None in found:
        return []
    declarations = []
    for start, end in sorted(found, reverse=True):
        declarations.append(lines[start].rstrip("{ \r\n"))
        lines[start:end] = [f"{declarations[-1]} {STUB}"]
    path.write_text("".join(["#include <stdexcept>\n", *lines]))
    return declarations


def compile_file(path, objects, includes):
    target = objects / f"{path.name}.o"
    compiler = ["gcc"] if path.suffix == ".c" else ["g++", "-std=c++20"]
    command = [
        *compiler, "-O1", "-fPIC", "-fvisibility=hidden", "-w", "-fmax-errors=0", "-DNDEBUG",
        f"-D_GLIBCXX_USE_CXX11_ABI={int(torch.compiled_with_cxx11_abi())}", *includes, "-c", str(path), "-o", str(target)]
    run = subprocess.run(command, capture_output=True, text=True)
    left_out = []
    while run.returncode != 0:
        functions = leave_out(path, run.stderr)
        if not functions:
            sys.exit(f"{path.name} cannot be compiled:\n{run.stderr[:4000]}")
        left_out += functions
        run = subprocess.run(command, capture_output=True, text=True)
    for function in left_out:
        print(f"left out, {path.name}: {function}", flush=True)
    return str(target)


def main():
    sources, out = (pathlib.Path(argument).resolve() for argument in sys.argv[1:])
    sources /= "LibTorchSharp"
    names = re.findall(r"\w+\.(?:cpp|c)\b", (sources / "CMakeLists.txt").read_text())
    libraries = os.path.dirname(os.path.realpath(os.path.join(cpp_extension.TORCH_LIB_PATH, "libtorch_cpu.so")))
    includes = [f"-I{folder}" for folder in cpp_extension.include_paths()]
    with tempfile.TemporaryDirectory() as folder:
        # The longest first.
        paths = sorted((sources / name for name in names), key=lambda path: -path.stat().st_size)
        with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
            objects = list(pool.map(lambda path: compile_file(path, pathlib.Path(folder), includes), paths))
        cuda = ["-ltorch_cuda", "-lc10_cuda"] if os.path.exists(os.path.join(libraries, "libtorch_cuda.so")) else []
        subprocess.run(
            ["g++", "-shared", "-o", str(out / "libLibTorchSharp.so"), *objects, f"-L{libraries}", "-Wl,--no-as-needed",
             "-ltorch", "-ltorch_cpu", "-lc10", *cuda, f"-Wl,-rpath,{libraries}"], check=True)
    (out / "libtorch.txt").write_text(libraries + "\n")


main()
