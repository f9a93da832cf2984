"""Single changes to the text of a Tensix program that has been scheduled."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True)
class Mutant:
    kind: str
    where: str
    text: str


# A call less may leave a well-formed program that computes something else; everything else is needed.
REMOVABLE = re.compile(
    r"^\s*(reader|compute|writer)[+a-z]*: (channel|noc|dst|startup|init|reconfig|packer|index_tile|read_tile|write_tile|pack|call)\b"
)


def _add(text: re.Match, by: int) -> str:
    return f"{text[1]}{int(text[2]) + by}{text[3]}"


# kind: pattern of three groups around a number, and what to add to it.
NUMBERS = {
    "pages of a call doubled": (r"(call=(?:reserve_back|push_back|wait_front|pop_front) .*pages=)(\d+)()", None),
    "deeper channel": (r"(^\s*channel .* pages=)(\d+)( block_pages=)", 1),
    "larger blocks of a channel": (r"(^\s*channel .* block_pages=)(\d+)()", 1),
    "channel at another place": (r"(^\s*channel .* l1_offset=)(\d+)()", -1024),
    "another DST slot of a pack": (r"(pack dst=(?:\w+ \+ )?)(\d+)( )", 1),
    "another DST slot of a call": (r"(call op=.* dst=\((?:\w+ \+ )?)(\d+)([,)])", 1),
    "another tile of a call": (r"(call op=.* tiles=\((?:\w+ \+ )?)(\d+)([,)])", 1),
    "another slot of a read": (r"(read_tile .* slot=(?:\w+ \+ )?)(\d+)()", 1),
    "another slot of a write": (r"(write_tile .* slot=(?:\w+ \+ )?)(\d+)()", 1),
    "one iteration more": (r"(: for var=(?!block)\w+ begin=\d+ extent=)(\d+)( )", 1),
    "one iteration less": (r"(: for var=(?!block)\w+ begin=\d+ extent=)(\d+)( )", -1),
}
WORDS = {
    "pages of a multicast doubled": (r"(multicast .*pages=)(\d+)", lambda m: f"{m[1]}{int(m[2]) * 2}"),
    "other peers": (r"(peers=)(row|column)", lambda m: m[1] + ("column" if m[2] == "row" else "row")),
    "packer mode": (r"(mode=l1_accumulate)( on)?", lambda m: m[1] + ("" if m[2] else " on")),
    "channel of another format": (r"(format=)Float16_b( pages)", r"\1Float32\2"),
    "channel of a narrower format": (r"(format=)Float32( pages)", r"\1Float16_b\2"),
    "unpack mode": (r"^(\s*channel .* pages=\d+(?: block_pages=\d+)?)( unpack=to_dest)?", None),
    "32-bit DST off": (r"(^\s*compute .*) fp32_dest_acc_en", r"\1"),
}


def mutants(text: str) -> Iterator[Mutant]:
    lines = text.splitlines(keepends=True)
    for n, line in enumerate(lines):
        where = f"line {n + 1}: {line.strip()[:90]}"

        def changed(new: str, n: int = n) -> str:
            return "".join([*lines[:n], new, *lines[n + 1 :]])

        if (found := REMOVABLE.match(line)) and not line.rstrip().endswith("{"):
            yield Mutant(f"without {'uninit' if ' uninit' in line else found[2]}", where, changed(""))
        for kind, (pattern, by) in NUMBERS.items():
            new = re.sub(pattern, lambda m, by=by: _add(m, int(m[2]) if by is None else by), line)
            if new != line and "=-" not in new:
                yield Mutant(kind, where, changed(new))
        for kind, (pattern, change) in WORDS.items():
            if kind == "unpack mode":
                new = re.sub(pattern, lambda m: m[1] + ("" if m[2] else " unpack=to_dest"), line)
            else:
                new = re.sub(pattern, change, line)
            if new != line:
                yield Mutant(kind, where, changed(new))
