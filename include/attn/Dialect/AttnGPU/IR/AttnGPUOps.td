//===- AttnGPUOps.td - Operations ------------------------- *- tablegen -*-===//
//
// Part of the attn-mlir project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef ATTN_DIALECT_ATTNGPU_IR_ATTNGPUOPS_TD
#define ATTN_DIALECT_ATTNGPU_IR_ATTNGPUOPS_TD

include "attn/Dialect/AttnGPU/IR/AttnGPUTypes.td"
include "mlir/Dialect/LLVMIR/LLVMOpBase.td"
include "mlir/IR/OpBase.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

class AttnGPU_Op<string mnemonic, list<Trait> traits = []>
    : Op<AttnGPU_Dialect, mnemonic, traits>;

//===----------------------------------------------------------------------===//
// On the host
//===----------------------------------------------------------------------===//

def AttnGPU_EncodeTensorMapOp : AttnGPU_Op<"encode_tensor_map",
    [MemoryEffects<[MemAlloc]>, SameVariadicOperandSize]> {
  let summary = "Make a tensor map on the host";
  let description = [{
    Describes a tensor of one to five dimensions in device memory and the box of
    it that one copy moves (`cuTensorMapEncodeTiled`). Dimensions are in the order
    of the driver, the contiguous one first.

    - `base`: the address of the first element, 16-byte aligned;
    - `sizes`: the number of elements in each dimension, one at least;
    - `strides`: the distance in bytes between neighbours in each dimension,
      multiples of 16; that of the first dimension is the element's size, given
      for symmetry and ignored;
    - `box`: the elements of a copy in each dimension, 256 at most.

    What lies outside the tensor reads as zero and is not written. Alignment, sizes
    and strides are checked when the map is made: a wrong one ends the function
    with an error that names it.

    Example:

    ```mlir
    %map = attn_gpu.encode_tensor_map %base
        sizes(%c64, %length, %c2, %heads, %batch)
        strides(%c2, %rowBytes, %c128, %headBytes, %batchBytes)
        box [64, 128, 2, 1, 1] element bf16 swizzle b128 : !llvm.ptr
    ```
  }];
  let arguments = (ins
    LLVM_AnyPointer:$base,
    Variadic<Index>:$sizes,
    Variadic<Index>:$strides,
    DenseI64ArrayAttr:$box,
    TypeAttr:$element_type,
    AttnGPU_SwizzleAttr:$swizzle
  );
  let results = (outs AttnGPU_TensorMapType:$map);
  let assemblyFormat = [{
    $base `sizes` `(` $sizes `)` `strides` `(` $strides `)` `box` $box
    `element` $element_type `swizzle` `` $swizzle attr-dict `:` type($base)
  }];
  let hasVerifier = 1;
}

def AttnGPU_MultiprocessorCountOp
    : AttnGPU_Op<"multiprocessor_count", [Pure]> {
  let summary = "The number of multiprocessors of the current device";
  let description = [{
    Example: `%sms = attn_gpu.multiprocessor_count`
  }];
  let results = (outs Index:$count);
  let assemblyFormat = "attr-dict";
}

def AttnGPU_ScratchOp : AttnGPU_Op<"scratch", [MemoryEffects<[MemAlloc]>]> {
  let summary = "Zeroed device memory for one launch";
  let description = [{
    Device memory of `bytes` bytes, zero when the kernel launched next on the
    stream begins, and the runtime's own after that: it is valid until the
    function returns, is 256-byte aligned, and costs no allocation once a stream
    has had enough of it.

    Example: `%counter = attn_gpu.scratch %c4 : !llvm.ptr`
  }];
  let arguments = (ins Index:$bytes);
  let results = (outs LLVM_AnyPointer:$memory);
  let assemblyFormat = "$bytes attr-dict `:` type($memory)";
}

#endif // ATTN_DIALECT_ATTNGPU_IR_ATTNGPUOPS_TD
