# Part of the attn-mlir project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Masks that a graph computes from sizes: what they say to attn.sdpa."""

import itertools

import attn
import pytest

torch = pytest.importorskip("torch")
import torch.nn.functional as F  # noqa: E402
from attn import _compile, _masks  # noqa: E402


@pytest.fixture(autouse=True)
def fresh():
    torch._dynamo.reset()
    torch.manual_seed(0)


def make_mask(num_queries, num_keys, left=None, right=None, offset=0):
    distance = torch.arange(num_keys) - torch.arange(num_queries)[:, None] - offset
    mask = torch.ones(num_queries, num_keys, dtype=torch.bool)
    if left is not None:
        mask &= distance >= -left
    if right is not None:
        mask &= distance <= right
    return mask


SIZES = [(1, 1), (1, 7), (5, 5), (5, 9), (9, 5), (16, 64)]


def give_forms(visible):
    hidden = torch.zeros(visible.shape)
    return [visible, hidden.masked_fill(~visible, -torch.inf), hidden.masked_fill(~visible, torch.finfo().min),
            visible.repeat(2, 3, 1, 1), visible.expand(2, 3, -1, -1)]


@pytest.mark.parametrize("num_queries, num_keys", SIZES)
@pytest.mark.parametrize("at_end", [False, True])
def test_described(num_queries, num_keys, at_end):
    """What is said makes the mask again; what can be said is said."""
    offset = num_keys - num_queries if at_end else 0
    for left, right in itertools.product([None, 0, 1, 3, 100], [None, -1, 0, 1, 3, 100]):
        visible = make_mask(num_queries, num_keys, left, right, offset)
        for mask in give_forms(visible):
            said = _masks.describe(mask, num_queries, num_keys)
            if said is None:
                assert not visible.any(1).all() or right == -1 or (offset != 0 and right != 0), (left, right)
                continue
            start = num_keys - num_queries if said.get("causal") == "lower_right" else 0
            left_said, right_said = said.get("window", (-1, -1))
            remade = make_mask(num_queries, num_keys, None if left_said < 0 else left_said,
                               0 if "causal" in said else None if right_said < 0 else right_said, start)
            assert torch.equal(remade, visible), (left, right, said)


@pytest.mark.parametrize("num_queries, num_keys, left, right, at_end", [
    (5, 5, None, 0, False), (5, 9, None, 0, True), (5, 9, 3, 0, True), (5, 9, 3, 0, False), (5, 9, 1, 3, False), (1, 7, 0, 0, True)])
def test_meaning(num_queries, num_keys, left, right, at_end):
    """The operator reads what is said as these tests do."""
    visible = make_mask(num_queries, num_keys, left, right, num_keys - num_queries if at_end else 0)
    said = _masks.describe(visible, num_queries, num_keys)
    q, k = torch.randn(1, 1, num_queries, 8), torch.randn(1, 1, num_keys, 8)
    torch.testing.assert_close(attn.sdpa(q, k, k, **said), F.scaled_dot_product_attention(q, k, k, visible), rtol=0, atol=1e-5)


@pytest.mark.parametrize("mask", [
    torch.eye(6, dtype=torch.bool).flip(1), make_mask(6, 6, 1, 1) ^ make_mask(6, 6, 0, 0),
    torch.stack([make_mask(6, 6, right=0), make_mask(6, 6)]), torch.zeros(6, 6, dtype=torch.bool),
    make_mask(6, 6, right=0).float(), torch.zeros(6, 6).masked_fill(~make_mask(6, 6, right=0), -1e4),
    make_mask(6, 6, right=0).index_fill(0, torch.tensor([3]), True), torch.ones(6, dtype=torch.bool), torch.ones(0, 6, 6),
    make_mask(6, 6, right=0).int(),
])
def test_stays(mask):
    assert _masks.describe(mask, 6, 6) is None


def compile_and_look(function, *inputs, **options):
    """The keyword arguments of attn.sdpa in the graph, and whether it has a mask; the
    outputs are compared."""
    looks = []

    def backend(graph_module, _):
        _compile.rewrite(graph_module)
        for node in graph_module.graph.nodes:
            if node.target is _compile._torch.sdpa:
                looks.append((node.args[3] is not None, dict(node.kwargs)))
        return graph_module

    with torch.no_grad():
        compiled = torch.compile(function, backend=backend, fullgraph=True, **options)
        torch.testing.assert_close(compiled(*inputs), function(*inputs), rtol=0, atol=1e-5)
    (look,) = looks
    return look


def attend(q, k, mask, **kwargs):
    return F.scaled_dot_product_attention(q, k, k, mask, **kwargs)


def positions(q, k):
    return torch.arange(q.shape[-2], device=q.device), torch.arange(k.shape[-2], device=q.device)


def use_tril(q, k):
    return attend(q, k, torch.tril(torch.ones(q.shape[-2], k.shape[-2], dtype=torch.bool, device=q.device)))


def use_triu(q, k):
    mask = torch.full((q.shape[-2], k.shape[-2]), float("-inf"), device=q.device)
    return attend(q, k, torch.triu(mask, diagonal=1 + k.shape[-2] - q.shape[-2]))


def use_window(q, k):
    i, j = positions(q, k)
    distance = i[:, None] - j
    return attend(q, k, ((distance >= 0) & (distance < 4))[None, None].expand(q.shape[0], -1, -1, -1))


def use_lowest(q, k):
    i, j = positions(q, k)
    mask = torch.zeros(q.shape[-2], k.shape[-2], dtype=q.dtype).masked_fill(j > i.view(-1, 1), torch.finfo(q.dtype).min)
    return attend(q, k, mask[None, None])


def use_packed(q, k):
    """As transformers does: causal, and within a sequence; here there is one."""
    i, j = positions(q, k)
    ids = (torch.diff(i[None], prepend=i[None, :1] - 1, dim=-1) != 1).cumsum(-1)
    batch = torch.arange(1, device=q.device)[:, None, None, None]
    rows, columns = i[None, None, :, None], j[None, None, None, :]
    mask = rows.new_ones((), dtype=torch.bool) & (columns <= rows).to(q.device) & (ids[batch, rows] == ids[batch, columns])
    return attend(q, k, mask.expand(q.shape[0], -1, -1, -1))


def use_ones(q, k):
    return attend(q, k, q.new_ones(q.shape[0], 1, 1, k.shape[-2], dtype=torch.bool))


@pytest.mark.parametrize("function, num_keys, said", [
    (use_tril, 20, {"causal": "upper_left"}), (use_tril, 27, {"causal": "upper_left"}),
    (use_triu, 20, {"causal": "upper_left"}), (use_triu, 27, {"causal": "lower_right"}),
    (use_window, 20, {"causal": "upper_left", "window": (3, -1)}), (use_lowest, 20, {"causal": "upper_left"}),
    (use_packed, 20, {"causal": "upper_left"}), (use_ones, 33, {}),
])
def test_graphs(function, num_keys, said):
    q, k = torch.randn(2, 3, 20, 16), torch.randn(2, 3, num_keys, 16)
    assert compile_and_look(function, q, k) == (False, said)


def depends_on_an_input(q, k):
    i, j = positions(q, k)
    return attend(q, k, (j <= i[:, None]) & (k[0, 0, :, 0] > -100))


def is_changed(q, k):
    mask = torch.ones(q.shape[-2], k.shape[-2], dtype=torch.bool)
    mask[0, 1] = False
    return attend(q, k, mask)


def is_changed_by_a_view(q, k):
    mask = torch.ones(q.shape[-2], k.shape[-2])
    mask[1:].mul_(0.0).narrow(0, 0, 2).fill_(1.0)
    return attend(q, k, mask == 1, scale=0.5) if mask is None else attend(q, k, mask)


def is_random(q, k):
    return attend(q, k, torch.rand(q.shape[-2], k.shape[-2]) >= 0)


def has_a_hole(q, k):
    i, j = positions(q, k)
    return attend(q, k, (j <= i[:, None]) & (j != 2) | (j == i[:, None]))


@pytest.mark.parametrize("function", [depends_on_an_input, is_changed, is_changed_by_a_view, is_random, has_a_hole])
def test_graphs_stay(function):
    q = torch.randn(2, 3, 20, 16)
    assert compile_and_look(function, q, q) == (True, {})


def shift(q, k):
    """The keys begin before the queries."""
    i, j = positions(q, k)
    return attend(q, k, j <= i[:, None] + (k.shape[-2] - q.shape[-2]))


def shift_window(q, k):
    i, j = positions(q, k)
    i = (i + k.shape[-2] - q.shape[-2]).unsqueeze(-1)
    return attend(q, k, torch.logical_and(i >= j, i - j < 4))


def use_tril_at_end(q, k):
    mask = torch.ones(q.shape[-2], k.shape[-2], dtype=torch.bool, device=q.device).tril(diagonal=k.shape[-2] - q.shape[-2])
    return attend(q, k, mask)


@pytest.mark.parametrize("function, said", [
    (use_tril, {"causal": "upper_left"}), (use_packed, {"causal": "upper_left"}), (use_ones, {}),
    (use_window, {"causal": "upper_left", "window": (3, -1)})])
def test_dynamic(function, said):
    """Of sizes that are not known, one kernel for all."""
    q = torch.randn(2, 3, 20, 16)
    torch._dynamo.mark_dynamic(q, 2)
    assert compile_and_look(function, q, q) == (False, said)


@pytest.mark.parametrize("function, said", [
    (use_tril, {"causal": "upper_left"}), (shift, {"causal": "lower_right"}), (use_tril_at_end, {"causal": "lower_right"}),
    (shift_window, {"causal": "lower_right", "window": (3, -1)})])
def test_dynamic_keys(function, said):
    """More keys than queries, as with a cache."""
    def attend_after(q, past):
        return function(q, torch.cat([past, q], 2))

    q, past = torch.randn(2, 3, 20, 16), torch.randn(2, 3, 9, 16)
    torch._dynamo.mark_dynamic(q, 2)
    torch._dynamo.mark_dynamic(past, 2)
    assert compile_and_look(attend_after, q, past) == (False, said)


def leaves_rows_empty(q, k):
    """Where there are fewer keys than queries."""
    return shift(q, k)


def is_off_by_one(q, k):
    i, j = positions(q, k)
    return attend(q, k, j <= i[:, None] + 1)


def mixes_dimensions(q, k):
    i, j = positions(q, k)
    return attend(q, k, 2 * j <= i[:, None])


def changes_positions(q, k):
    i, j = positions(q, k)
    i += 1
    return attend(q, k, j <= i[:, None])


def differs_between_batches(q, k):
    i, j = positions(q, k)
    batch = torch.arange(q.shape[0])[:, None, None, None]
    return attend(q, k, j <= i[:, None] + batch)


@pytest.mark.parametrize("function", [
    is_off_by_one, mixes_dimensions, changes_positions, differs_between_batches, depends_on_an_input, is_changed, is_random, has_a_hole,
    leaves_rows_empty, use_lowest])
def test_dynamic_stays(function):
    q, k = torch.randn(2, 3, 20, 16), torch.randn(2, 3, 24, 16)
    torch._dynamo.mark_dynamic(q, 2)
    torch._dynamo.mark_dynamic(k, 2)
    assert compile_and_look(function, q, k) == (True, {})


def test_large_stays(monkeypatch):
    """What would take too much memory is not computed."""
    q = torch.randn(2, 3, 20, 16)
    monkeypatch.setattr(_masks, "_MAX_BYTES", 399)
    assert compile_and_look(use_tril, q, q) == (True, {})


def test_empty():
    q, k = torch.randn(2, 3, 0, 16), torch.randn(2, 3, 8, 16)
    assert compile_and_look(use_tril, q, k) == (True, {})
