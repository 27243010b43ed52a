"""The peers of cpu.py: attention by PyTorch, OpenVINO and ONNX Runtime.

Each is a function without arguments that computes on the arrays that it was made
with. What is not installed is left out.
"""

import subprocess

import numpy as np

try:
    import torch
except ImportError:
    torch = None
try:
    import openvino
    import openvino.opset13 as opset
except ImportError:
    openvino = None
try:
    import onnx
    import onnxruntime
except ImportError:
    onnxruntime = None


def get_versions():
    versions = {}
    if torch:
        versions["PyTorch"] = torch.__version__
    if openvino:
        versions["OpenVINO"] = openvino.__version__.split("-")[0]
    if onnxruntime:
        versions["ONNX Runtime"] = onnxruntime.__version__
    return versions


def get_lscpu():
    """Lines of lscpu by their names."""
    text = subprocess.run(["lscpu"], capture_output=True, text=True, check=True).stdout
    return dict(
        (part.strip() for part in line.split(":", 1)) for line in text.splitlines() if ":" in line
    )


def make_pytorch(dtype, arrays, causal, threads):
    kinds = {"f32": torch.float32, "f16": torch.float16, "bf16": torch.bfloat16}
    # bf16 comes as bits.
    tensors = [
        torch.from_numpy(a.view(np.int16)).view(torch.bfloat16) if dtype == "bf16" else torch.from_numpy(a)
        for a in arrays
    ]
    tensors = [t[None] for t in tensors]
    assert tensors[0].dtype == kinds[dtype]

    def call():
        torch.set_num_threads(threads)
        with torch.inference_mode():
            result = torch.nn.functional.scaled_dot_product_attention(
                *tensors, is_causal=causal, enable_gqa=tensors[0].shape[1] != tensors[1].shape[1])
        return Result(result)

    return call


class Result:
    """A tensor that becomes an array only when somebody looks at it."""

    def __init__(self, tensor):
        self.tensor = tensor

    def astype(self, dtype):
        return self.tensor[0].float().numpy().astype(dtype)


def make_openvino(dtype, arrays, causal, threads):
    kind = {"f32": openvino.Type.f32, "f16": openvino.Type.f16, "bf16": openvino.Type.bf16}[dtype]
    shapes = [[1, *a.shape] for a in arrays]
    parameters = [opset.parameter(shape, kind) for shape in shapes]
    node = opset.scaled_dot_product_attention(*parameters, causal=causal)
    compiled = openvino.Core().compile_model(
        openvino.Model([node], parameters), "CPU",
        {"INFERENCE_NUM_THREADS": threads, "INFERENCE_PRECISION_HINT": dtype, "NUM_STREAMS": 1},
    )
    request = compiled.create_infer_request()
    for number, (array, shape) in enumerate(zip(arrays, shapes)):
        array = np.ascontiguousarray(array.reshape(shape))
        tensor = openvino.Tensor(array, shape, kind) if dtype == "bf16" else openvino.Tensor(array)
        request.set_input_tensor(number, tensor)
    return request.infer


def make_onnxruntime(arrays, causal, threads):
    from onnx import TensorProto, helper

    names = ("q", "k", "v")
    shapes = [[1, *a.shape] for a in arrays]
    node = helper.make_node("Attention", list(names), ["y"], is_causal=int(causal))
    graph = helper.make_graph(
        [node], "attention",
        [helper.make_tensor_value_info(n, TensorProto.FLOAT, s) for n, s in zip(names, shapes)],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 23)], ir_version=10)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    # Its threads would spin while others are timed.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    session = onnxruntime.InferenceSession(
        model.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )
    feed = {n: a.reshape(s) for n, a, s in zip(names, arrays, shapes)}
    return lambda: session.run(None, feed)


def make_modules(arrays, threads):
    """The tutorial's module, eager and by torch.compile; returns tensors."""
    if not torch:
        return {}
    x, projections, output = (torch.from_numpy(a) for a in arrays)

    def forward(x, projections, output):
        batch, length, width = x.shape
        query, key, value = (
            part.view(batch, length, 8, width // 8).transpose(1, 2)
            for part in torch.nn.functional.linear(x, projections).split(width, dim=2)
        )
        y = torch.nn.functional.scaled_dot_product_attention(query, key, value, is_causal=True)
        return torch.nn.functional.linear(y.transpose(1, 2).reshape(batch, length, width), output)

    torch.set_num_threads(threads)
    compiled = torch.compile(forward)

    def call(function):
        torch.set_num_threads(threads)
        with torch.inference_mode():
            return function(x, projections, output)

    return {"pytorch": lambda: call(forward), "torch.compile": lambda: call(compiled)}


def make(dtype, arrays, causal, threads, wanted=True):
    peers = {}
    if not wanted:
        return peers
    if torch:
        peers["pytorch"] = make_pytorch(dtype, arrays, causal, threads)
    if openvino:
        peers["openvino"] = make_openvino(dtype, arrays, causal, threads)
    if onnxruntime and dtype == "f32":
        peers["onnxruntime"] = make_onnxruntime(arrays, causal, threads)
    return peers
