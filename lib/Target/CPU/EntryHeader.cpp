//===- EntryHeader.cpp - The C header of compiled code ----------*- C++ -*-===//
//
// Part of the attn-mlir project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "attn/Target/CPU/EntryPoint.h"
#include "llvm/Support/raw_ostream.h"

using namespace mlir;
using namespace mlir::attn;

static constexpr StringLiteral kTensorDeclarations = R"(
#ifndef ATTN_TENSOR_DEFINED
#define ATTN_TENSOR_DEFINED

typedef enum attn_dtype {
  ATTN_F16 = 1,
  ATTN_BF16 = 2,
  ATTN_F32 = 3,
  ATTN_F64 = 4,
  ATTN_BOOL = 5, /* one byte, 0 or 1 */
  ATTN_I8 = 6,
  ATTN_I16 = 7,
  ATTN_I32 = 8,
  ATTN_I64 = 9
} attn_dtype;

/* A tensor, dense and row-major unless it has strides. */
typedef struct attn_tensor {
  void *data;     /* of an output: NULL lets the callee allocate by malloc */
  int64_t *shape; /* `rank` sizes; of an output without data: filled in */
  int32_t rank;
  attn_dtype dtype;
  const int64_t *strides; /* in elements; NULL: dense and row-major */
} attn_tensor;

typedef enum attn_status {
  ATTN_OK = 0,
  ATTN_INVALID_ARGUMENT = 1, /* a tensor does not fit the signature */
  ATTN_FAILED = 2,           /* the computation failed */
  ATTN_OUT_OF_MEMORY = 3,
  ATTN_NO_DEVICE = 4, /* no GPU or driver; a GPU or CPU the code is not for */
  ATTN_DEVICE_FAULT = 5 /* a kernel failed; its context is lost */
} attn_status;

#endif /* ATTN_TENSOR_DEFINED */
)";

static StringRef getEnumerator(attn_dtype dtype) {
  switch (dtype) {
  case ATTN_F16:
    return "ATTN_F16";
  case ATTN_BF16:
    return "ATTN_BF16";
  case ATTN_F32:
    return "ATTN_F32";
  case ATTN_F64:
    return "ATTN_F64";
  case ATTN_BOOL:
    return "ATTN_BOOL";
  case ATTN_I8:
    return "ATTN_I8";
  case ATTN_I16:
    return "ATTN_I16";
  case ATTN_I32:
    return "ATTN_I32";
  case ATTN_I64:
    return "ATTN_I64";
  }
  return "";
}

/// What callers of a function on the CPU are told, and the declarations.
static void printCPUDeclarations(llvm::raw_ostream &os, StringRef name) {
  os << R"( * Tensors are dense and row-major where nothing else is said. The caller gives the memory of the outputs,
 * or sets `data` to NULL and frees what it gets. May be called from several
 * threads at once. */
)";
  os << "attn_status attn_" << name
     << "(const attn_tensor *inputs, int32_t num_inputs,\n    attn_tensor "
        "*outputs, int32_t num_outputs);\n\n/* The message of this thread's "
        "last failure. */\nconst char *attn_"
     << name
     << "_error(void);\n\n/* Threads of later calls; 0: one for each CPU, the "
        "default, or all of the team. */\nvoid attn_"
     << name << R"(_set_num_threads(int num_threads);

/* Runs later calls on threads of the caller's in place of a pool: `team` calls
 * member(data) once on each of num_threads threads (0: as many as it has), the
 * caller among them, and returns when all have; flags is 0. GOMP_parallel of
 * OpenMP's runtimes is such a function. NULL: the pool. */
void attn_)"
     << name << R"(_set_thread_team(
    void (*team)(void (*member)(void *data), void *data,
                 unsigned num_threads, unsigned flags));
)";
}

/// The same for CUDA.
static void printCUDADeclarations(llvm::raw_ostream &os, StringRef name) {
  os << R"( * Tensors are in the memory of the GPU, outputs too, and may have strides; the
 * last dimension is contiguous. Outputs overlap nothing. Scalars (rank 0) that
 * the computation takes as such are in host memory.
 *
 * The work goes to `stream`, a CUstream or cudaStream_t (NULL: the default
 * stream), in the context that is current in the calling thread; without one,
 * the primary context of the tensors' device becomes current. The call returns
 * before the work is done: a fault of a kernel shows in a later call or in
 * _synchronize. Streams may be captured into a graph. May be called from several
 * threads at once. */
)";
  os << "attn_status attn_" << name
     << "(const attn_tensor *inputs, int32_t num_inputs,\n    const "
        "attn_tensor *outputs, int32_t num_outputs, void *stream);\n\n/* The "
        "message of this thread's last failure. */\nconst char *attn_"
     << name
     << "_error(void);\n\n/* Waits for the work on the stream and reports its "
        "faults. */\nattn_status attn_"
     << name << "_synchronize(void *stream);\n";
}

std::string attn::getEntryHeader(const EntrySignature &signature,
                                 StringRef guard, EntryTarget target) {
  std::string text;
  llvm::raw_string_ostream os(text);
  auto printValues = [&](StringRef kind, ArrayRef<EntryValue> values) {
    for (auto [index, value] : llvm::enumerate(values)) {
      os << " *   " << kind << " " << index << ": "
         << getEnumerator(value.dtype) << " [";
      llvm::interleaveComma(value.shape, os, [&](int64_t size) {
        if (ShapedType::isDynamic(size))
          os << "any";
        else
          os << size;
      });
      os << "]";
      if (value.hasStrides && target == EntryTarget::CPU)
        os << (value.hasContiguousRows
                   ? ", any strides but a contiguous last dimension"
                   : ", any strides");
      os << "\n";
    }
  };
  os << "/* Generated by attn-compile. */\n#ifndef " << guard << "\n#define "
     << guard << "\n\n#include <stdint.h>\n\n#ifdef __cplusplus\nextern \"C\" "
     << "{\n#endif\n"
     << kTensorDeclarations << "\n/* Computes @" << signature.name << ".\n *\n";
  printValues("input", signature.inputs);
  printValues("output", signature.results);
  os << " *\n";
  if (target == EntryTarget::CPU)
    printCPUDeclarations(os, signature.name);
  else
    printCUDADeclarations(os, signature.name);
  os << "\n#ifdef __cplusplus\n}\n#endif\n\n#endif /* " << guard << " */\n";
  return text;
}
