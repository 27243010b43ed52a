//===- AttnGPUTypes.td - Types ---------------------------- *- tablegen -*-===//
//
// Part of the attn-mlir project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef ATTN_DIALECT_ATTNGPU_IR_ATTNGPUTYPES_TD
#define ATTN_DIALECT_ATTNGPU_IR_ATTNGPUTYPES_TD

include "attn/Dialect/AttnGPU/IR/AttnGPUDialect.td"
include "mlir/IR/AttrTypeBase.td"
include "mlir/IR/EnumAttr.td"

class AttnGPU_Type<string name, string typeMnemonic, list<Trait> traits = []>
    : TypeDef<AttnGPU_Dialect, name, traits> {
  let mnemonic = typeMnemonic;
}

//===----------------------------------------------------------------------===//
// Enums
//===----------------------------------------------------------------------===//

class AttnGPU_I32Enum<string name, string summary, list<I32EnumAttrCase> cases>
    : I32EnumAttr<name, summary, cases> {
  let cppNamespace = "::mlir::attn_gpu";
  let genSpecializedAttr = 0;
}

def AttnGPU_Swizzle : AttnGPU_I32Enum<"Swizzle",
    "How the 16-byte chunks of a row are permuted in shared memory", [
  I32EnumAttrCase<"None", 0, "none">,
  I32EnumAttrCase<"B32", 32, "b32">,
  I32EnumAttrCase<"B64", 64, "b64">,
  I32EnumAttrCase<"B128", 128, "b128">]>;

def AttnGPU_SwizzleAttr
    : EnumAttr<AttnGPU_Dialect, AttnGPU_Swizzle, "swizzle"> {
  let assemblyFormat = "$value";
}

//===----------------------------------------------------------------------===//
// Types
//===----------------------------------------------------------------------===//

def AttnGPU_TensorMapType : AttnGPU_Type<"TensorMap", "tensor_map"> {
  let summary = "A tensor map: how a tensor in global memory is cut into boxes";
  let description = [{
    What `cuTensorMapEncodeTiled` makes: 128 opaque bytes. On the host a buffer,
    64-byte aligned; as a kernel argument it is passed by value, in constant
    memory.

    Example: `!attn_gpu.tensor_map`
  }];
}

#endif // ATTN_DIALECT_ATTNGPU_IR_ATTNGPUTYPES_TD
