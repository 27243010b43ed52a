//===- RuntimeSymbols.cpp - What code for CUDA calls on the host ----------===//
//
// Part of the attn-mlir project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "attn/Target/NVVM/RuntimeSymbols.h"
#include "attn/Runtime/CUDA/Runtime.h"

using namespace mlir;
using namespace mlir::attn;

SmallVector<RuntimeSymbol> attn::getCUDARuntimeSymbols() {
#define SYMBOL(name)                                                           \
  {                                                                            \
    #name, reinterpret_cast<void *>(name)                                      \
  }
  return {SYMBOL(attn_rt_cuda_invoke),
          SYMBOL(attn_rt_cuda_synchronize),
          SYMBOL(attn_rt_cuda_launch),
          SYMBOL(attn_rt_cuda_encode_tensor_map),
          SYMBOL(attn_rt_cuda_scratch),
          SYMBOL(attn_rt_cuda_temporary),
          SYMBOL(attn_rt_cuda_constant),
          SYMBOL(attn_rt_cuda_memref_copy),
          SYMBOL(attn_rt_cuda_choose_splits),
          SYMBOL(attn_rt_cuda_multiprocessor_count)};
#undef SYMBOL
}
