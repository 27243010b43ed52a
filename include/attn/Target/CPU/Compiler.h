//===- Compiler.h - Modules to machine code ---------------------*- C++ -*-===//
//
// Part of the attn-mlir project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef ATTN_TARGET_CPU_COMPILER_H
#define ATTN_TARGET_CPU_COMPILER_H

#include "attn/Runtime/CPU/Tensor.h"
#include "attn/Target/CPU/CPUTargetInfo.h"
#include "mlir/IR/BuiltinOps.h"
#include "llvm/IR/LLVMContext.h"
#include "llvm/IR/Module.h"

// The headers of the JIT compiler are many, and only Compiler.cpp needs them.
namespace llvm::orc {
class LLJIT;
} // namespace llvm::orc

namespace mlir::attn {

/// The type of the functions that `emitEntryPoint` makes.
using EntryFunction = attn_status (*)(const attn_tensor *inputs,
                                      int32_t numInputs, attn_tensor *outputs,
                                      int32_t numOutputs);

/// A function that compiled code calls, beside those of the CPU's runtime.
struct RuntimeSymbol {
  StringRef name;
  void *address;
};

/// An entry function in this process.
class CompiledEntry {
public:
  CompiledEntry();
  CompiledEntry(CompiledEntry &&);
  CompiledEntry &operator=(CompiledEntry &&);
  ~CompiledEntry();

  attn_status operator()(ArrayRef<attn_tensor> inputs,
                         MutableArrayRef<attn_tensor> outputs) const {
    return function(inputs.data(), inputs.size(), outputs.data(),
                    outputs.size());
  }

  /// The entry of a function for another target, which has another type.
  template <typename Function>
  Function *getAs() const {
    return reinterpret_cast<Function *>(reinterpret_cast<void *>(function));
  }

  /// Finds the entry point of @name in what the JIT compiler holds.
  static llvm::Expected<CompiledEntry>
  lookUp(std::unique_ptr<llvm::orc::LLJIT> jit, StringRef name);

private:
  std::unique_ptr<llvm::orc::LLJIT> jit;
  EntryFunction function = nullptr;
};

/// Compiles a module in the LLVM dialect, with its entry point emitted, into
/// this process and links it to the runtime.
llvm::Expected<CompiledEntry>
compileInProcess(ModuleOp module, StringRef name, const CPUTargetInfo &info,
                 ArrayRef<RuntimeSymbol> symbols = {});

/// Links an object with the entry point of @name into this process, and to the
/// runtime.
llvm::Expected<CompiledEntry>
loadObject(std::unique_ptr<llvm::MemoryBuffer> object, StringRef name,
           const CPUTargetInfo &info, ArrayRef<RuntimeSymbol> symbols = {});

/// Translates a module in the LLVM dialect to optimized LLVM IR.
llvm::Expected<std::unique_ptr<llvm::Module>>
translateAndOptimize(ModuleOp module, llvm::LLVMContext &context,
                     const CPUTargetInfo &info);

enum class EmitKind { Assembly, Object };

/// Writes assembly or an object file for LLVM IR.
llvm::Error emitMachineCode(llvm::Module &module, const CPUTargetInfo &info,
                            EmitKind kind, llvm::raw_pwrite_stream &os);

/// Links what object files hold with the runtime by the system's compiler
/// driver; returns what the file of the shared object holds. `runtimeLibraries`
/// are the paths of libAttnRuntimeCPU.a and the like, each before those that it
/// uses.
llvm::Expected<std::string>
linkSharedObject(ArrayRef<StringRef> objects,
                 ArrayRef<std::string> runtimeLibraries);

} // namespace mlir::attn

#endif // ATTN_TARGET_CPU_COMPILER_H
