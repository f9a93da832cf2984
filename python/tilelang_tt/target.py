"""The target `tenstorrent`: its spellings, and what "auto" finds on this machine."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tilelang.backend.target import TargetLike, register_target_detector, register_target_normalizer
from tvm.target import Target

KIND = "tenstorrent"
OPTIONS = ("arch", "board", "grid", "precision", "fidelity", "multicast", "numerics", "device")

# PCI ids of the boards' chips (vendor 0x1e52).
_PCI_ARCH = {"0x401e": "wormhole_b0", "0xb140": "blackhole"}
_DEVICES = Path("/dev/tenstorrent")
_SYSFS = Path("/sys/class/tenstorrent")


def parse(text: str) -> dict[str, Any]:
    """ "tenstorrent -arch=blackhole -grid=8x8" → {"kind": "tenstorrent", "arch": "blackhole", "grid": [8, 8]}."""
    kind, *options = text.split()
    if kind != KIND:
        raise ValueError(f"target {text!r} does not start with {KIND!r}")
    config: dict[str, Any] = {"kind": KIND}
    for option in options:
        key, equals, value = option.lstrip("-").partition("=")
        if not option.startswith("-") or not equals or not value:
            raise ValueError(f"target {text!r}: {option!r} is not of the form -option=value")
        if key not in OPTIONS:
            raise ValueError(f"target {text!r}: unknown option {key!r}; there are {', '.join(OPTIONS)}")
        if key in config:
            raise ValueError(f"target {text!r}: option {key!r} is given twice")
        config[key] = _grid(value) if key == "grid" else value
    return config


def _grid(value: Any) -> list[int]:
    parts = value.replace("x", ",").split(",") if isinstance(value, str) else list(value)
    try:
        return [int(part) for part in parts]
    except ValueError:
        raise ValueError(f"target {KIND}: grid {value!r} is not two numbers, e.g. 8x8") from None


def make(target: TargetLike = KIND) -> Target:
    """The TVM target of any spelling: string, dict or Target. Raises ValueError with what is wrong."""
    if isinstance(target, Target):
        if target.kind.name != KIND:
            raise ValueError(f"target {target.kind.name!r} is not {KIND!r}")
        return target
    config = parse(target) if isinstance(target, str) else dict(target)
    if config.get("kind") != KIND:
        raise ValueError(f"target {config.get('kind')!r} is not {KIND!r}")
    if "grid" in config:
        config["grid"] = _grid(config["grid"])
    try:
        return Target(config)
    except (ValueError, TypeError) as error:  # our message, without what TVM puts behind it
        raise ValueError(str(error).split(" Target creation from config dict failed")[0]) from None


def _normalize(target: TargetLike) -> Target | None:
    if isinstance(target, str):
        return make(target) if target.split()[:1] == [KIND] else None
    if isinstance(target, Mapping):
        return make(target) if target.get("kind") == KIND else None
    return None


def _read(path: Path) -> str:
    try:
        return path.read_text().strip().lower()
    except OSError:
        return ""


def detect() -> dict[str, str] | None:
    """The first card that the kernel driver knows, as a target; None without one."""
    try:
        numbers = sorted(int(entry.name) for entry in _DEVICES.iterdir() if entry.name.isdigit())
    except OSError:
        return None
    if not numbers:
        return None
    config = {"kind": KIND}
    node = _SYSFS / f"tenstorrent!{numbers[0]}"
    card = _read(node / "tt_card_type")
    arch = _PCI_ARCH.get(_read(node / "device" / "device"))
    if arch:
        config["arch"] = arch
    for board in ("n150", "n300", "p100", "p150"):
        if card.startswith(board):
            config["board"] = board
    return config


def _detect_for_auto() -> dict[str, str] | None:
    # On a machine without a card, "auto" means the emulator only where the user says so.
    return detect() or ({"kind": KIND} if os.environ.get("TILELANG_TT_AUTO") == "emulator" else None)


def register() -> None:
    register_target_normalizer(KIND, _normalize, override=True)
    register_target_detector(KIND, _detect_for_auto, override=True)
