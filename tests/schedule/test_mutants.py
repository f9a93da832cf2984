"""Single statements of scheduled programs are removed or altered: the verifier, or the strict interpreter of the program,
has to refuse every mutant but those of the kinds below, which are well-formed programs that do something else."""

import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
import tilelang_tt

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent), str(HERE.parent / "numerics")]

import families
import kernels
import row_kernels
from mutants import mutants
from textcases import TextCase, find_opt

# What remains well-formed, and why. Everything else has to be refused.
ACCEPTED = {
    "without call": "the next call takes the slot as the call before left it: another function of the same operands",
    "another DST slot of a call": "both slots hold values that are taken later",
    "another DST slot of a pack": "both slots hold results",
    "another tile of a call": "another tile of the same block, which is there",
    "one iteration less": "all engines do one step less, consistently",
    "unpack mode": "of a channel that only copies read, or nobody: another precision",
    "32-bit DST off": "another precision",
    "channel of a narrower format": "of an interim: another precision",
    "without uninit": "between two reductions: the next init does its work",
}
CASES = [
    *("gemm_resident", "gemm_l1_sums", "gemm_fp32_result", "gemm_trans_a", "gemm_trans_b", "gemm_start"),
    *(
        "last_product",
        "softmax",
        "attention",
        "gemm_multicast",
        "parts",
        "causal_mask",
        "sum_beside_value",
        "ragged_max",
    ),
]
FAMILIES = {
    "online softmax": lambda: row_kernels.online_softmax(32, 128, bN=64),
    "layer norm with 1-D results": lambda: row_kernels.long_layer_norm(32, 64, bN=32),
    "broadcasts": lambda: row_kernels.broadcasts(64, 64),
    "log-softmax": lambda: row_kernels.log_softmax(32, 64, "bfloat16"),
    "integers": lambda: families._integer_kernel([call for call, _ in list(families.COMPARED.values())[:4]]),
    "attention": lambda: families.attention_kernel(64, 64, "bfloat16"),
    "reductions": lambda: families.reductions_kernel(64, 64, "bfloat16"),
    "gelu": lambda: families.functions_kernel([f for f in families.FUNCTIONS if "gelu" in f.name], 32, 64, "float32"),
    "epilogue": lambda: kernels.gemm_epilogue(64, 64, 64, bM=32, bN=32, scale=0.5, bias=True, relu=True, residual=True),
    "mlp": lambda: families.mlp_block.mlp_block(M=64, D=64, H=64),
}
SAMPLE = 110  # mutants of a program that are tried: every one of so many


def verify(text: str, interpret: bool) -> tuple[bool, list[str], str]:
    """Accepted or not, and the digests of what the program wrote."""
    done = subprocess.run(
        [find_opt(), "--until", "codegen", *(["--interpret", "1", "--digest"] if interpret else []), "-"],
        input=text,
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
    )
    digests = re.findall(r"^\w+: digest \w+$", done.stderr, flags=re.MULTILINE)
    # The interpreter has run the program to its end if there are digests.
    return (done.returncode == 0 if not interpret else bool(digests)), digests, done.stderr


def check(text: str) -> None:
    good, expected, message = verify(text, True)
    assert good, message
    found = list(mutants(text))
    assert len(found) > 60
    refused, missed = Counter(), []
    for mutant in found[:: max(1, len(found) // SAMPLE)]:
        if not verify(mutant.text, False)[0]:
            refused[mutant.kind] += 1
            continue
        accepted, digests, _ = verify(mutant.text, True)
        if accepted and mutant.kind not in ACCEPTED:
            missed.append(f"{'same' if digests == expected else 'other'} result, {mutant.kind}: {mutant.where}")
    assert not missed, f"{len(missed)} mutants pass:\n" + "\n".join(missed)
    assert sum(refused.values()) > 40


@pytest.mark.parametrize("name", CASES)
def test_mutants_of_a_case(name):
    check(TextCase.read(HERE / f"{name}.case").expected)


@pytest.mark.parametrize("name", FAMILIES)
def test_mutants_of_a_family(name):
    artifacts = tilelang_tt.compile_artifacts(FAMILIES[name](), until="schedule", dump=True)
    check(re.sub(r' loc\("[^"]*":\d+(:\d+)?\)', "", artifacts.stages[-1].text))
