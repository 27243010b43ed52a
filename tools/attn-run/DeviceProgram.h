//===- DeviceProgram.h - A module, compiled for and timed on a GPU --------===//
//
// Part of the attn-mlir project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef ATTN_TOOLS_ATTN_RUN_DEVICEPROGRAM_H
#define ATTN_TOOLS_ATTN_RUN_DEVICEPROGRAM_H

#include "Program.h"
#include "attn/Runtime/CUDA/Device.h"

namespace mlir::attn {

struct DeviceOptions {
  /// The GPU to compile for, the toolkit with ptxas, where cubins are kept.
  std::string arch, cudaPath, cubinCache;
  /// Options of attn-lower-to-nvvm-pipeline.
  std::string kernelOptions, backend;
};

/// Memory of the GPU, freed with the object.
class DeviceBuffer {
public:
  DeviceBuffer() = default;
  DeviceBuffer(DeviceBuffer &&other) { std::swap(memory, other.memory); }
  DeviceBuffer &operator=(DeviceBuffer &&other) {
    std::swap(memory, other.memory);
    return *this;
  }
  ~DeviceBuffer() { attn_rt_cuda_free(memory); }

  llvm::Error allocate(int64_t numBytes);
  void *data() const { return memory; }

private:
  void *memory = nullptr;
};

/// The computation on the current GPU.
class DeviceProgram {
public:
  explicit DeviceProgram(OwningOpRef<ModuleOp> module)
      : module(std::move(module)) {}
  ~DeviceProgram();

  /// Lowers and compiles; diagnostics say what failed.
  LogicalResult compile(StringRef entry, const DeviceOptions &options,
                        const CPUTargetInfo &host, Trace &trace);

  /// Takes arguments to the device and makes room for results.
  llvm::Error prepare(ArrayRef<HostTensor> inputs,
                      const EntrySignature &signature,
                      ArrayRef<SmallVector<int64_t>> resultShapes);

  /// Runs once, into memory that shows what is not written.
  llvm::Expected<std::vector<HostTensor>> run();

  /// Runs once and returns the seconds that it took on the device. L2 is
  /// flushed before if that is asked for.
  llvm::Expected<double> runTimed(bool flush);

private:
  using Entry = attn_status(const attn_tensor *, int32_t, const attn_tensor *,
                            int32_t, void *stream);
  llvm::Error call();

  OwningOpRef<ModuleOp> module;
  std::optional<CompiledEntry> compiled;
  /// The tensors of the caller; data of arguments is on the device, but for
  /// that of scalars.
  std::vector<HostTensor> arguments, results;
  std::vector<DeviceBuffer> memory;
  SmallVector<attn_tensor> inputViews, resultViews;
  DeviceBuffer flushMemory;
  int64_t flushBytes = 0;
  attn_cuda_timer *timer = nullptr;
};

} // namespace mlir::attn

#endif // ATTN_TOOLS_ATTN_RUN_DEVICEPROGRAM_H
