//===- Compiler.cpp - The compiler as a C library ------------- -*- C++ -*-===//
//
// Part of the attn-mlir project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "attn-c/Compiler.h"
#include "CachedProgram.h"
#include "Lowering.h"
#include "attn/Dialect/Attn/IR/AttnOps.h"
#include "attn/Dialect/Attn/Transforms/Passes.h"
#include "attn/InitAll.h"
#include "attn/Runtime/CPU/Runtime.h"
#include "attn/Runtime/CUDA/Device.h"
#include "attn/Support/OutputFile.h"
#include "attn/Target/CPU/Compiler.h"
#include "attn/Target/CPU/ObjectCache.h"
#include "attn/Target/NVVM/NVVMTargetInfo.h"
#include "attn/Target/NVVM/RuntimeSymbols.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/IR/OwningOpRef.h"
#include "mlir/IR/Remarks.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Pass/PassManager.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include <map>
#include <mutex>

using namespace mlir;
using namespace mlir::attn;

namespace {

/// Puts what MLIR reports into the message of this thread.
class MessageHandler : public ScopedDiagnosticHandler {
public:
  explicit MessageHandler(MLIRContext *context, bool takesRemarks = false)
      : ScopedDiagnosticHandler(context) {
    setHandler([this, takesRemarks](Diagnostic &diagnostic) {
      if (diagnostic.getSeverity() != DiagnosticSeverity::Error &&
          !(takesRemarks &&
            diagnostic.getSeverity() == DiagnosticSeverity::Remark))
        return;
      add(diagnostic);
      for (Diagnostic &note : diagnostic.getNotes())
        add(note);
    });
  }

  void report() const {
    attn_rt_set_error(text.empty() ? "cannot compile" : text.c_str());
  }

  /// What was reported, where nothing failed.
  void reportRemarks() const { attn_rt_set_error(text.c_str()); }

private:
  void add(Diagnostic &diagnostic) {
    llvm::raw_string_ostream os(text);
    if (!text.empty())
      os << "\n";
    // The module itself stands at line 0.
    if (auto at = diagnostic.getLocation()->findInstanceOf<FileLineColLoc>();
        at && at.getLine() > 0)
      os << at.getFilename().getValue() << ":" << at.getLine() << ":"
         << at.getColumn() << ": ";
    os << diagnostic;
  }

  std::string text;
};

} // namespace

struct attn_compiler {
  std::mutex mutex;
  std::string nativeCPU;
  /// By compute capability.
  std::map<int32_t, std::string> gpuArchs;

  /// Made when it is first needed, as it is not for what is in the cache.
  MLIRContext &getContext() {
    if (context)
      return *context;
    DialectRegistry registry;
    registerAllDialects(registry);
    context.emplace(registry, MLIRContext::Threading::DISABLED);
    context->printOpOnDiagnostic(false);
    // Of what is not fused, as diagnostics.
    remark::RemarkCategories categories;
    categories.missed = "attn-fusion";
    (void)remark::enableOptimizationRemarks(
        *context, /*streamer=*/nullptr,
        std::make_unique<remark::RemarkEmittingPolicyAll>(), categories,
        /*printAsEmitRemarks=*/true);
    return *context;
  }

private:
  std::optional<MLIRContext> context;
};

struct attn_program {
  CompiledEntry entry;
  EntryTarget target = EntryTarget::CPU;
  bool isCached = false;
  ProgramSignature signature;
};

static void setError(const llvm::Twine &message) {
  attn_rt_set_error(message.str().c_str());
}

const char *attn_version(void) { return ATTN_VERSION; }

const char *attn_error_message(void) { return attn_rt_last_error(); }

//===----------------------------------------------------------------------===//
// Compilers
//===----------------------------------------------------------------------===//

attn_compiler *attn_compiler_create(void) { return new attn_compiler; }

void attn_compiler_destroy(attn_compiler *compiler) { delete compiler; }

const char *attn_compiler_cpu(attn_compiler *compiler) {
  std::lock_guard<std::mutex> guard(compiler->mutex);
  if (compiler->nativeCPU.empty()) {
    llvm::Expected<CPUTargetInfo> info = getCPUTargetInfo("native");
    if (!info) {
      setError(llvm::toString(info.takeError()));
      return nullptr;
    }
    compiler->nativeCPU = info->cpu + " " + info->features;
  }
  return compiler->nativeCPU.c_str();
}

const char *attn_compiler_gpu_arch(attn_compiler *compiler,
                                   int32_t capability) {
  std::lock_guard<std::mutex> guard(compiler->mutex);
  std::string &arch = compiler->gpuArchs[capability];
  if (arch.empty()) {
    std::string best = getArchOfDevice(capability);
    llvm::Expected<NVVMTargetInfo> info = getNVVMTargetInfo(best);
    if (!info) {
      setError(llvm::toString(info.takeError()));
      return nullptr;
    }
    arch = best;
  }
  return arch.c_str();
}

int32_t attn_get_gpu_capability(void) {
  attn_cuda_device device;
  if (attn_rt_cuda_get_device(&device) == ATTN_OK)
    return device.capability;
  setError(attn_rt_last_error());
  return 0;
}

/// Diagnostics count lines of this.
static OwningOpRef<ModuleOp> parse(MLIRContext &context, StringRef text) {
  return parseSourceString<ModuleOp>(text, ParserConfig(&context), "module");
}

//===----------------------------------------------------------------------===//
// Programs
//===----------------------------------------------------------------------===//

static llvm::Expected<CompiledEntry>
load(std::unique_ptr<llvm::MemoryBuffer> object, const CompilerOptions &options,
     const CompilerTarget &target) {
  SmallVector<RuntimeSymbol> symbols;
  if (options.isCUDA())
    symbols = getCUDARuntimeSymbols();
  return loadObject(std::move(object), options.entry, target.cpu, symbols);
}

/// Fills in the program from the cache, if it is there and can be loaded.
static bool readCached(attn_program &program, const ObjectCache &cache,
                       StringRef key, const CompilerOptions &options,
                       const CompilerTarget &target) {
  std::unique_ptr<llvm::MemoryBuffer> content = cache.read(key);
  if (!content)
    return false;
  std::optional<StringRef> object =
      deserializeProgram(content->getBuffer(), program.signature);
  if (!object)
    return false;
  // Aligned, which it is not behind the signature.
  llvm::Expected<CompiledEntry> entry =
      load(llvm::MemoryBuffer::getMemBufferCopy(*object, key), options, target);
  if (!entry) {
    llvm::consumeError(entry.takeError());
    return false;
  }
  program.entry = std::move(*entry);
  program.isCached = true;
  return true;
}

/// Compiles the program and returns what is to be kept of it; failures are
/// diagnostics.
static FailureOr<std::string> build(attn_program &program, MLIRContext &context,
                                    StringRef text,
                                    const CompilerOptions &options,
                                    const CompilerTarget &target) {
  OwningOpRef<ModuleOp> module = parse(context, text);
  if (!module)
    return failure();
  FailureOr<func::FuncOp> function = lookupEntry(*module, options.entry);
  if (failed(function))
    return failure();
  FailureOr<EntrySignature> signature = getEntrySignature(*function);
  if (failed(signature))
    return failure();
  program.signature = {(int32_t)signature->inputs.size(),
                       (int32_t)signature->results.size(), signature->inputs};
  program.signature.values.append(signature->results);
  for (EntryValue &value : program.signature.values)
    llvm::replace(value.shape, ShapedType::kDynamic, int64_t(-1));

  SmallVector<char, 0> object;
  if (failed(compileToObject(*module, options, target, object)))
    return failure();
  StringRef content(object.data(), object.size());
  llvm::Expected<CompiledEntry> entry =
      load(llvm::MemoryBuffer::getMemBufferCopy(content, "program"), options,
           target);
  if (!entry) {
    emitError(UnknownLoc::get(&context)) << llvm::toString(entry.takeError());
    return failure();
  }
  program.entry = std::move(*entry);
  return serializeProgram(program.signature, content);
}

attn_program *attn_compile(attn_compiler *compiler, const char *text,
                           size_t length, const attn_options *given) {
  std::optional<CompilerOptions> options = readOptions(given);
  if (!options)
    return nullptr;
  std::lock_guard<std::mutex> guard(compiler->mutex);
  llvm::Expected<CompilerTarget> target = resolveTarget(*options);
  if (!target) {
    setError(llvm::toString(target.takeError()));
    return nullptr;
  }
  std::vector<std::string> lacking = getFeaturesHostLacks(target->cpu);
  if (!lacking.empty()) {
    setError("this machine cannot run code for " + target->cpu.cpu +
             ": it lacks " + llvm::join(lacking, ", "));
    return nullptr;
  }
  auto program = std::make_unique<attn_program>();
  program->target = options->target;
  StringRef module(text, length);
  bool hasCache = !options->cache.empty();
  ObjectCache cache(options->cache, options->cacheBytes);
  std::string key = makeCacheKey(module, *options, *target);
  if (hasCache && readCached(*program, cache, key, *options, *target))
    return program.release();
  if (options->requireCached) {
    setError("the program is not in the cache");
    return nullptr;
  }
  MLIRContext &context = compiler->getContext();
  MessageHandler messages(&context);
  FailureOr<std::string> content =
      build(*program, context, module, *options, *target);
  if (failed(content)) {
    messages.report();
    return nullptr;
  }
  // A cache that cannot be written costs time alone.
  if (hasCache)
    llvm::consumeError(cache.write(key, *content));
  return program.release();
}

//===----------------------------------------------------------------------===//
// Shared objects
//===----------------------------------------------------------------------===//

/// The name of a header's guard.
static std::string makeGuard(StringRef header) {
  std::string guard = "ATTN_";
  for (char c : llvm::sys::path::filename(header))
    guard += llvm::isAlnum(c) ? llvm::toUpper(c) : '_';
  return guard;
}

/// Writes the shared object and the header; failures are diagnostics.
static LogicalResult writeShared(MLIRContext &context, StringRef text,
                                 const CompilerOptions &options,
                                 StringRef runtime, StringRef output,
                                 StringRef header) {
  auto fail = [&](const llvm::Twine &message) {
    return emitError(UnknownLoc::get(&context)) << message;
  };
  SmallVector<std::string> runtimes;
  if (options.isCUDA()) {
    SmallString<128> beside = llvm::sys::path::parent_path(runtime);
    llvm::sys::path::append(beside, "libAttnRuntimeCUDA.a");
    runtimes.push_back(beside.str().str());
  }
  runtimes.push_back(runtime.str());
  for (const std::string &path : runtimes)
    if (!llvm::sys::fs::exists(path))
      return fail("there is no runtime library " + path);
  llvm::Expected<CompilerTarget> target = resolveTarget(options);
  if (!target)
    return fail(llvm::toString(target.takeError()));
  OwningOpRef<ModuleOp> module = parse(context, text);
  if (!module)
    return failure();
  FailureOr<func::FuncOp> function = lookupEntry(*module, options.entry);
  if (failed(function))
    return failure();
  FailureOr<EntrySignature> signature = getEntrySignature(*function);
  SmallVector<char, 0> code;
  if (failed(signature) || failed(compileToObject(*module, options, *target,
                                                  code, /*checksCPU=*/true)))
    return failure();
  llvm::Expected<std::string> shared =
      linkSharedObject(StringRef(code.data(), code.size()), runtimes);
  if (!shared)
    return fail(llvm::toString(shared.takeError()));
  std::string declarations;
  SmallVector<OutputFile> files{{output, *shared, /*executable=*/true}};
  if (!header.empty()) {
    declarations =
        getEntryHeader(*signature, makeGuard(header), options.target);
    files.push_back({header, declarations});
  }
  if (llvm::Error error = writeOutputFiles(files))
    return fail(llvm::toString(std::move(error)));
  return success();
}

attn_status attn_compile_shared(attn_compiler *compiler, const char *text,
                                size_t length, const attn_options *given,
                                const char *runtime, const char *output,
                                const char *header) {
  std::optional<CompilerOptions> options = readOptions(given);
  if (!options)
    return ATTN_INVALID_ARGUMENT;
  std::lock_guard<std::mutex> guard(compiler->mutex);
  MLIRContext &context = compiler->getContext();
  MessageHandler messages(&context);
  if (succeeded(writeShared(context, StringRef(text, length), *options, runtime,
                            output, header ? header : "")))
    return ATTN_OK;
  messages.report();
  return ATTN_FAILED;
}

void attn_program_destroy(attn_program *program) { delete program; }

int32_t attn_program_is_cached(const attn_program *program) {
  return program->isCached;
}

int32_t attn_program_num_inputs(const attn_program *program) {
  return program->signature.numInputs;
}

int32_t attn_program_num_outputs(const attn_program *program) {
  return program->signature.numOutputs;
}

attn_status attn_program_get_type(const attn_program *program, int32_t index,
                                  attn_value_type *type) {
  if (index < 0 || (size_t)index >= program->signature.values.size()) {
    setError("attn_program_get_type: there is no value " + llvm::Twine(index) +
             ", the program has " +
             llvm::Twine(program->signature.values.size()));
    return ATTN_INVALID_ARGUMENT;
  }
  const EntryValue &value = program->signature.values[index];
  *type = {value.getPassing(), value.dtype, (int32_t)value.shape.size(),
           value.shape.data()};
  return ATTN_OK;
}

/// The type of the functions that `emitEntryPoint` makes for CUDA.
using CUDAEntry = attn_status(const attn_tensor *inputs, int32_t numInputs,
                              const attn_tensor *outputs, int32_t numOutputs,
                              void *stream);

static attn_status run(const attn_program *program,
                       ArrayRef<attn_tensor> inputs,
                       MutableArrayRef<attn_tensor> outputs, void *stream) {
  if (program->target == EntryTarget::CPU)
    return program->entry(inputs, outputs);
  return program->entry.getAs<CUDAEntry>()(
      inputs.data(), inputs.size(), outputs.data(), outputs.size(), stream);
}

/// Whether the program takes a stream.
static bool checkStream(const attn_program *program, StringRef function) {
  if (program->target == EntryTarget::CUDA)
    return true;
  setError(function + ": the program is for the CPU, which has no streams");
  return false;
}

attn_status attn_program_call(const attn_program *program,
                              const attn_tensor *inputs, int32_t num_inputs,
                              attn_tensor *outputs, int32_t num_outputs) {
  return run(program, {inputs, (size_t)std::max(num_inputs, 0)},
             {outputs, (size_t)std::max(num_outputs, 0)}, nullptr);
}

attn_status attn_program_call_on(const attn_program *program,
                                 const attn_tensor *inputs, int32_t num_inputs,
                                 attn_tensor *outputs, int32_t num_outputs,
                                 void *stream) {
  if (!checkStream(program, "attn_program_call_on"))
    return ATTN_INVALID_ARGUMENT;
  return run(program, {inputs, (size_t)std::max(num_inputs, 0)},
             {outputs, (size_t)std::max(num_outputs, 0)}, stream);
}

static attn_status runWords(const attn_program *program, const int64_t *words,
                            int64_t numWords, void *stream) {
  int64_t expected = 0;
  for (const EntryValue &value : ArrayRef(program->signature.values)
                                     .take_front(program->signature.numInputs))
    expected += 1 + 2 * (int64_t)value.shape.size();
  if (program->signature.numOutputs != 0 || numWords != expected) {
    setError("attn_program_call_words: expected " + llvm::Twine(expected) +
             " words and no outputs, got " + llvm::Twine(numWords) + " and " +
             llvm::Twine(program->signature.numOutputs));
    return ATTN_INVALID_ARGUMENT;
  }
  SmallVector<attn_tensor, 12> tensors;
  for (const EntryValue &value :
       ArrayRef(program->signature.values)
           .take_front(program->signature.numInputs)) {
    int32_t rank = value.shape.size();
    tensors.push_back({(void *)(intptr_t)words[0],
                       const_cast<int64_t *>(words + 1), rank, value.dtype,
                       words + 1 + rank});
    words += 1 + 2 * rank;
  }
  return run(program, tensors, {}, stream);
}

attn_status attn_program_call_words(const attn_program *program,
                                    const int64_t *words, int64_t num_words) {
  return runWords(program, words, num_words, nullptr);
}

attn_status attn_program_call_words_on(const attn_program *program,
                                       const int64_t *words, int64_t num_words,
                                       void *stream) {
  if (!checkStream(program, "attn_program_call_words_on"))
    return ATTN_INVALID_ARGUMENT;
  return runWords(program, words, num_words, stream);
}

//===----------------------------------------------------------------------===//
// Questions
//===----------------------------------------------------------------------===//

attn_status attn_check_backend(attn_compiler *compiler, const char *text,
                               size_t length, const attn_options *given) {
  std::optional<CompilerOptions> options = readOptions(given);
  if (!options)
    return ATTN_INVALID_ARGUMENT;
  std::lock_guard<std::mutex> guard(compiler->mutex);
  MLIRContext &context = compiler->getContext();
  MessageHandler messages(&context);
  auto check = [&]() -> LogicalResult {
    OwningOpRef<ModuleOp> module = parse(context, StringRef(text, length));
    if (!module || (options->fuse && failed(raiseAttention(*module, *options))))
      return failure();
    PassManager pm(&context, ModuleOp::getOperationName());
    AttnSelectBackendPassOptions backend;
    backend.backend = options->backend;
    backend.target = options->isCUDA() ? "cuda" : "cpu";
    pm.addNestedPass<func::FuncOp>(createAttnSelectBackendPass(backend));
    return pm.run(*module);
  };
  if (succeeded(check()))
    return ATTN_OK;
  messages.report();
  return ATTN_INVALID_ARGUMENT;
}

attn_status attn_count_fused(attn_compiler *compiler, const char *text,
                             size_t length, const attn_options *given,
                             int32_t *count) {
  std::optional<CompilerOptions> options = readOptions(given);
  if (!options)
    return ATTN_INVALID_ARGUMENT;
  std::lock_guard<std::mutex> guard(compiler->mutex);
  MLIRContext &context = compiler->getContext();
  MessageHandler messages(&context, /*takesRemarks=*/true);
  OwningOpRef<ModuleOp> module = parse(context, StringRef(text, length));
  if (!module || failed(raiseAttention(*module, *options))) {
    messages.report();
    return ATTN_INVALID_ARGUMENT;
  }
  *count = 0;
  module->walk([&](SdpaOp) { ++*count; });
  messages.reportRemarks();
  return ATTN_OK;
}

void attn_set_num_threads(int32_t num_threads) {
  attn_rt_set_num_threads(num_threads);
}

int32_t attn_get_num_threads(void) { return attn_rt_get_num_threads(); }

void attn_set_thread_team(attn_thread_team *team) {
  attn_rt_set_thread_team(team);
}
