# Part of the attn-mlir project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""attn.sdpa for PyTorch, against its math backend in float64."""

import attn
import pytest

torch = pytest.importorskip("torch")
import torch.nn.functional as F  # noqa: E402
from attn import _compile, _torch, _torch_flex  # noqa: E402
from torch.nn.attention import SDPBackend  # noqa: E402
from torch.nn.attention.bias import causal_lower_right, causal_upper_left  # noqa: E402

DTYPES = [torch.float16, torch.bfloat16, torch.float32, torch.float64]
TOLERANCES = {torch.float16: 3e-3, torch.bfloat16: 3e-2, torch.float32: 2e-5, torch.float64: 1e-12}


@pytest.fixture(autouse=True)
def seed():
    torch.manual_seed(0)


def expect(q, k, v, *arguments, **options):
    arguments = [x.double() if isinstance(x, torch.Tensor) and x.is_floating_point() else x for x in arguments]
    with torch.nn.attention.sdpa_kernel(SDPBackend.MATH):
        return F.scaled_dot_product_attention(q.double(), k.double(), v.double(), *arguments, **options)


def check(result, expected, dtype):
    assert result.dtype == dtype and result.shape == expected.shape
    error = (result.double() - expected).abs().max().item() if expected.numel() else 0
    assert error <= TOLERANCES[dtype], f"largest error {error}"


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("options", [
    {}, {"is_causal": True}, {"scale": 0.3}, {"mask": "bool"}, {"mask": "float"}, {"mask": "keys"}, {"enable_gqa": True},
], ids=str)
@pytest.mark.parametrize("queries", [1, 9, 70])
def test_pytorch(dtype, options, queries):
    options = dict(options)
    kind = options.pop("mask", None)
    heads = 2 if options.get("enable_gqa") else 4
    q = torch.randn(2, 4, queries, 32, dtype=dtype)
    k, v = torch.randn(2, heads, 45, 32, dtype=dtype), torch.randn(2, heads, 45, 16, dtype=dtype)
    mask = {None: None, "bool": torch.rand(queries, 45) < 0.8, "float": torch.randn(2, 1, queries, 45, dtype=dtype),
            "keys": (torch.rand(2, 1, 1, 45) < 0.8).expand(2, 4, queries, 45)}[kind]
    check(attn.sdpa(q, k, v, mask, **options), expect(q, k, v, mask, **options), dtype)


@pytest.mark.parametrize("dtype", DTYPES)
def test_projected(dtype):
    """Heads cut out of one projection, as models do."""
    qkv = torch.randn(2, 33, 3 * 4 * 16, dtype=dtype)
    q, k, v = (x.view(2, 33, 4, 16).transpose(1, 2) for x in qkv.chunk(3, -1))
    result = attn.sdpa(q, k, v, is_causal=True)
    check(result, expect(q, k, v, is_causal=True), dtype)
    # Back to [B, L, H D] without a copy.
    assert result.transpose(1, 2).is_contiguous()
    last = qkv.view(2, 33, 16, 12).permute(0, 3, 1, 2)
    check(attn.sdpa(last[:, :4], last[:, 4:8], last[:, 8:]), expect(last[:, :4], last[:, 4:8], last[:, 8:]), dtype)


@pytest.mark.parametrize("shapes", [((5, 8), (7, 8)), ((3, 5, 8), (3, 7, 8)), ((2, 1, 4, 5, 8), (1, 3, 4, 7, 8)), ((0, 2, 5, 8), (0, 2, 5, 8))])
def test_ranks(shapes):
    q, k = torch.randn(shapes[0]), torch.randn(shapes[1])
    check(attn.sdpa(q, k, k), expect(q, k, k), torch.float32)


def test_causal_biases():
    q, k = torch.randn(2, 4, 20, 8), torch.randn(2, 4, 30, 8)
    for ours, theirs in [(attn.causal_upper_left, causal_upper_left), (attn.causal_lower_right, causal_lower_right)]:
        mask = torch.as_tensor(ours(20, 30).materialize())
        for bias in [ours(20, 30), theirs(20, 30), mask]:
            check(attn.sdpa(q, k, k, bias), expect(q, k, k, mask), torch.float32)


def make_leaves(*shapes):
    return [torch.randn(shape, dtype=torch.float64, requires_grad=True) for shape in shapes]


@pytest.mark.parametrize("options", [
    {}, {"causal": "upper_left"}, {"causal": "lower_right", "window": (3, 0)}, {"softcap": 1.5, "scale": 0.7},
    {"return_lse": True}, {"enable_gqa": True}, {"key_lengths": torch.tensor([0, 5])},
], ids=str)
def test_gradient(options):
    heads = 2 if options.get("enable_gqa") else 4
    leaves = make_leaves((2, 4, 5, 3), (2, heads, 6, 3), (2, heads, 6, 2))
    assert torch.autograd.gradcheck(lambda *x: attn.sdpa(*x, **options), leaves)


def test_gradient_of_mask_and_sinks():
    leaves = make_leaves((2, 3, 5, 3), (1, 3, 6, 3), (2, 1, 6, 2), (3, 1, 6), (3,))
    assert torch.autograd.gradcheck(lambda q, k, v, mask, sinks: attn.sdpa(q, k, v, mask, sinks=sinks), leaves)


def test_second_gradient():
    assert torch.autograd.gradgradcheck(lambda *x: attn.sdpa(*x, is_causal=True), make_leaves((1, 2, 3, 2), (1, 2, 3, 2), (1, 2, 3, 2)))


def test_gradient_of_functions():
    leaves = make_leaves((2, 3, 5, 2), (2, 3, 5, 2), (2, 3, 5, 2), (3,))

    def call(q, k, v, slopes):
        return attn.sdpa(q, k, v, score_mod=lambda s, b, h, i, j: s + slopes[h] * (j - i), mask_mod=lambda b, h, i, j: j <= i)

    assert torch.autograd.gradcheck(call, leaves)
    with torch.no_grad():
        expected = call(*leaves)
    assert torch.allclose(call(*leaves), expected, atol=1e-12)


def test_row_without_keys_has_no_gradient():
    q = torch.randn(1, 4, 8, requires_grad=True)
    mask = torch.ones(4, 4, dtype=torch.bool)
    mask[2] = False
    attn.sdpa(q, q, q, mask).sum().backward()
    assert torch.isfinite(q.grad).all()


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("grad", [False, True])
@pytest.mark.parametrize("options", [{}, {"causal": "upper_left", "return_lse": True}, {"softcap": 2.0, "window": [3, 4]}], ids=str)
def test_opcheck(dtype, grad, options):
    q, k, v = (torch.randn(2, 3, size, 8, dtype=dtype, requires_grad=grad) for size in (5, 6, 6))
    mask = torch.rand(5, 6) < 0.9
    torch.library.opcheck(torch.ops.attn.sdpa.default, (q, k, v, mask), options)


def slopes_mod(slopes):
    return lambda s, b, h, i, j: torch.where(j > 3, s + slopes[h] * (j - i).abs(), torch.tanh(s))


def test_score_mod():
    q = torch.randn(2, 4, 40, 16)
    slopes = torch.rand(4)
    result = attn.sdpa(q, q, q, score_mod=slopes_mod(slopes), mask_mod=lambda b, h, i, j: (i - j) % 7 != 2)
    logits = q.double() @ q.double().transpose(-1, -2) / 4
    i, j = torch.arange(40).unsqueeze(1), torch.arange(40)
    logits = slopes_mod(slopes.double())(logits, None, torch.arange(4).view(4, 1, 1), i, j)
    logits = logits.masked_fill((i - j) % 7 == 2, -torch.inf)
    check(result, torch.softmax(logits, -1) @ q.double(), torch.float32)


def test_compiled():
    attends = torch.compile(lambda q: attn.sdpa(q * 2, q, q, is_causal=True).sin(), fullgraph=True, dynamic=True)
    # The first length compiles (Dynamo may start over on the way), others do not.
    for length, stance in ((20, "default"), (33, "fail_on_recompile"), (48, "fail_on_recompile")):
        q = torch.randn(2, 4, length, 16)
        with torch.compiler.set_stance(stance):
            result = attends(q)
        assert torch.allclose(result, expect(q * 2, q, q, is_causal=True).sin().float(), atol=2e-5)


def banded(b, h, i, j):
    return attn.where(b == 0, (i - j) % 7 != 2, j <= i)


@_torch_flex.takes_flex
def rewriting(graph_module, example_inputs):
    """backend="attn" without Inductor."""
    attentions = _compile.rewrite(graph_module)
    assert attentions and all(attention.fused for attention in attentions), attentions
    return graph_module.forward


@pytest.mark.parametrize("options", [
    {"score": True}, {"mask_mod": banded}, {"score": True, "mask_mod": banded, "softcap": 2.0, "causal": "lower_right"},
    {"mask_mod": banded, "mask": "bool", "window": (9, -1), "scale": 0.3}, {"score": True, "mask": "float", "causal": "upper_left"},
    {"mask_mod": banded, "lengths": True, "causal": "lower_right", "enable_gqa": True}, {"score": True, "rank": 3},
    {"mask_mod": banded, "rank": 2},
], ids=str)
def test_compiled_functions(options):
    """In one graph, and what they compute by themselves."""
    options = dict(options)
    slopes, rank = torch.rand(4), options.pop("rank", 4)
    if options.pop("score", False):
        options["score_mod"] = slopes_mod(slopes)
    heads = 2 if options.get("enable_gqa") else 4
    q, k = torch.randn((2, 4, 40, 16)[4 - rank :]), torch.randn((2, heads, 50, 16)[4 - rank :])
    mask = {None: None, "bool": torch.rand(40, 50) < 0.8, "float": torch.randn(2, 1, 40, 50)}[options.pop("mask", None)]
    lengths = torch.tensor([50, 41]) if options.pop("lengths", False) else None

    def step(q, k):
        return attn.sdpa(q.relu(), k, k, mask, key_lengths=lengths, **options).sin()

    torch._dynamo.reset()
    with torch.no_grad():
        compiled = torch.compile(step, fullgraph=True, backend=rewriting)
        assert torch.allclose(compiled(q, k), step(q, k), atol=2e-5)


def test_functions_are_one_line():
    """Inductor writes what an operator is given into comments of its code."""
    from torch.fx.experimental.proxy_tensor import make_fx

    q = torch.randn(2, 4, 20, 16)
    graph = make_fx(lambda q: attn.sdpa(q, q, q, score_mod=lambda s, b, h, i, j: s * 2 + i, mask_mod=banded))(q).graph
    (texts,) = [[x for x in node.args if isinstance(x, str)] for node in graph.nodes if str(node.target).startswith("attn.")]
    assert [text.split("(")[0] for text in texts] == ["score", "keep"]
    assert not any("\n" in text for text in texts)


def test_compiled_functions_dynamic():
    slopes = torch.rand(4)

    def step(q):
        return attn.sdpa(q.relu(), q, q, score_mod=slopes_mod(slopes), mask_mod=banded).sin()

    compiled = torch.compile(step, fullgraph=True, dynamic=True, backend=rewriting)
    for length, stance in ((20, "default"), (33, "fail_on_recompile"), (48, "fail_on_recompile")):
        q = torch.randn(2, 4, length, 16)
        with torch.compiler.set_stance(stance):
            assert torch.allclose(compiled(q), step(q), atol=2e-5)


@pytest.mark.parametrize("options", [
    {"causal": "lower_right", "window": (9, 0)}, {"causal": "upper_left", "window": (-1, 5), "mask_mod": banded},
    {"window": 7, "softcap": 2.0, "mask_mod": banded}, {"causal": "lower_right", "lengths": True, "mask_mod": banded},
], ids=str)
@pytest.mark.parametrize("dynamic", [False, True])
def test_compiled_functions_keep_structure(options, dynamic):
    """What is no function stays an attribute or an operand: the regions are those of
    the functions alone."""
    options, nodes, slopes = dict(options), [], torch.rand(4)
    lengths = torch.tensor([50, 41]) if options.pop("lengths", False) else None

    @_torch_flex.takes_flex
    def collecting(graph_module, example_inputs):
        assert all(attention.fused for attention in _compile.rewrite(graph_module))
        nodes.extend(node for node in graph_module.graph.nodes if node.target is torch.ops.attn.sdpa.default)
        assert not any(node.target is torch.ops.attn.flex_operands.default for node in graph_module.graph.nodes)
        return graph_module.forward

    def step(q, k):
        return attn.sdpa(q, k, k, score_mod=slopes_mod(slopes), key_lengths=lengths, **options)

    torch._dynamo.reset()
    compiled = torch.compile(step, fullgraph=True, dynamic=dynamic, backend=collecting)
    with torch.no_grad():
        for place, (queries, keys) in enumerate([(40, 50), (33, 60), (20, 50)]):
            q, k = torch.randn(2, 4, queries, 16), torch.randn(2, 4, keys, 16)
            with torch.compiler.set_stance("fail_on_recompile" if dynamic and place else "default"):
                assert torch.allclose(compiled(q, k), step(q, k), atol=2e-5)
    node = nodes[-1]
    causal, window, softcap, key_lengths, score, keep = (node.args[place] for place in (6, 7, 8, 10, 11, 12))
    assert causal == options.get("causal") and (key_lengths is None) == (lengths is None)
    # With dynamic=True numbers are symbols, too.
    expected = options.get("window")
    assert (window is None) == (expected is None) and (softcap is None) == ("softcap" not in options)
    if not dynamic and window is not None:
        assert tuple(window) == (expected if isinstance(expected, tuple) else (expected, expected))
    assert score and bool(keep) == ("mask_mod" in options)


def test_compiled_functions_spelled_out():
    """What regions cannot say is computed by PyTorch's operations, with all of the
    operands, in the same graph."""
    limit, slopes, reasons = torch.tensor(11), torch.rand(4), []

    @_torch_flex.takes_flex
    def collecting(graph_module, example_inputs):
        reasons.extend(attention.reason for attention in _compile.rewrite(graph_module))
        return graph_module.forward

    def step(q, k, lengths):
        return attn.sdpa(q, k, k, causal="lower_right", window=(30, 0), softcap=3.0, key_lengths=lengths, enable_gqa=True, scale=0.3,
                         score_mod=slopes_mod(slopes), mask_mod=lambda b, h, i, j: (i - j) % 13 < limit)

    q, k, lengths = torch.randn(2, 4, 40, 16), torch.randn(2, 2, 50, 16), torch.tensor([50, 44])
    with torch.no_grad():
        expected = step(q, k, lengths)
        assert torch.allclose(torch.compile(step, fullgraph=True, backend=collecting)(q, k, lengths), expected, atol=2e-5)
        assert reasons == ["its functions capture a tensor without dimensions"]
        (attention,) = attn.explain(step, q, k, lengths).attentions
        assert not attention.fused and attention.backend == "inductor" and attention.reason == reasons[0]


def test_compiled_functions_beside_the_graph():
    """What FlexAttention does not say ends the graph, as functions do for other
    backends."""
    slopes = torch.rand(4)

    def step(q):
        output, lse = attn.sdpa(q.relu(), q, q, score_mod=slopes_mod(slopes), return_lse=True)
        return output.sin() + lse.unsqueeze(-1)

    q = torch.randn(2, 4, 20, 16)
    for backend in ("eager", _compile.backend):
        assert torch.allclose(torch.compile(step, backend=backend)(q), step(q), atol=2e-5)
    one = lambda q: attn.sdpa(q, q, q, score_mod=slopes_mod(slopes)).sin()  # noqa: E731
    assert torch.allclose(torch.compile(one, backend="eager")(q), one(q), atol=2e-5)
    with pytest.raises(IndexError, match="dimension 0 of a captured array has 4 elements"):
        torch.compile(lambda q: attn.sdpa(q, q, q, score_mod=slopes_mod(slopes)), backend=_compile.backend)(torch.randn(2, 8, 20, 16))


def test_compiled_training():
    linear = torch.nn.Linear(16, 48)

    def loss(x):
        q, k, v = (y.unflatten(-1, (4, 4)).transpose(1, 2) for y in linear(x).chunk(3, -1))
        return attn.sdpa(q, k, v, is_causal=True).square().sum()

    x = torch.randn(2, 20, 16)
    loss(x).backward()
    expected = linear.weight.grad.clone()
    linear.zero_grad()
    torch.compile(loss, fullgraph=True)(x).backward()
    assert torch.allclose(linear.weight.grad, expected, rtol=1e-3, atol=1e-3)


def test_exported():
    class Module(torch.nn.Module):
        def forward(self, q):
            return attn.sdpa(q, q, q, causal="lower_right", softcap=5.0)

    q = torch.randn(2, 3, 20, 8)
    length = torch.export.Dim("length", min=2, max=512)
    program = torch.export.export(Module(), (q,), dynamic_shapes=({2: length},))
    assert any("attn.sdpa" in str(node.target) for node in program.graph.nodes)
    other = torch.randn(2, 3, 31, 8)
    assert torch.equal(program.module()(other), Module()(other))


def test_autocast():
    q = torch.randn(2, 4, 20, 16)
    with torch.autocast("cpu", torch.bfloat16):
        result = attn.sdpa(q, q, q)
    check(result, expect(q, q, q), torch.bfloat16)


def test_vmap():
    q = torch.randn(3, 2, 4, 20, 16)
    result = torch.vmap(lambda x: attn.sdpa(x, x, x))(q)
    assert torch.allclose(result, expect(q, q, q).float(), atol=2e-5)


def test_dropout():
    q = torch.randn(2, 4, 20, 16, requires_grad=True)
    torch.manual_seed(1)
    first = attn.sdpa(q, q, q, dropout_p=0.4)
    torch.manual_seed(1)
    assert torch.equal(first, attn.sdpa(q, q, q, dropout_p=0.4))
    mean = torch.stack([attn.sdpa(q, q, q, dropout_p=0.4) for _ in range(2000)]).mean(0)
    assert (mean - attn.sdpa(q, q, q)).abs().max() < 0.25
    assert attn.sdpa(q, q, q, dropout_p=1.0).abs().max() == 0
    first.sum().backward()
    assert torch.isfinite(q.grad).all()


@pytest.mark.parametrize("call, error, message", [
    (lambda q: attn.sdpa(q, q.numpy(), q), TypeError, "query is a tensor of PyTorch, key is ndarray"),
    (lambda q: attn.sdpa(q, q.double(), q), TypeError, "need one dtype"),
    (lambda q: attn.sdpa(q, q[..., :4], q), ValueError, "same last dimension"),
    (lambda q: attn.sdpa(q, q, q, torch.ones(3, 3)), ValueError, "does not broadcast"),
    (lambda q: attn.sdpa(q, q, q, dropout_p=1.5), ValueError, "dropout_p between 0 and 1, got 1.5"),
    (lambda q: attn.sdpa(q, q, q, torch.ones(5, 5), is_causal=True), ValueError, "exclude each other"),
    (lambda q: attn.sdpa(q.to("meta"), q.to("meta").double(), q.to("meta")), TypeError, "need one dtype"),
    (lambda q: attn.sdpa(q.to(torch.complex64), q, q), TypeError, "query is torch.complex64; kernels take float16"),
    (lambda q: attn.sdpa(q, q, q, score_mod=lambda s, b, h, i, j: torch.fft.fft(s)), TypeError, "cannot call torch.fft_fft"),
])
def test_refused(call, error, message):
    with pytest.raises(error, match=message):
        call(torch.randn(2, 5, 8))


def test_backends():
    q = torch.randn(2, 5, 8)
    with attn.sdpa_kernel(SDPBackend.MATH):
        check(attn.sdpa(q, q, q), expect(q, q, q), torch.float32)
    with attn.sdpa_kernel([SDPBackend.FLASH_ATTENTION]), pytest.raises(attn.BackendError, match="operands are f64"):
        attn.sdpa(q.double(), q.double(), q.double())
    assert attn.explain(q, q, q, is_causal=True).backend == "flash"


# By the kernels in C++, which know what ran before.


@pytest.mark.parametrize("dtype, rank, options", [
    (torch.float32, 4, {}), (torch.float32, 4, {"is_causal": True}), (torch.float64, 4, {"causal": "lower_right", "scale": -0.5}),
    (torch.float32, 4, {"scale": 0.25}), (torch.float32, 4, {"softcap": 1.5, "window": (3, 1)}),
    (torch.float32, 4, {"mask": True, "scale": 0.3}), (torch.bfloat16, 4, {"enable_gqa": True}), (torch.float32, 2, {}),
    (torch.bfloat16, 3, {"mask": True}), (torch.float64, 5, {}),
], ids=str)
def test_known(dtype, rank, options):
    options = dict(options)
    masked = options.pop("mask", False)
    heads = 2 if options.get("enable_gqa") else 4
    q = torch.randn((2, 3, 4, 20, 16)[-rank:], dtype=dtype)
    k, v = (torch.randn((2, 3, heads, 25, size)[-rank:], dtype=dtype) for size in (16, 8))
    mask = torch.rand(20, 25) < 0.8 if masked else None
    first = attn.sdpa(q, k, v, mask, **options)
    k2, v2 = k.transpose(-1, -2).contiguous().transpose(-1, -2), v.flip(-2)
    with torch.profiler.profile(activities=[torch.profiler.ProfilerActivity.CPU]) as profiler:
        again = attn.sdpa(q, k, v, mask, **options)
        flipped = attn.sdpa(q.clone(), k.flip(-2), v2, None if mask is None else mask.flip(-1), **options)
    assert {event.key for event in profiler.key_averages()}.isdisjoint({"attn::sdpa_anew", "attn::sdpa"})
    assert torch.equal(first, again) and first.stride() == again.stride()
    if not options.get("causal") and not options.get("is_causal") and "window" not in options:
        assert torch.allclose(first.double(), flipped.double(), atol=TOLERANCES[dtype])
    # Columns that are not contiguous go another way.
    assert torch.equal(first, attn.sdpa(q, k2, v, mask, **options))
    with attn.sdpa_kernel("math"):
        by_math = attn.sdpa(q, k, v, mask, **options)
    assert torch.allclose(first.double(), by_math.double(), atol=10 * TOLERANCES[dtype])


def test_known_and_forbidden():
    """A kernel that is known is not taken where its backend is not allowed."""
    q = torch.randn(2, 5, 8, dtype=torch.float64)
    attn.sdpa(q, q, q)
    attn.sdpa(q, q, q)
    with attn.sdpa_kernel("flash"), pytest.raises(attn.BackendError, match="operands are f64"):
        attn.sdpa(q, q, q)


def test_plain_operators():
    options = (2, 0.0, 0.0, -1, -1)
    q = torch.randn(2, 3, 5, 8)
    torch.library.opcheck(torch.ops.attn.sdpa_dense.default, (q, q, q, *options))
    torch.library.opcheck(torch.ops.attn.sdpa_masked.default, (q, q, q, torch.rand(5, 5) < 0.9, *options))
    torch.library.opcheck(torch.ops.attn.sdpa_dense.flags, (q, q, q, 2))
    torch.library.opcheck(torch.ops.attn.sdpa_masked.flags, (q, q, q, torch.rand(5, 5) < 0.9, 0))
    # Called by itself it fails as a RuntimeError, with the same message.
    with pytest.raises(RuntimeError, match="same last dimension"):
        torch.ops.attn.sdpa_dense(q, q[..., :4], q, *options)
    with pytest.raises(NotImplementedError, match="meta|Meta|CUDA|fake|SparseCPU"):
        torch.ops.attn.sdpa_dense(q.to_sparse(), q, q, *options)


def test_functional_gradient():
    q = torch.randn(2, 5, 8, dtype=torch.float64)
    ours = torch.func.grad(lambda x: attn.sdpa(x, q, q).square().sum())(q)
    theirs = torch.func.grad(lambda x: expect(x, q, q).square().sum())(q)
    assert torch.allclose(ours, theirs, atol=1e-12)
    compiled = torch.compile(torch.func.grad(lambda x: attn.sdpa(x, q, q).square().sum()))(q)
    assert torch.allclose(compiled, theirs, atol=1e-12)


def test_kernels_in_cpp(monkeypatch):
    """What was called once does not come back to Python: that is what makes calls
    cheap (benchmarks/python.py times them)."""
    def fail(*_, **__):
        raise AssertionError("a known call went to Python")

    q = torch.randn(1, 2, 4, 16)
    with torch.no_grad():
        expected = attn.sdpa(q, q, q)
        monkeypatch.setattr(_torch, "_compute", fail)
        assert torch.equal(attn.sdpa(q, q, q), expected)
        with pytest.raises(AssertionError, match="went to Python"):
            attn.sdpa(q[..., :3, :], q, q)


def test_bfloat16_of_numpy():
    """What ml_dtypes makes of NumPy's arrays; here because tests of NumPy alone run
    without it."""
    ml_dtypes = pytest.importorskip("ml_dtypes")
    numpy = pytest.importorskip("numpy")
    q, k = torch.randn(2, 3, 20, 16).bfloat16(), torch.randn(2, 3, 33, 16).bfloat16()
    arrays = [x.view(torch.int16).numpy().view(ml_dtypes.bfloat16) for x in (q, k)]
    result = attn.sdpa(arrays[0], arrays[1], arrays[1], scale=0.3)
    assert result.dtype == ml_dtypes.bfloat16
    ours = torch.from_numpy(result.view(numpy.int16)).view(torch.bfloat16)
    check(ours, expect(q, k, k, scale=0.3), torch.bfloat16)
    assert torch.equal(ours, attn.sdpa(q, k, k, scale=0.3))
