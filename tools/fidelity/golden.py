"""The store of golden bits: index.json says what each case is, inputs.npz and one .npz a family hold the bits."""

from __future__ import annotations

import json
import pathlib
from collections.abc import Iterable
from typing import Any

import inputs
import numpy as np
from program import Case, Input, Program


def input_key(i: Input) -> str:
    return f"{i.format}.{i.data.replace(':', '-')}"


class Store:
    """Opened for reading on an existing folder; `put` and `save` add to it. Bits equal on all chips are kept once."""

    def __init__(self, folder: pathlib.Path) -> None:
        self.folder = folder
        self.index: dict[str, Any] = {"versions": {}, "cases": {}}
        self._bits: dict[str, dict[str, np.ndarray]] = {}
        if (folder / "index.json").exists():
            self.index = json.loads((folder / "index.json").read_text())

    def _family(self, name: str) -> dict[str, np.ndarray]:
        if name not in self._bits:
            path = self.folder / f"{name}.npz"
            self._bits[name] = dict(np.load(path)) if path.exists() else {}
        return self._bits[name]

    def names(self) -> list[str]:
        return list(self.index["cases"])

    def case(self, name: str) -> Case:
        d = self.index["cases"][name]
        archs = tuple(d["results"])
        return Case(
            name,
            d["op"],
            Program.from_json(d["program"]),
            d["family"],
            d.get("ulp"),
            d.get("why", ""),
            archs,
            d.get("part", ""),
            d.get("absolute", 0.0),
        )

    def data(self, case: Case) -> list[np.ndarray]:
        return [self._family("inputs")[input_key(i)] for i in case.program.inputs]

    def output(self, case: Case, arch: str) -> np.ndarray | None:
        """The recorded bits, or None where the machine refused (see `refusal`)."""
        r = self.index["cases"][case.name]["results"].get(arch, {})
        return self._family(case.family)[r["bits"]] if "bits" in r else None

    def refusal(self, name: str, arch: str) -> str | None:
        return self.index["cases"][name]["results"].get(arch, {}).get("refused")

    def put(self, case: Case, arch: str, result: np.ndarray | str) -> None:
        old = self.index["cases"].get(case.name, {})
        program = case.program.to_json()
        same = old.get("program") == json.loads(json.dumps(program))
        results = dict(old.get("results", {})) if same else {}
        entry = {"op": case.op, "family": case.family, "program": program}
        if case.ulp is not None:
            entry |= {"ulp": case.ulp, "why": case.why}
            if case.absolute:
                entry["absolute"] = case.absolute
        if case.part:
            entry["part"] = case.part
        family = self._family(case.family)
        if isinstance(result, str):
            results[arch] = {"refused": result}
        else:
            result = case.result(result)
            key = case.name
            for other, r in results.items():
                if other != arch and r.get("bits") == key and not np.array_equal(family[key], result):
                    key = f"{case.name}.{arch}"
            family[key] = result
            results[arch] = {"bits": key}
        for i in case.program.inputs:
            self._family("inputs")[input_key(i)] = inputs.make(i.format, i.data)
        entry["results"] = dict(sorted(results.items(), reverse=True))
        self.index["cases"][case.name] = json.loads(json.dumps(entry))

    def save(self, keep: Iterable[str]) -> None:
        """Writes everything; cases not in `keep` (no longer in the list) and bits that nothing names are dropped."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self.index["cases"] = {n: self.index["cases"][n] for n in keep if n in self.index["cases"]}
        families = {d["family"] for d in self.index["cases"].values()} | {"inputs"}
        used = {input_key(Input(**i)) for d in self.index["cases"].values() for i in d["program"]["inputs"]}
        used |= {r["bits"] for d in self.index["cases"].values() for r in d["results"].values() if "bits" in r}
        for family in sorted(families):
            bits = {k: v for k, v in sorted(self._family(family).items()) if k in used}
            path = self.folder / f"{family}.npz"
            old = dict(np.load(path)) if path.exists() else None
            if old is None or list(old) != list(bits) or any(not np.array_equal(old[k], bits[k]) for k in bits):
                np.savez_compressed(path, **bits)  # a file that is written anew differs, if only by its times
        lines = ",\n".join(f"{json.dumps(n)}: {json.dumps(d)}" for n, d in self.index["cases"].items())
        versions = json.dumps(self.index["versions"])
        (self.folder / "index.json").write_text(f'{{"versions": {versions},\n"cases": {{\n{lines}\n}}}}\n')
