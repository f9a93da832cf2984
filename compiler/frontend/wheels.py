"""Print where the headers and libraries of the tilelang and apache-tvm-ffi wheels are, without importing either.

Importing tilelang imports torch and takes seconds; a build needs only folders. Output: four lines, `tilelang` folder and
version, `tvm_ffi` folder and version; a folder that is not found is an empty line.
"""

import importlib.metadata
import importlib.util
import pathlib
import sys
import sysconfig

# In an isolated build (PEP 517) the target environment is not on sys.path, but sysconfig still names it.
sys.path.extend(sysconfig.get_path(name) for name in ("purelib", "platlib"))

for package, distribution in (("tilelang", "tilelang"), ("tvm_ffi", "apache-tvm-ffi")):
    spec = importlib.util.find_spec(package)
    if spec is None or spec.origin is None:
        print("\n")
        continue
    folder = pathlib.Path(spec.origin).resolve().parent
    found = next(iter(importlib.metadata.distributions(name=distribution, path=[str(folder.parent)])), None)
    print(folder)
    print(found.version if found else "")
