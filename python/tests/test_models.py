# Part of the attn-mlir project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""torch.compile(backend="attn") of the models of test/Models: tiny ones, of the
configurations of transformers, whose attention is PyTorch's or spelled out."""

import importlib.util
import pathlib

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("transformers")
pytest.importorskip("torch_mlir")
from attn import _compile  # noqa: E402

_PATH = pathlib.Path(__file__).resolve().parents[2] / "test" / "Models" / "models.py"
_specification = importlib.util.spec_from_file_location("models_of_tests", _PATH)
models = importlib.util.module_from_spec(_specification)
_specification.loader.exec_module(models)


@pytest.fixture(autouse=True)
def fresh():
    torch._dynamo.reset()
    torch.manual_seed(0)


def compile_model(name, attention, finish):
    """Results in eager mode and compiled, the attentions, and how many there are."""
    model, call, inputs, layers = models.MODELS[name](attention)
    module = models.Wrapper(model.eval(), call, torch.float32).eval()
    attentions = []

    @_compile.takes_flex
    def backend(graph_module, example_inputs):
        attentions.extend(_compile.rewrite(graph_module))
        return finish(graph_module, example_inputs)

    with torch.no_grad():
        return module(*inputs), torch.compile(module, backend=backend)(*inputs), attentions, layers


@pytest.mark.parametrize("attention", ["sdpa", "eager"])
@pytest.mark.parametrize("name", ["gpt2", "llama", "bert", "t5", "vit"])
def test_fused(name, attention):
    """Every attention, in one graph; the rest of it runs as it is."""
    expected, result, attentions, layers = compile_model(name, attention, lambda graph_module, _: graph_module.forward)
    assert len(attentions) == layers and all(found.fused for found in attentions), attentions
    assert torch.allclose(result, expected, atol=2e-5)
    operation = "scaled_dot_product_attention" if attention == "sdpa" else "matmul, softmax, matmul"
    assert {found.operation for found in attentions} == {operation}


@pytest.mark.parametrize("name, reason", [("falcon", "writes in place"), ("gpt-oss", "the denominator of the softmax")])
def test_not_fused(name, reason):
    """What stays Inductor's, and why."""
    expected, result, attentions, layers = compile_model(name, "eager", lambda graph_module, _: graph_module.forward)
    assert len(attentions) == layers and all(not found.fused and reason in found.reason for found in attentions), attentions
    assert torch.equal(result, expected)


def test_inductor():
    expected, result, attentions, _ = compile_model("llama", "sdpa", _compile.backend)
    assert all(found.fused for found in attentions) and torch.allclose(result, expected, atol=2e-5)
