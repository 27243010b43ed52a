# Part of the attn-mlir project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""torch.compile(model, backend="attn")."""

import contextlib
import importlib.util
import math
import os
import pathlib
import subprocess
import sys

import attn
import pytest

torch = pytest.importorskip("torch")
import torch.nn.functional as F  # noqa: E402
from attn import _compile  # noqa: E402


HAS_TORCH_MLIR = importlib.util.find_spec("torch_mlir") is not None


class SelfAttention(torch.nn.Module):
    """The module of PyTorch's tutorial, in our words."""

    def __init__(self, heads=4, size=32, dropout=0.0, naive=False):
        super().__init__()
        self.heads, self.dropout, self.naive = heads, dropout, naive
        self.inward, self.outward = torch.nn.Linear(size, 3 * size), torch.nn.Linear(size, size)

    def forward(self, x, mask=None):
        q, k, v = (y.unflatten(-1, (self.heads, -1)).transpose(1, 2) for y in self.inward(x).chunk(3, -1))
        if self.naive:
            y = torch.softmax(q @ k.transpose(-1, -2) * q.shape[-1] ** -0.5, -1) @ v
        else:
            y = F.scaled_dot_product_attention(
                q, k, v, mask, dropout_p=self.dropout if self.training else 0.0, is_causal=mask is None)
        return self.outward(y.transpose(1, 2).flatten(-2))


@pytest.fixture(autouse=True)
def fresh():
    torch._dynamo.reset()
    torch.manual_seed(0)


@contextlib.contextmanager
def count_calls():
    """How often our operators run."""
    calls = []
    with torch.profiler.profile(activities=[torch.profiler.ProfilerActivity.CPU]) as profiler:
        yield calls
    calls += [event for event in profiler.events() if event.name in ("attn::sdpa", "attn::sdpa_dense", "attn::sdpa_masked", "attn::fused")]


@pytest.mark.parametrize("mode", [None, "reduce-overhead"])
def test_inference(mode):
    model, x = SelfAttention().eval(), torch.randn(2, 20, 32)
    with torch.no_grad():
        expected = model(x)
        compiled = torch.compile(model, backend=_compile.backend, fullgraph=True, mode=mode)
        assert torch.allclose(compiled(x), expected, atol=2e-5)
        with count_calls() as calls:
            compiled(x)
        assert len(calls) == 1
        mask = torch.rand(20, 20) < 0.8
        compiled(x, mask)
        with count_calls() as calls:
            assert torch.allclose(compiled(x, mask), model(x, mask), atol=2e-5)
        assert len(calls) == 1


def test_dynamic():
    model = SelfAttention().eval()
    from torch._dynamo.utils import counters

    counters.clear()
    compiled = torch.compile(model, backend=_compile.backend, fullgraph=True, dynamic=True)
    inputs = [torch.randn(batch, length, 32) for batch, length in [(2, 20), (3, 33), (5, 64), (2, 17)]]
    with torch.no_grad():
        compiled(inputs[0])
        with count_calls() as calls:
            for x in inputs:
                assert torch.allclose(compiled(x), model(x), atol=2e-5)
    assert len(calls) == 4
    assert counters["stats"]["unique_graphs"] == 1


def test_training():
    """The gradient stays PyTorch's."""
    model, x = SelfAttention(), torch.randn(2, 20, 32)
    model(x).square().sum().backward()
    expected = [parameter.grad.clone() for parameter in model.parameters()]
    model.zero_grad()
    with count_calls() as calls:
        torch.compile(model, backend=_compile.backend, fullgraph=True)(x).square().sum().backward()
    for parameter, gradient in zip(model.parameters(), expected):
        assert torch.allclose(parameter.grad, gradient, rtol=1e-3, atol=1e-3)
    assert not calls


def test_autocast():
    model, x = SelfAttention().eval(), torch.randn(2, 20, 32)
    with torch.no_grad(), torch.autocast("cpu", torch.bfloat16):
        compiled = torch.compile(model, backend=_compile.backend, fullgraph=True)
        compiled(x)
        with count_calls() as calls:
            result = compiled(x)
        assert result.dtype == torch.bfloat16 and len(calls) == 1
        assert torch.allclose(result.float(), model(x).float(), atol=5e-2)


def this_line(offset):
    return f"{__file__}:{sys._getframe(1).f_lineno + offset}"


def test_explain():
    q = torch.randn(2, 4, 20, 8)

    def model(q, w):
        a = F.scaled_dot_product_attention(q, q, q)
        b = F.scaled_dot_product_attention(q, q, q, dropout_p=0.1)
        c = torch.softmax(q @ q.transpose(-1, -2), -1) @ q
        d = attn.sdpa(q, q, q, softcap=3.0)
        e = F.scaled_dot_product_attention(w, q, q)
        return a + b + c + d + e

    first = model.__code__.co_firstlineno + 1
    result = attn.explain(model, q, torch.randn(2, 4, 20, 8, requires_grad=True))
    found = {int(a.location.rpartition(":")[2]) - first: a for a in result.attentions if a.location.startswith(__file__)}
    assert found[0].fused and found[0].backend == "flash" and not found[0].reason
    assert not found[1].fused and "dropout" in found[1].reason
    assert found[2].fused if HAS_TORCH_MLIR else "spelled out: torch-mlir is needed" in found[2].reason
    assert not found[4].fused and "gradient" in found[4].reason
    assert [a.fused for a in result.attentions if a.operation == "attn.sdpa"] == [True]
    lines = str(result).splitlines()
    assert lines[0].startswith("location") and len(lines) == 6


@pytest.mark.parametrize("call, reason", [
    (lambda q: F.scaled_dot_product_attention(q.double(), q.double(), q.double()), "float64"),
    (lambda q: F.scaled_dot_product_attention(*3 * [q.repeat(1, 1, 1, 80)]), "end at 512, these are 640"),
])
def test_reasons(call, reason):
    (attention,) = attn.explain(call, torch.randn(2, 4, 20, 8)).attentions
    assert not attention.fused and attention.backend == "pytorch" and reason in attention.reason
    # And it still computes the same.
    q = torch.randn(2, 4, 20, 8)
    assert torch.allclose(torch.compile(call, backend=_compile.backend)(q), call(q), atol=2e-5)


# Attention that is spelled out: the compiler's fusion decides what it is.


def spell_causal(q, k, v):
    w = q @ k.transpose(-2, -1) / math.sqrt(q.size(-1))
    mask = torch.tril(torch.ones(q.shape[-2], k.shape[-2], dtype=torch.bool))
    return torch.nn.functional.dropout(w.masked_fill(~mask, float("-inf")).softmax(-1), 0.1, training=False) @ v


def spell_bias(q, k, v):
    bias = -(torch.arange(q.shape[-2]).unsqueeze(1) - torch.arange(k.shape[-2])).abs()
    return torch.matmul(torch.softmax((q * 0.3) @ k.mT + bias, dim=-1), v)


def spell_bmm(q, k, v):
    q, k, v = (x.flatten(0, 1) for x in (q, k, v))
    return torch.bmm(torch.softmax(torch.bmm(q, k.transpose(1, 2)), -1), v)


def spell_groups(q, k, v):
    k, v = (x[:, :2].unsqueeze(2).expand(-1, -1, 2, -1, -1).reshape(x.shape) for x in (k, v))
    w = q @ k.transpose(2, 3) * 0.5
    return torch.softmax(w, -1, dtype=torch.float32).to(q.dtype) @ v


def spell_einsum(q, k, v):
    q, k, v = (x.transpose(1, 2) for x in (q, k, v))
    return torch.einsum("bhij,bjhd->bihd", torch.einsum("bihd,bjhd->bhij", q, k).div(4).softmax(-1), v)


needs_torch_mlir = pytest.mark.skipif(not HAS_TORCH_MLIR, reason="needs torch-mlir")


@needs_torch_mlir
@pytest.mark.parametrize("function", [spell_causal, spell_bias, spell_bmm, spell_groups, spell_einsum])
def test_spelled_out(function):
    q, k, v = (torch.randn(2, 4, length, 8) for length in (20, 24, 24))
    wrapped = lambda q, k, v: function(q.relu(), k, v).sin()  # noqa: E731
    (attention,) = attn.explain(wrapped, q, k, v).attentions
    assert attention.fused and attention.backend == "flash", attention.reason
    line = function.__code__.co_firstlineno
    file, _, found = attention.location.rpartition(":")
    assert file == __file__ and line < int(found) < line + 5
    compiled = torch.compile(wrapped, backend=_compile.backend, fullgraph=True)
    compiled(q, k, v)
    with count_calls() as calls:
        result = compiled(q, k, v)
    assert [call.name for call in calls] == ["attn::fused"]
    assert torch.allclose(result, wrapped(q, k, v), atol=2e-5)


def returns_weights(q):
    weights = torch.softmax(q @ q.mT, -1)
    return weights @ q, weights


def sums_other_axis(q):
    return torch.softmax(q @ q.mT, -2) @ q


def writes_in_place(q):
    scores = q @ q.mT
    scores += 1
    return torch.softmax(scores, -1) @ q


@needs_torch_mlir
@pytest.mark.parametrize("function, reason", [
    (returns_weights, "the result of softmax is used elsewhere too"),
    (sums_other_axis, "the softmax sums along another axis"),
    (writes_in_place, "iadd writes in place"),
    (lambda q: F.dropout(torch.softmax(q @ q.mT, -1), 0.5) @ q, "it drops out probabilities"),
    (lambda q: torch.softmax(q.double() @ q.double().mT, -1) @ q.double(), "computes in f32, the operands are f64"),
])
def test_spelled_out_refused(function, reason):
    q = torch.randn(2, 4, 20, 20)
    (attention,) = attn.explain(function, q).attentions
    assert not attention.fused and attention.backend == "inductor" and reason in attention.reason
    if "drops" not in reason:
        result, expected = torch.compile(function, backend=_compile.backend)(q), function(q)
        for a, b in zip(result, expected) if isinstance(result, tuple) else [(result, expected)]:
            assert torch.allclose(a, b, atol=2e-5)


@needs_torch_mlir
def test_spelled_out_in_training():
    q = torch.randn(2, 4, 20, 8, requires_grad=True)
    (attention,) = attn.explain(lambda q: spell_causal(q, q, q), q).attentions
    assert not attention.fused and "a gradient is needed" in attention.reason


def spell_windows(q, k, v):
    """Of sizes that are computed."""
    n = k.shape[-2] // 2
    return torch.softmax(q @ k[:, :, n:].mT, -1) @ v[:, :, n:]


def spell_halves(q, k, v):
    return torch.softmax(q[:, :, : q.shape[-2] // 2] @ k.mT, -1) @ v


def make_dynamic(batch, length):
    tensor = torch.randn(batch, 4, length, 8)
    torch._dynamo.mark_dynamic(tensor, (0, 2))
    return tensor


def rewriting(attentions):
    """backend="attn" without Inductor."""
    def backend(graph_module, example_inputs):
        attentions.extend(_compile.rewrite(graph_module))
        return graph_module.forward

    return backend


@needs_torch_mlir
@pytest.mark.parametrize("function", [spell_causal, spell_bias, spell_bmm, spell_groups])
def test_spelled_out_dynamic(function):
    """One kernel for all lengths and batches."""
    wrapped = lambda q, k, v: function(q.relu(), k, v).sin()  # noqa: E731
    attentions = []
    compiled = torch.compile(wrapped, backend=rewriting(attentions), fullgraph=True)
    with torch.no_grad():
        for batch, queries, keys, stance in ((2, 20, 24, "default"), (3, 33, 8, "fail_on_recompile"), (5, 2, 48, "fail_on_recompile")):
            q, k, v = (make_dynamic(batch, length) for length in (queries, keys, keys))
            with torch.compiler.set_stance(stance):
                assert torch.allclose(compiled(q, k, v), wrapped(q, k, v), atol=2e-5)
    (attention,) = attentions
    assert attention.fused, attention.reason


@needs_torch_mlir
@pytest.mark.parametrize("function, reason", [(spell_halves, "a size that no operand has, "), (spell_windows, "not fused: ")])
def test_spelled_out_dynamic_refused(function, reason):
    attentions = []
    compiled = torch.compile(function, backend=rewriting(attentions))
    for length in (20, 31):
        q, k = make_dynamic(2, length), make_dynamic(2, length + 2)
        assert torch.allclose(compiled(q, k, k), function(q, k, k), atol=2e-5)
    assert not attentions[0].fused and reason in attentions[0].reason


@needs_torch_mlir
def test_spelled_out_dynamic_inductor():
    compiled = torch.compile(lambda q: spell_causal(q.relu(), q, q).sin(), backend=_compile.backend)
    with torch.no_grad():
        for length in (20, 31, 70):
            q = torch.randn(2, 4, length, 8)
            compiled(q)
            with count_calls() as calls:
                assert torch.allclose(compiled(q), spell_causal(q.relu(), q, q).sin(), atol=2e-5)
            assert [call.name for call in calls] == ["attn::fused"]


def count_graphs(function, inputs, make_backend):
    """How many graphs Dynamo makes for the inputs."""
    torch._dynamo.reset()
    graphs = []

    def counting(graph_module, example_inputs):
        graphs.append(graph_module)
        return make_backend(graph_module, example_inputs)

    compiled = torch.compile(function, backend=counting)
    with torch.no_grad():
        for arguments in inputs:
            assert torch.allclose(compiled(*arguments), function(*arguments), atol=2e-5)
    return len(graphs)


def attend_by_groups(q, k, v):
    return F.scaled_dot_product_attention(q, k, v, is_causal=True, enable_gqa=True)


@pytest.mark.parametrize("function", [
    attend_by_groups, pytest.param(spell_causal, marks=needs_torch_mlir), lambda q, k, v: make_flex(alibi, None)(q, k),
], ids=["pytorch", "spelled out", "flex"])
def test_recompilations(function):
    """No more than without us."""
    inputs = [[torch.randn(batch, 4, length, 8) for _ in range(3)] for batch, length in ((2, 20), (2, 31), (2, 70), (3, 12), (5, 33))]
    attentions = []
    ours = count_graphs(function, inputs, rewriting(attentions))
    assert attentions and all(attention.fused for attention in attentions), attentions
    assert ours == count_graphs(function, inputs, lambda graph_module, example_inputs: graph_module.forward)


# FlexAttention, whose functions Dynamo traces.


SLOPES, DOCUMENTS = torch.tensor([0.5, 0.25, 0.125, 0.0625]), torch.arange(300) // 70


def causal(b, h, i, j):
    return j <= i


def document_window(b, h, i, j):
    return (DOCUMENTS[i] == DOCUMENTS[j]) & ((i - j).abs() < 50)


def alibi(score, b, h, i, j):
    return score + SLOPES[h] * (j - i)


def capped(score, b, h, i, j):
    return torch.where(i % 3 == 0, 5 * torch.tanh(score / 5), score * 0.5)


def make_flex(score_mod, mask_mod, **options):
    from torch.nn.attention.flex_attention import create_block_mask, flex_attention

    block_mask = None if mask_mod is None else create_block_mask(mask_mod, None, None, 300, 300, device="cpu")
    return lambda q, k: flex_attention(q, k, k, score_mod=score_mod, block_mask=block_mask, **options)


@pytest.mark.parametrize("score_mod, mask_mod, heads", [
    (None, None, 4), (alibi, None, 4), (capped, causal, 4), (None, document_window, 4), (alibi, document_window, 2),
])
def test_flex(score_mod, mask_mod, heads):
    attends = make_flex(score_mod, mask_mod, enable_gqa=heads != 4)
    q, k = torch.randn(2, 4, 300, 16), torch.randn(2, heads, 300, 16)
    expected = attends(q, k)
    (attention,) = attn.explain(attends, q, k).attentions
    assert attention.operation == "flex_attention" and attention.fused and attention.backend == "flash", attention.reason
    compiled = torch.compile(attends, backend=_compile.backend, fullgraph=True)
    compiled(q, k)
    with count_calls() as calls:
        result = compiled(q, k)
    assert [call.name for call in calls] == ["attn::sdpa"]
    assert torch.allclose(result, expected, atol=2e-5)


def flex_with_lse(q, k):
    output, lse = make_flex(None, None, return_lse=True)(q, k)
    return output + lse.unsqueeze(-1)


@pytest.mark.parametrize("function, reason", [
    (flex_with_lse, "its log-sum-exp is used"),
    (make_flex(lambda s, b, h, i, j: s + torch.special.erf(s), None), "score_mod cannot be read: a score or mask function cannot call torch.special_erf"),
    (lambda q, k: make_flex(None, None)(q.double(), k.double()), "computes in float32, the operands are torch.float64"),
], ids=["lse", "erf", "double"])
def test_flex_refused(function, reason):
    q = torch.randn(2, 4, 300, 16)
    (attention,) = attn.explain(function, q, q.clone()).attentions
    assert not attention.fused and attention.backend == "inductor" and reason in attention.reason


def test_flex_of_blocks():
    """Blocks without a function say themselves what is masked."""
    from torch.nn.attention.flex_attention import BlockMask, flex_attention

    blocks = BlockMask.from_kv_blocks(torch.ones(1, 1, 2, dtype=torch.int32), torch.arange(2, dtype=torch.int32).view(1, 1, 2, 1).expand(1, 1, 2, 2).contiguous())
    q = torch.randn(1, 2, 256, 16)
    (attention,) = attn.explain(lambda q: flex_attention(q, q, q, block_mask=blocks), q).attentions
    assert not attention.fused and "its block mask has no mask_mod" in attention.reason


def test_entry_point(tmp_path):
    """By name, without an import: as an installed package is found."""
    root = pathlib.Path(__file__).parents[2]
    project = (root / "pyproject.toml").read_text()
    section = project.partition('[project.entry-points."torch_dynamo_backends"]')[2].strip().splitlines()[0]
    name, _, target = section.partition(" = ")
    metadata = tmp_path / "attn_mlir-0.1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: attn-mlir\nVersion: 0.1.0\n")
    (metadata / "entry_points.txt").write_text(f"[torch_dynamo_backends]\n{name} = {target.strip(chr(34))}\n")
    program = """
import sys, torch, torch.nn.functional as F
assert "attn" in torch._dynamo.list_backends()
q = torch.randn(2, 4, 20, 8)
f = torch.compile(lambda q: F.scaled_dot_product_attention(q, q, q), backend="attn")
assert torch.allclose(f(q), F.scaled_dot_product_attention(q, q, q), atol=2e-5)
assert "attn._torch" in sys.modules
"""
    paths = os.pathsep.join([str(tmp_path), os.environ["PYTHONPATH"]])
    subprocess.run([sys.executable, "-c", program], check=True, env={**os.environ, "PYTHONPATH": paths})
