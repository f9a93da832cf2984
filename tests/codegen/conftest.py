import sys
from pathlib import Path

import pytest

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parent.parent)]

from textcases import find_opt


@pytest.fixture(scope="session", autouse=True)
def built():
    try:
        find_opt()
    except FileNotFoundError as error:
        pytest.skip(str(error))
