"""Every *.case below tests/ (see textcases.py)."""

import pytest
from textcases import TESTS, TextCase, all_cases, find_opt


@pytest.fixture(scope="session", autouse=True)
def opt():
    try:
        return find_opt()
    except FileNotFoundError as error:
        pytest.skip(str(error))


@pytest.mark.parametrize("path", all_cases(), ids=lambda path: str(path.relative_to(TESTS).with_suffix("")))
def test_case(path):
    problem = TextCase.read(path).check()
    assert problem is None, problem
