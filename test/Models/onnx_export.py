# Part of the attn-mlir project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""PyTorch modules as linalg by way of ONNX, with the importer of the torch-mlir wheel."""

import pathlib
import tempfile
import warnings

import numpy as np
import onnx
import onnx.numpy_helper
import torch
from onnx.reference import ReferenceEvaluator

PASSES = ("builtin.module(func.func(convert-torch-onnx-to-torch),torch-lower-to-backend-contract,"
          "torch-backend-to-linalg-on-tensors-backend-pipeline)")


def fold_constants(model):
    """Computes what no input of the model reaches. Shapes that stay computations are
    dynamic for torch-mlir, which does not broadcast dynamic dimensions."""
    known = {tensor.name: onnx.numpy_helper.to_array(tensor) for tensor in model.graph.initializer}
    kept = []
    for node in model.graph.node:
        foldable = all(not name or name in known for name in node.input) and not any(
            attribute.type == onnx.AttributeProto.GRAPH for attribute in node.attribute)
        if not foldable or node.op_type.startswith("Random"):
            kept.append(node)
            continue
        inputs = {name: known[name] for name in node.input if name}
        graph = onnx.helper.make_graph(
            [node], "folded",
            [onnx.helper.make_tensor_value_info(name, onnx.helper.np_dtype_to_tensor_dtype(x.dtype), x.shape)
             for name, x in inputs.items()],
            [onnx.ValueInfoProto(name=name) for name in node.output])
        one = onnx.helper.make_model(graph, opset_imports=model.opset_import)
        known.update(zip(node.output, ReferenceEvaluator(one).run(None, inputs)))
    used = {name for node in kept for name in node.input} | {output.name for output in model.graph.output}
    del model.graph.node[:]
    model.graph.node.extend(kept)
    del model.graph.initializer[:]
    model.graph.initializer.extend(onnx.numpy_helper.from_array(np.asarray(x), name)
                                   for name, x in known.items() if name in used)


def export(module, inputs, opset=17):
    """The text of a module whose only function is @main."""
    from torch_mlir.dialects import torch as torch_dialect
    from torch_mlir.extras import onnx_importer
    from torch_mlir.ir import Context
    from torch_mlir.passmanager import PassManager

    with tempfile.TemporaryDirectory() as directory, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        path = pathlib.Path(directory) / "model.onnx"
        # The exporter that needs nothing but PyTorch.
        torch.onnx.export(module, tuple(inputs), path, dynamo=False, opset_version=opset)
        model = onnx.load(path)
    fold_constants(model)
    model = onnx.shape_inference.infer_shapes(model, data_prop=True)
    model.graph.name = "main"
    context = Context()
    torch_dialect.register_dialect(context)
    info = onnx_importer.ModelInfo(model, config=onnx_importer.Config())
    result = info.create_module(context=context).operation
    onnx_importer.NodeImporter.define_function(info.main_graph, result).import_all()
    with context:
        PassManager.parse(PASSES).run(result)
    return str(result)
