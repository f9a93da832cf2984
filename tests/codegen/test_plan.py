"""Every plan that any text case leads to fits docs/tt.plan.schema.json, and says what its kernels read."""

import json
import re
import sys

import artifacts
import jsonschema
import pytest
from textcases import TESTS, TextCase, all_cases

sys.path.append(str(artifacts.ROOT / "tools" / "realheaders"))

from check import gone_names

SCHEMA = json.loads((artifacts.ROOT / "docs" / "tt.plan.schema.json").read_text())
PROGRAMS = [p for p in all_cases() if "\ntile_program" in p.read_text() and "\n--- output" in p.read_text()]


@pytest.mark.parametrize("path", PROGRAMS, ids=lambda path: str(path.relative_to(TESTS).with_suffix("")))
def test_plan_and_kernels(path, tmp_path):
    case = TextCase.read(path)
    target = case.options[case.options.index("--target") + 1] if "--target" in case.options else ""
    done = artifacts.compile_text(case.input, tmp_path, target)
    if done.returncode != 0:
        assert "error[TT" in done.stderr, done.stderr
        assert not list(tmp_path.iterdir())
        pytest.skip(f"refused by a later stage: {done.stderr.splitlines()[0]}")
    plan = json.loads((tmp_path / "tt.plan.json").read_text())
    jsonschema.Draft202012Validator(SCHEMA).validate(plan)
    for launch in plan["launches"]:
        assert (
            sum((x1 - x0 + 1) * (y1 - y0 + 1) for x0, y0, x1, y1 in launch["cores"]["ranges"])
            == launch["cores"]["count"]
        )
        used = 0
        for buffer in launch["circular_buffers"]:
            assert buffer["pages"] % buffer["block_pages"] == 0
            assert buffer["l1_offset"] >= used, "circular buffers overlap"
            used = buffer["l1_offset"] + buffer["total_size"]
        assert launch["l1"]["used"] <= launch["l1"]["capacity"]
        for kernel in launch["kernels"]:
            check_arguments(kernel, (tmp_path / kernel["file"]).read_text())
    for file in tmp_path.glob("*.cpp"):
        text = file.read_text()
        assert gone_names(text) == [], file.name
        long = [line for line in text.splitlines() if len(line) > 120]
        assert not long, f"{file.name}: {long[0]}"


def check_arguments(kernel, text):
    """The kernel reads exactly the arguments that the plan gives it."""
    named = set(re.findall(r'get_named_compile_time_arg_val\("(\w+)"\)', text))
    assert named == set(kernel["named_compile_time_args"])
    for function, list_of in (("get_arg_val", "runtime_args"), ("get_common_arg_val", "common_runtime_args")):
        read = [int(i) for i in re.findall(rf"\b{function}<\w+>\((\d+)\)", text)]
        assert sorted(read) == list(range(len(kernel[list_of]))), list_of
    assert text.count("TensorAccessorArgs<") == len(kernel["compile_time_args"])


def test_schema_is_one():
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


@pytest.mark.parametrize("change", [("version", 2), ("launches", []), ("symbols", "M"), ("extra", 1)])
def test_schema_refuses(change, tmp_path):
    plan = json.loads((TESTS / "codegen" / "golden" / "gemm_256" / "tt.plan.json").read_text())
    plan[change[0]] = change[1]
    assert not jsonschema.Draft202012Validator(SCHEMA).is_valid(plan)


VECTORS = json.loads((TESTS / "codegen" / "expr_vectors.json").read_text())


def test_vectors_cover_the_schema():
    ops = set(re.findall(r'"op": "(\w+)"', json.dumps(VECTORS)))
    one_of = SCHEMA["$defs"]["expression"]["oneOf"]
    assert ops == {*one_of[2]["properties"]["op"]["enum"], "not", "select"}
    for vector in VECTORS:
        expression = {**SCHEMA, "$ref": "#/$defs/expression"}
        for key in ("type", "properties", "required", "additionalProperties"):
            expression.pop(key)
        jsonschema.Draft202012Validator(expression).validate(vector["expression"])


def test_vectors_in_the_launcher():
    sys.path.insert(0, str(artifacts.ROOT / "python"))
    try:
        from tilelang_tt.launch import evaluate
    except ImportError as error:
        pytest.skip(f"the package is not installed: {error}")
    for vector in VECTORS:
        assert evaluate(vector["expression"], vector["variables"]) == vector["value"], vector
