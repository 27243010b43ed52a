//===- EntryPoint.h - The way into compiled code ----------------*- C++ -*-===//
//
// Part of the attn-mlir project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef ATTN_TARGET_CPU_ENTRYPOINT_H
#define ATTN_TARGET_CPU_ENTRYPOINT_H

#include "attn/Runtime/CPU/Tensor.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/BuiltinOps.h"

namespace mlir::attn {

/// A value that crosses the boundary of a compiled function.
struct EntryValue {
  /// Whether it is passed as a scalar (rank 0) rather than as a tensor.
  bool isScalar;
  attn_dtype dtype;
  /// `ShapedType::kDynamic` where unknown.
  SmallVector<int64_t> shape;
  /// Whether it may have strides, and then whether its last dimension has to be
  /// contiguous.
  bool hasStrides = false;
  bool hasContiguousRows = true;

  attn_passing getPassing() const {
    if (isScalar)
      return ATTN_PASS_SCALAR;
    if (!hasStrides)
      return ATTN_PASS_DENSE;
    return hasContiguousRows ? ATTN_PASS_ROWS : ATTN_PASS_STRIDED;
  }
};

struct EntrySignature {
  std::string name;
  SmallVector<EntryValue> inputs, results;
};

/// Finds the function `name`. None, one without a body, or one whose arguments
/// or results are no tensors of a known element type (scalars may be arguments)
/// is an error at its location.
FailureOr<func::FuncOp> lookupEntry(ModuleOp module, StringRef name);
FailureOr<EntrySignature> getEntrySignature(func::FuncOp entry);

/// Removes what the function does not call, so that it need not be compiled.
LogicalResult dropUnreachable(func::FuncOp entry);

/// Checks, after `dropUnreachable`, that what is called has a body. Functions
/// of scalars need none: those of libm are linked.
LogicalResult verifyCallees(func::FuncOp entry);

/// Checks that arguments that are memrefs are dense or have dynamic strides
/// (the last one may be 1): the C interface of CPU code checks no static ones.
LogicalResult verifyMemRefArguments(func::FuncOp entry);

/// Marks the function before lowering, so that `emitEntryPoint` finds it and
/// its signature in the LLVM dialect.
LogicalResult markEntry(func::FuncOp entry);

/// Where compiled functions run.
enum class EntryTarget { CPU, CUDA };

/// A CPU that there is code for: its name, and the features that the code needs
/// (`getFeatureMask`).
struct EntryVersion {
  std::string cpu;
  uint64_t features;
};

/// Adds the functions of the C interface for the marked function to a module in
/// the LLVM dialect, and makes everything else internal. For the CPU:
///
/// - `attn_status attn_<name>(const attn_tensor *inputs, int32_t num_inputs,
///   attn_tensor *outputs, int32_t num_outputs)`
/// - `const char *attn_<name>_error(void)`
/// - `void attn_<name>_set_num_threads(int)`
/// - `void attn_<name>_set_thread_team(attn_rt_thread_team *team)`
///
/// For CUDA the first has a last argument `void *stream`, and in place of the
/// third there is `attn_status attn_<name>_synchronize(void *stream)`; the
/// function takes its results as arguments (`attn-add-destinations`).
///
/// `versions` says for which CPUs there is code: that of the first in this
/// module, of the others in modules of their own, which `emitEntryVersion`
/// prepares. The last one that the CPU can run is called; what finds it is
/// compiled for `baselineCPU`. Without any, the code is not checked.
LogicalResult emitEntryPoint(ModuleOp module,
                             EntryTarget target = EntryTarget::CPU,
                             ArrayRef<EntryVersion> versions = {},
                             StringRef baselineCPU = "");

/// Prepares the module with the code for `versions[index]`, index > 0, for
/// linking with that of the first.
LogicalResult emitEntryVersion(ModuleOp module, int64_t index);

/// The C header that declares them.
std::string getEntryHeader(const EntrySignature &signature, StringRef guard,
                           EntryTarget target = EntryTarget::CPU);

} // namespace mlir::attn

#endif // ATTN_TARGET_CPU_ENTRYPOINT_H
