//===- Frame.h - What a failed call releases ----------------------*- C -*-===//
//
// Part of the attn-mlir project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef ATTN_LIB_RUNTIME_CPU_FRAME_H
#define ATTN_LIB_RUNTIME_CPU_FRAME_H

/// The innermost attn_rt_call of this thread frees the memory if it fails.
/// Memory that there is no room to remember is not freed then.
void attn_frame_own(void *memory);

/// It does not any more.
void attn_frame_disown(void *memory);

#endif // ATTN_LIB_RUNTIME_CPU_FRAME_H
