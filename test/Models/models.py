# Part of the attn-mlir project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Transformer models with tiny random weights, as PyTorch exports them.

  models.py --list
  models.py gpt2-eager --attn-run build/bin/attn-run --keep DIR
  models.py --all --attn-run build/bin/attn-run

Each is exported to linalg through torch-mlir, run by attn-run on the CPU and
compared with PyTorch's eager result; the number of fused attentions must be the
expected one. Nothing is downloaded. Needs utils/requirements-models.txt.
"""

import argparse
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import traceback
import types

os.environ.setdefault("HF_HUB_OFFLINE", "1")

import numpy as np
import torch
from torch import nn


one_layer = False


def configure(cfg, attention):
    cfg._attn_implementation = attention
    if one_layer:
        cfg.num_hidden_layers = 1
        if hasattr(cfg, "num_decoder_layers"):
            cfg.num_decoder_layers = 1
    return cfg


class Wrapper(nn.Module):
    """Calls a model with tensors only and returns one."""

    def __init__(self, model, call, dtype):
        super().__init__()
        self.model = model
        self.call = call
        self.dtype = dtype

    def forward(self, *inputs):
        # numpy has no bf16: inputs and outputs are f32.
        inputs = [x.to(self.dtype) if x.is_floating_point() else x for x in inputs]
        output = self.call(self.model, *inputs)
        return output.float() if output.dtype == torch.bfloat16 else output


def tokens(batch=2, length=7, vocabulary=50):
    return torch.randint(1, vocabulary, (batch, length))


def mask_for(ids):
    """Padding at the end of the second sequence."""
    mask = torch.ones_like(ids)
    mask[-1, -2:] = 0
    return mask


def text(config_class, model_class, call=None, with_positions=True, pad=True, layers=2, **config):
    """A model of token ids; the mask and the positions are inputs."""

    def build(attention):
        import transformers

        cfg = getattr(transformers, config_class)(**config)
        configure(cfg, attention)
        cfg.use_cache = False
        model = getattr(transformers, model_class)(cfg)
        ids = tokens()
        inputs = [ids, mask_for(ids) if pad else torch.ones_like(ids)]
        if with_positions:
            inputs.append(torch.arange(ids.shape[1])[None].expand(ids.shape[0], -1).contiguous())

        def run(model, ids, mask, *positions):
            kwargs = {"position_ids": positions[0]} if positions else {}
            return model(input_ids=ids, attention_mask=mask, **kwargs).last_hidden_state

        return model, call or run, inputs, layers

    return build


def vision(config_class, model_class, layers=2, **config):
    def build(attention):
        import transformers

        cfg = getattr(transformers, config_class)(**config)
        configure(cfg, attention)
        model = getattr(transformers, model_class)(cfg)
        size = config.get("image_size", 16)
        run = lambda model, pixels: model(pixel_values=pixels).last_hidden_state
        return model, run, [torch.randn(2, 3, size, size)], layers

    return build


def t5(attention):
    import transformers

    cfg = transformers.T5Config(vocab_size=50, d_model=16, d_kv=4, d_ff=32, num_layers=2, num_heads=4,
                                relative_attention_num_buckets=8, decoder_start_token_id=0, use_cache=False)
    configure(cfg, attention)
    model = transformers.T5Model(cfg)
    ids, decoder_ids = tokens(), tokens(length=5)

    def run(model, ids, mask, decoder_ids):
        return model(input_ids=ids, attention_mask=mask, decoder_input_ids=decoder_ids).last_hidden_state

    # Encoder, decoder, cross attention.
    return model, run, [ids, mask_for(ids), decoder_ids], 6


def bart(attention):
    import transformers

    cfg = transformers.BartConfig(vocab_size=50, d_model=16, encoder_layers=1, decoder_layers=1,
                                  encoder_attention_heads=4, decoder_attention_heads=4, encoder_ffn_dim=32,
                                  decoder_ffn_dim=32, max_position_embeddings=32, use_cache=False)
    configure(cfg, attention)
    model = transformers.BartModel(cfg)
    ids, decoder_ids = tokens(), tokens(length=5)

    def run(model, ids, mask, decoder_ids):
        return model(input_ids=ids, attention_mask=mask, decoder_input_ids=decoder_ids).last_hidden_state

    return model, run, [ids, mask_for(ids), decoder_ids], 3


def whisper(attention):
    import transformers

    cfg = transformers.WhisperConfig(vocab_size=50, d_model=16, encoder_layers=1, decoder_layers=1,
                                     encoder_attention_heads=4, decoder_attention_heads=4, encoder_ffn_dim=32,
                                     decoder_ffn_dim=32, num_mel_bins=8, max_source_positions=10,
                                     max_target_positions=12, use_cache=False, pad_token_id=0)
    configure(cfg, attention)
    model = transformers.WhisperModel(cfg)

    def run(model, features, ids):
        return model(input_features=features, decoder_input_ids=ids).last_hidden_state

    return model, run, [torch.randn(2, 8, 20), tokens(length=5)], 3


class SelfAttention(nn.Module):
    """PyTorch's own encoder layer."""

    def __init__(self):
        super().__init__()
        layer = nn.TransformerEncoderLayer(16, 4, 32, batch_first=True, dropout=0.0)
        self.encoder = nn.TransformerEncoder(layer, 2, enable_nested_tensor=False)

    def forward(self, x):
        return self.encoder(x)


def torch_encoder(attention):
    torch.backends.mha.set_fastpath_enabled(False)
    return SelfAttention(), lambda model, x: model(x), [torch.randn(2, 7, 16)], 2


SMALL = dict(vocab_size=50, hidden_size=16, num_hidden_layers=2, num_attention_heads=4, intermediate_size=32,
             max_position_embeddings=32)
LLAMA = dict(SMALL, num_key_value_heads=2)

MODELS = {
    "gpt2": text("GPT2Config", "GPT2Model", vocab_size=50, n_embd=16, n_layer=2, n_head=4, n_positions=32),
    "llama": text("LlamaConfig", "LlamaModel", **LLAMA),
    "bert": text("BertConfig", "BertModel", with_positions=False, **SMALL),
    "t5": t5,
    "vit": vision("ViTConfig", "ViTModel", hidden_size=16, num_hidden_layers=2, num_attention_heads=4,
                  intermediate_size=32, image_size=16, patch_size=8),
    # Families that nothing here was written for.
    "mistral": text("MistralConfig", "MistralModel", sliding_window=4, **LLAMA),
    "qwen3": text("Qwen3Config", "Qwen3Model", head_dim=4, **LLAMA),
    "gemma2": text("Gemma2Config", "Gemma2Model", head_dim=4, sliding_window=4, query_pre_attn_scalar=4, **LLAMA),
    "gemma3": text("Gemma3TextConfig", "Gemma3TextModel", head_dim=4, sliding_window=4, query_pre_attn_scalar=4,
                   **LLAMA),
    "gpt-oss": text("GptOssConfig", "GptOssModel", head_dim=4, num_local_experts=2, num_experts_per_tok=2,
                    sliding_window=4, **LLAMA),
    "phi3": text("Phi3Config", "Phi3Model", pad_token_id=0, **LLAMA),
    "gpt-neox": text("GPTNeoXConfig", "GPTNeoXModel", **SMALL),
    "bloom": text("BloomConfig", "BloomModel", with_positions=False, vocab_size=50, hidden_size=16, n_layer=2,
                  n_head=4),
    "falcon": text("FalconConfig", "FalconModel", vocab_size=50, hidden_size=16, num_hidden_layers=2,
                   num_attention_heads=4),
    "opt": text("OPTConfig", "OPTModel", vocab_size=50, hidden_size=16, num_hidden_layers=2,
                num_attention_heads=4, ffn_dim=32, max_position_embeddings=32, word_embed_proj_dim=16),
    "distilbert": text("DistilBertConfig", "DistilBertModel", with_positions=False, vocab_size=50, dim=16,
                       n_layers=2, n_heads=4, hidden_dim=32, max_position_embeddings=32),
    "roberta": text("RobertaConfig", "RobertaModel", **SMALL),
    "albert": text("AlbertConfig", "AlbertModel", with_positions=False, embedding_size=16, **SMALL),
    "electra": text("ElectraConfig", "ElectraModel", with_positions=False, embedding_size=16, **SMALL),
    "deberta": text("DebertaV2Config", "DebertaV2Model", with_positions=False, relative_attention=True,
                    pos_att_type=["c2p", "p2c"], position_biased_input=False, **SMALL),
    "swin": vision("SwinConfig", "SwinModel", layers=4, image_size=32, patch_size=4, embed_dim=8, depths=[2, 2],
                   num_heads=[2, 4], window_size=4),
    "deit": vision("DeiTConfig", "DeiTModel", hidden_size=16, num_hidden_layers=2, num_attention_heads=4,
                   intermediate_size=32, image_size=16, patch_size=8),
    "clip": vision("CLIPVisionConfig", "CLIPVisionModel", hidden_size=16, num_hidden_layers=2,
                   num_attention_heads=4, intermediate_size=32, image_size=16, patch_size=8),
    "bart": bart,
    "gptj": text("GPTJConfig", "GPTJModel", vocab_size=50, n_embd=16, n_layer=2, n_head=4, n_positions=32,
                 rotary_dim=4),
    "gpt-bigcode": text("GPTBigCodeConfig", "GPTBigCodeModel", vocab_size=50, n_embd=16, n_layer=2, n_head=4,
                        n_positions=32),
    "mpt": text("MptConfig", "MptModel", with_positions=False, vocab_size=50, d_model=16, n_layers=2, n_heads=4,
                max_seq_len=32, expansion_ratio=2),
    "cohere": text("CohereConfig", "CohereModel", **LLAMA),
    "olmo2": text("Olmo2Config", "Olmo2Model", pad_token_id=0, **LLAMA),
    "stablelm": text("StableLmConfig", "StableLmModel", **LLAMA),
    "starcoder2": text("Starcoder2Config", "Starcoder2Model", **LLAMA),
    "deepseek-v3": text("DeepseekV3Config", "DeepseekV3Model", first_k_dense_replace=2, kv_lora_rank=8, q_lora_rank=8,
                        qk_nope_head_dim=4, qk_rope_head_dim=4, v_head_dim=6, **dict(LLAMA, num_key_value_heads=4)),
    "modernbert": text("ModernBertConfig", "ModernBertModel", pad_token_id=0, local_attention=4, cls_token_id=1,
                       sep_token_id=2, bos_token_id=1, eos_token_id=2, global_attn_every_n_layers=2, **SMALL),
    "mobilebert": text("MobileBertConfig", "MobileBertModel", with_positions=False, embedding_size=16,
                       intra_bottleneck_size=16, num_feedforward_networks=1, **SMALL),
    "xlnet": text("XLNetConfig", "XLNetModel", with_positions=False, vocab_size=50, d_model=16, n_layer=2, n_head=4,
                  d_inner=32),
    "dinov2": vision("Dinov2Config", "Dinov2Model", hidden_size=16, num_hidden_layers=2, num_attention_heads=4,
                     image_size=16, patch_size=8),
    "siglip": vision("SiglipVisionConfig", "SiglipVisionModel", hidden_size=16, num_hidden_layers=2,
                     num_attention_heads=4, intermediate_size=32, image_size=16, patch_size=8),
    "beit": vision("BeitConfig", "BeitModel", hidden_size=16, num_hidden_layers=2, num_attention_heads=4,
                   intermediate_size=32, image_size=16, patch_size=8, use_relative_position_bias=True),
    "segformer": vision("SegformerConfig", "SegformerModel", image_size=32, num_encoder_blocks=2, depths=[1, 1],
                        sr_ratios=[2, 1], hidden_sizes=[8, 16], patch_sizes=[7, 3], strides=[4, 2],
                        num_attention_heads=[1, 2], mlp_ratios=[2, 2]),
    "whisper": whisper,
    "torch-encoder": torch_encoder,
}


def project(self, x):
    """A linear layer without its view([-1, n]): where two dimensions are dynamic,
    torch-mlir casts the operand to one whose second dimension is one; and after SDPA
    the operand has strides that cannot be viewed."""
    weight = self.weight.t() if isinstance(self, nn.Linear) else self.weight
    y = torch.bmm(x, weight.expand(x.shape[0], -1, -1)) if x.dim() == 3 else torch.matmul(x, weight)
    return y if self.bias is None else y + self.bias


def prepare(model, dtype):
    torch.manual_seed(1)
    for parameter in model.parameters():
        # Larger than initialisation, so that attention is not uniform.
        with torch.no_grad():
            if parameter.dim() > 1:
                parameter.copy_(torch.randn_like(parameter) * 0.4)
    for module in model.modules():
        # torch-mlir has no state for buffers that are not saved.
        module._non_persistent_buffers_set.clear()
    return model.eval().to(dtype)


def export(module, inputs, dynamic, through_onnx=False):
    if through_onnx:
        import onnx_export

        return clean(onnx_export.export(module, inputs))
    from torch_mlir import fx

    shapes = None
    for part in module.modules():
        if type(part).__name__ == "Conv1D" or (dynamic and isinstance(part, nn.Linear)):
            part.forward = types.MethodType(project, part)
    if dynamic:
        batch, length = torch.export.Dim("batch", min=2, max=64), torch.export.Dim("length", min=2, max=32)
        # Sequences of one model share their length, but for decoder inputs.
        dims, lengths = [], {}
        for x in inputs:
            if x.dim() < 2:
                dims.append(None)
                continue
            spec = {0: batch}
            if not x.is_floating_point() or x.dim() == 3:
                size = x.shape[1]
                lengths.setdefault(size, length if not lengths else
                                   torch.export.Dim(f"length{len(lengths)}", min=2, max=32))
                spec[1] = lengths[size]
            dims.append(spec)
        shapes = {"inputs": tuple(dims)}
    program = torch.export.export(module, tuple(inputs), dynamic_shapes=shapes, strict=False)
    return clean(str(fx.export_and_import(program, output_type="linalg-on-tensors", func_name="main")))


def clean(text):
    """Without attributes of dialects that stock MLIR does not have."""
    return re.sub(r"\{torch\.[^}]*\} ?", "", text)


def drop_weights(text):
    """The exported module with its floats as arguments: a graph of a few kilobytes."""
    body, _, resources = text.partition("\n{-#")
    arguments = []

    def take(match):
        name, resource, kind = match.groups()
        if "f32" in kind:
            arguments.append(f"{name}: {kind}")
            return ""
        data = re.search(rf'{re.escape(resource)}: "0x[0-9A-F]{{8}}([0-9A-F]*)"', resources)[1]
        assert "i1>" not in kind, "booleans are packed in literals"
        return f'    {name} = arith.constant dense<"0x{data}"> : {kind}\n'

    body = re.sub(r"    (%\w+) = arith\.constant dense_resource<([^>]*)> : (tensor<[^>]*>)\n", take, body)
    # The importer of ONNX writes them as literals.
    literal = r'    (%\w+) = arith\.constant dense<("0x)[0-9A-F]+"> : (tensor<[^>]*xf32>)\n'
    body = re.sub(literal, take, body)
    return re.sub(r"(func\.func @main\(.*?)\) ->", lambda m: ", ".join([m[1], *arguments]) + ") ->", body, count=1)


def write_graph(full, path):
    """The graph of a model with one layer, for test/Models/Graphs."""
    name, attention, dtype = parse(full)
    torch.manual_seed(0)
    global one_layer
    one_layer = True
    model, call, inputs, layers = MODELS[name](attention)
    text = export(Wrapper(prepare(model, dtype), call, dtype), inputs, "-dynamic" in full, "-onnx" in full)
    text = drop_weights(text)
    shapes = ""
    if "-dynamic" in full:
        shapes = "".join(f" --shape {i}={'x'.join(map(str, x.shape))}" for i, x in enumerate(inputs))
    pathlib.Path(path).write_text(
        f"""// {full} with one layer, its weights as arguments: models.py --graph {full}.
// RUN: attn-run %s --random --random-scale=0.5{shapes} --compare=unfused --verify-fusion | FileCheck %s
// RUN: attn-opt %s --attn-raise-pipeline | FileCheck %s --check-prefix=RAISED
// CHECK-COUNT-{layers // 2}: fusion main_fusion{{{{[0-9]+}}}}: ok
// CHECK: fused {layers // 2}
// RAISED-COUNT-{layers // 2}: attn.sdpa
// RAISED-NOT: attn.sdpa
{text}
""")


def parse(full):
    name = re.sub(r"-(eager|sdpa|bf16|dynamic|onnx)", "", full)
    dtype = torch.bfloat16 if "-bf16" in full else torch.float32
    return name, "sdpa" if "-sdpa" in full else "eager", dtype


def run(full, attn_run, directory, extra=()):
    """The report of attn-run, with what was expected."""
    name, attention, dtype = parse(full)
    dynamic = "-dynamic" in full
    torch.manual_seed(0)
    model, call, inputs, layers = MODELS[name](attention)
    model = prepare(model, dtype)
    module = Wrapper(model, call, dtype)
    with torch.no_grad():
        expected = module(*inputs)
    text = export(module, inputs, dynamic, "-onnx" in full)
    directory = pathlib.Path(directory)
    (directory / "model.mlir").write_text(text)
    command = [attn_run, str(directory / "model.mlir"), "--format=json", "--compare=unfused", *extra]
    for number, x in enumerate(inputs):
        path = directory / f"in{number}.npy"
        np.save(path, x.numpy())
        command += ["--input", str(path)]
    np.save(directory / "out.npy", expected.detach().numpy())
    command += ["--expect", str(directory / "out.npy")]
    command.append(f"--tolerance={0.05 if dtype == torch.bfloat16 else 1e-4}")
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    report = {"expected": layers, "status": done.returncode}
    # Lines of --verify-fusion come before the report.
    lines = done.stdout.splitlines(keepends=True)
    verified = [line for line in lines if line.startswith("fusion ")]
    report["verified"] = sum(": ok" in line for line in verified)
    report["differing"] = sum("DIFFERS" in line for line in verified)
    body = "".join(line for line in lines if not line.startswith("fusion "))
    if body.strip():
        report.update(json.loads(body))
    if done.returncode:
        report["error"] = done.stderr.strip().splitlines()[-1] if done.stderr else "no output"
    return report


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", help="MODEL-(eager|sdpa)[-bf16][-dynamic], or MODEL-(eager|sdpa)-onnx")
    parser.add_argument("--list", action="store_true")
    parser.add_argument("--all", action="store_true")
    parser.add_argument("--attn-run", default="attn-run")
    parser.add_argument("--keep", help="a directory for the exported module")
    parser.add_argument("--verify-fusion", action="store_true",
                        help="also run every fusion beside what it replaced")
    parser.add_argument("--graph", metavar="FILE", help="write the model with one layer and without weights")
    parser.add_argument("--trace", action="store_true", help="print the whole of an exception")
    options = parser.parse_args()
    variants = [a + d + s for s in ["", "-dynamic"] for d in ["", "-bf16"] for a in ["-eager", "-sdpa"]]
    variants += ["-eager-onnx", "-sdpa-onnx"]
    names = [m + v for m in MODELS for v in variants] if options.all or options.list else options.names
    if options.list:
        print("\n".join(names))
        return
    if options.graph:
        write_graph(options.names[0], options.graph)
        return
    failed = 0
    for full in names:
        with tempfile.TemporaryDirectory() as scratch:
            directory = options.keep or scratch
            pathlib.Path(directory).mkdir(parents=True, exist_ok=True)
            try:
                report = run(full, options.attn_run, directory, ["--verify-fusion"] if options.verify_fusion else [])
            except Exception as error:  # an export that PyTorch or torch-mlir refuses
                if options.trace:
                    traceback.print_exc()
                lines = str(error).strip().splitlines() or [type(error).__name__]
                print(f"{full}: not exported: {lines[0][:150]}", flush=True)
                failed += 1
                continue
        good = report["status"] == 0 and report.get("fused") == report["expected"]
        if options.verify_fusion:
            good = good and report["verified"] == report["expected"] and not report["differing"]
        failed += not good
        worst = max((e["rel_frobenius"] or 0 for e in report.get("errors", [])), default=float("nan"))
        verified = f"{report['verified']} verified, " if options.verify_fusion else ""
        print(f"{full}: {'ok' if good else 'FAILED'}, {report.get('fused')} of {report['expected']} fused, {verified}"
              f"relative error {worst:.1e}{', ' + report['error'][:200] if 'error' in report else ''}", flush=True)
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
