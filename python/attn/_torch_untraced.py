# Part of the attn-mlir project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Functions where graphs of Dynamo end. The import is Dynamo's, too, and takes seconds:
for where _torch_dynamo.is_there()."""

import torch

from . import _torch, _torch_varlen

trace_mods = torch.compiler.disable(_torch.trace_mods)
by_parts = torch.compiler.disable(_torch_varlen.by_parts)
