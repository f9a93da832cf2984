"""docs/passes.md holds the pass table that the pipeline runs."""

import subprocess

import pytest
from textcases import TESTS, find_opt


def test_page_is_up_to_date():
    try:
        command = [find_opt(), "--list"]
    except FileNotFoundError as error:
        pytest.skip(str(error))
    table = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    page = (TESTS.parent / "docs" / "passes.md").read_text()
    assert table in page, f"put the output of tilelang-tt-opt --list into docs/passes.md:\n{table}"
