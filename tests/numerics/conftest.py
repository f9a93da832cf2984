import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

import tilelang_tt  # noqa: F401  registers the target
