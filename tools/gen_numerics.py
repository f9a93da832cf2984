"""Writes docs/numerics.md: measures the errors of every family of kernels on the emulator."""

import logging
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests" / "numerics"))

import tilelang_tt  # noqa: F401  registers the target

logging.disable(logging.INFO)

import page


def main() -> int:
    measured = page.measure()
    if found := page.over_bound(measured):
        print("\n".join(found), file=sys.stderr)
        return 1
    (ROOT / "docs" / "numerics.md").write_text(page.render(measured))
    return 0


if __name__ == "__main__":
    sys.exit(main())
