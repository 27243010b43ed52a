# Part of the attn-mlir project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What is asked of the nodes of Dynamo's graphs."""

from __future__ import annotations

from typing import Any

import torch


def name_of(node: torch.fx.Node) -> str:
    """Of its method, function or operator."""
    return node.target if isinstance(node.target, str) else getattr(node.target, "__name__", "")


def example_of(argument: Any) -> Any:
    """The fake tensor or symbol that Dynamo has for a node; else the argument, a constant."""
    return argument.meta.get("example_value", argument.meta.get("val")) if isinstance(argument, torch.fx.Node) else argument
