//===- Compiler.cpp - The compiler as a C library --------------- -*- C++
//-*-===//
//
// Part of the attn-mlir project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "attn-c/Compiler.h"
#include "BuildID.h"
#include "attn/Dialect/Attn/IR/AttnOps.h"
#include "attn/Dialect/Attn/Transforms/Passes.h"
#include "attn/InitAll.h"
#include "attn/Pipelines/Pipelines.h"
#include "attn/Runtime/CPU/Runtime.h"
#include "attn/Target/CPU/Compiler.h"
#include "attn/Target/CPU/EntryPoint.h"
#include "attn/Target/CPU/ObjectCache.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/IR/OwningOpRef.h"
#include "mlir/IR/Remarks.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Pass/PassManager.h"
#include "llvm/Config/llvm-config.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/FileUtilities.h"
#include "llvm/Support/Path.h"
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

/// The options with their defaults.
struct Options {
  std::string entry = "main", backend = "auto", cpu = "native",
              numerics = "default", cache;
  uint64_t cacheBytes = 256 << 20;
  bool fuse = false, requireCached = false;
};

} // namespace

struct attn_compiler {
  std::mutex mutex;
  MLIRContext context;
  std::string nativeCPU;

  explicit attn_compiler(const DialectRegistry &registry)
      : context(registry, MLIRContext::Threading::DISABLED) {
    context.printOpOnDiagnostic(false);
    // Of what is not fused, as diagnostics.
    remark::RemarkCategories categories;
    categories.missed = "attn-fusion";
    (void)remark::enableOptimizationRemarks(
        context, /*streamer=*/nullptr,
        std::make_unique<remark::RemarkEmittingPolicyAll>(), categories,
        /*printAsEmitRemarks=*/true);
  }
};

struct attn_program {
  CompiledEntry entry;
  bool isCached = false;
  SmallVector<EntryValue> values;
  int32_t numInputs = 0, numOutputs = 0;
};

static void setError(const llvm::Twine &message) {
  attn_rt_set_error(message.str().c_str());
}

static std::optional<Options> readOptions(const attn_options *given) {
  Options options;
  if (!given)
    return options;
  if (given->size != sizeof(attn_options)) {
    setError("attn_options: expected the size " +
             llvm::Twine(sizeof(attn_options)) + ", got " +
             llvm::Twine(given->size));
    return std::nullopt;
  }
  auto read = [](std::string &option, const char *text) {
    if (text)
      option = text;
  };
  read(options.entry, given->entry);
  read(options.backend, given->backend);
  read(options.cpu, given->cpu);
  read(options.numerics, given->numerics);
  read(options.cache, given->cache);
  if (given->cache_bytes)
    options.cacheBytes = given->cache_bytes;
  options.fuse = given->fuse != 0;
  options.requireCached = given->require_cached != 0;
  return options;
}

const char *attn_version(void) { return ATTN_VERSION; }

const char *attn_error_message(void) { return attn_rt_last_error(); }

//===----------------------------------------------------------------------===//
// Compilers
//===----------------------------------------------------------------------===//

attn_compiler *attn_compiler_create(void) {
  DialectRegistry registry;
  registerAllDialects(registry);
  return new attn_compiler(registry);
}

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

/// Diagnostics count lines of this.
static OwningOpRef<ModuleOp> parse(MLIRContext &context, StringRef text) {
  return parseSourceString<ModuleOp>(text, ParserConfig(&context), "module");
}

static LogicalResult raise(ModuleOp module, const Options &options) {
  PassManager pm(module.getContext(), ModuleOp::getOperationName());
  RaisePipelineOptions raising;
  raising.numerics = options.numerics;
  buildRaisePipeline(pm, raising);
  return pm.run(module);
}

//===----------------------------------------------------------------------===//
// Programs
//===----------------------------------------------------------------------===//

/// The module lowered and compiled to an object. With `checksCPU` it says so
/// when it runs where it cannot.
static LogicalResult compileToObject(ModuleOp module, const Options &options,
                                     const CPUTargetInfo &info,
                                     SmallVectorImpl<char> &object,
                                     bool checksCPU = false) {
  FailureOr<func::FuncOp> entry = lookupEntry(module, options.entry);
  if (failed(entry) || failed(verifyMemRefArguments(*entry)) ||
      failed(markEntry(*entry)) ||
      (options.fuse && failed(raise(module, options))))
    return failure();
  LowerToLLVMPipelineOptions lowering;
  lowering.backend = options.backend;
  lowering.cpu = options.cpu;
  SmallVector<EntryVersion> versions;
  if (checksCPU)
    versions.push_back({info.cpu, getFeatureMask(info)});
  StringRef baseline = llvm::Triple(info.triple).isX86() ? "x86-64" : "generic";
  if (failed(lowerToLLVM(module, lowering)) ||
      failed(emitEntryPoint(module, EntryTarget::CPU, versions, baseline)))
    return failure();
  llvm::LLVMContext context;
  auto fail = [&](llvm::Error error) {
    return module.emitError("cannot compile: ")
           << llvm::toString(std::move(error));
  };
  llvm::Expected<std::unique_ptr<llvm::Module>> translated =
      translateAndOptimize(module, context, info);
  if (!translated)
    return fail(translated.takeError());
  llvm::raw_svector_ostream os(object);
  if (llvm::Error error =
          emitMachineCode(**translated, info, EmitKind::Object, os))
    return fail(std::move(error));
  return success();
}

/// All that the object depends on. Compilers that differ in their code have
/// different versions, or different build IDs of the library.
static std::string makeCacheKey(StringRef text, const Options &options,
                                const CPUTargetInfo &info) {
  std::string flags = options.fuse ? "fuse" : "";
  return ObjectCache::makeKey({text, options.entry, options.backend,
                               options.numerics, flags, info.triple, info.cpu,
                               info.features, ATTN_VERSION, getBuildID(),
                               LLVM_VERSION_STRING});
}

/// Fills in the program; failures are diagnostics.
static LogicalResult build(attn_program &program, MLIRContext &context,
                           StringRef text, const Options &options) {
  auto fail = [&](const llvm::Twine &message) {
    return emitError(UnknownLoc::get(&context)) << message;
  };
  llvm::Expected<CPUTargetInfo> info = getCPUTargetInfo(options.cpu);
  if (!info)
    return fail(llvm::toString(info.takeError()));
  std::vector<std::string> lacking = getFeaturesHostLacks(*info);
  if (!lacking.empty())
    return fail("this machine cannot run code for " + info->cpu +
                ": it lacks " + llvm::join(lacking, ", "));
  OwningOpRef<ModuleOp> module = parse(context, text);
  if (!module)
    return failure();
  FailureOr<func::FuncOp> function = lookupEntry(*module, options.entry);
  if (failed(function))
    return failure();
  FailureOr<EntrySignature> signature = getEntrySignature(*function);
  if (failed(signature))
    return failure();
  program.numInputs = signature->inputs.size();
  program.numOutputs = signature->results.size();
  program.values = signature->inputs;
  program.values.append(signature->results);
  for (EntryValue &value : program.values)
    llvm::replace(value.shape, ShapedType::kDynamic, int64_t(-1));

  ObjectCache cache(options.cache, options.cacheBytes);
  std::string key = makeCacheKey(text, options, *info);
  if (!options.cache.empty())
    if (std::unique_ptr<llvm::MemoryBuffer> object = cache.read(key)) {
      llvm::Expected<CompiledEntry> entry =
          loadObject(std::move(object), options.entry, *info);
      program.isCached = !!entry;
      if (entry) {
        program.entry = std::move(*entry);
        return success();
      }
      // Compiled anew below.
      llvm::consumeError(entry.takeError());
    }
  if (options.requireCached)
    return fail("the program is not in the cache");

  SmallVector<char, 0> object;
  if (failed(compileToObject(*module, options, *info, object)))
    return failure();
  StringRef content(object.data(), object.size());
  // A cache that cannot be written costs time alone.
  if (!options.cache.empty())
    llvm::consumeError(cache.write(key, content));
  llvm::Expected<CompiledEntry> entry = loadObject(
      llvm::MemoryBuffer::getMemBufferCopy(content, key), options.entry, *info);
  if (!entry)
    return fail(llvm::toString(entry.takeError()));
  program.entry = std::move(*entry);
  return success();
}

attn_program *attn_compile(attn_compiler *compiler, const char *text,
                           size_t length, const attn_options *given) {
  std::optional<Options> options = readOptions(given);
  if (!options)
    return nullptr;
  std::lock_guard<std::mutex> guard(compiler->mutex);
  MessageHandler messages(&compiler->context);
  auto program = std::make_unique<attn_program>();
  if (succeeded(build(*program, compiler->context, StringRef(text, length),
                      *options)))
    return program.release();
  messages.report();
  return nullptr;
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

static llvm::Error writeFile(StringRef path, StringRef content) {
  return llvm::writeToOutput(path, [&](llvm::raw_ostream &os) {
    os << content;
    return llvm::Error::success();
  });
}

/// Writes the shared object and the header; failures are diagnostics.
static LogicalResult writeShared(MLIRContext &context, StringRef text,
                                 const Options &options, StringRef runtime,
                                 StringRef output, StringRef header) {
  auto fail = [&](const llvm::Twine &message) {
    return emitError(UnknownLoc::get(&context)) << message;
  };
  if (!llvm::sys::fs::exists(runtime))
    return fail("there is no runtime library " + runtime);
  llvm::Expected<CPUTargetInfo> info = getCPUTargetInfo(options.cpu);
  if (!info)
    return fail(llvm::toString(info.takeError()));
  OwningOpRef<ModuleOp> module = parse(context, text);
  if (!module)
    return failure();
  FailureOr<func::FuncOp> function = lookupEntry(*module, options.entry);
  if (failed(function))
    return failure();
  FailureOr<EntrySignature> signature = getEntrySignature(*function);
  SmallVector<char, 0> code;
  if (failed(signature) || failed(compileToObject(*module, options, *info, code,
                                                  /*checksCPU=*/true)))
    return failure();
  SmallString<128> object;
  if (std::error_code error =
          llvm::sys::fs::createTemporaryFile("attn", "o", object))
    return fail("no temporary file: " + error.message());
  llvm::FileRemover remover(object);
  llvm::Error error = writeFile(object, StringRef(code.data(), code.size()));
  if (!error)
    error = linkSharedObject({object.str().str()}, {runtime.str()}, output);
  if (!error && !header.empty())
    error = writeFile(header, getEntryHeader(*signature, makeGuard(header)));
  if (error)
    return fail(llvm::toString(std::move(error)));
  return success();
}

attn_status attn_compile_shared(attn_compiler *compiler, const char *text,
                                size_t length, const attn_options *given,
                                const char *runtime, const char *output,
                                const char *header) {
  std::optional<Options> options = readOptions(given);
  if (!options)
    return ATTN_INVALID_ARGUMENT;
  std::lock_guard<std::mutex> guard(compiler->mutex);
  MessageHandler messages(&compiler->context);
  if (succeeded(writeShared(compiler->context, StringRef(text, length),
                            *options, runtime, output, header ? header : "")))
    return ATTN_OK;
  messages.report();
  return ATTN_FAILED;
}

void attn_program_destroy(attn_program *program) { delete program; }

int32_t attn_program_is_cached(const attn_program *program) {
  return program->isCached;
}

int32_t attn_program_num_inputs(const attn_program *program) {
  return program->numInputs;
}

int32_t attn_program_num_outputs(const attn_program *program) {
  return program->numOutputs;
}

attn_status attn_program_get_type(const attn_program *program, int32_t index,
                                  attn_value_type *type) {
  if (index < 0 || (size_t)index >= program->values.size()) {
    setError("attn_program_get_type: there is no value " + llvm::Twine(index) +
             ", the program has " + llvm::Twine(program->values.size()));
    return ATTN_INVALID_ARGUMENT;
  }
  const EntryValue &value = program->values[index];
  *type = {value.getPassing(), value.dtype, (int32_t)value.shape.size(),
           value.shape.data()};
  return ATTN_OK;
}

attn_status attn_program_call(const attn_program *program,
                              const attn_tensor *inputs, int32_t num_inputs,
                              attn_tensor *outputs, int32_t num_outputs) {
  return program->entry({inputs, (size_t)std::max(num_inputs, 0)},
                        {outputs, (size_t)std::max(num_outputs, 0)});
}

attn_status attn_program_call_words(const attn_program *program,
                                    const int64_t *words, int64_t num_words) {
  int64_t expected = 0;
  for (const EntryValue &value :
       ArrayRef(program->values).take_front(program->numInputs))
    expected += 1 + 2 * (int64_t)value.shape.size();
  if (program->numOutputs != 0 || num_words != expected) {
    setError("attn_program_call_words: expected " + llvm::Twine(expected) +
             " words and no outputs, got " + llvm::Twine(num_words) + " and " +
             llvm::Twine(program->numOutputs));
    return ATTN_INVALID_ARGUMENT;
  }
  SmallVector<attn_tensor, 12> tensors;
  for (const EntryValue &value :
       ArrayRef(program->values).take_front(program->numInputs)) {
    int32_t rank = value.shape.size();
    tensors.push_back({(void *)(intptr_t)words[0],
                       const_cast<int64_t *>(words + 1), rank, value.dtype,
                       words + 1 + rank});
    words += 1 + 2 * rank;
  }
  return program->entry(tensors, {});
}

//===----------------------------------------------------------------------===//
// Questions
//===----------------------------------------------------------------------===//

attn_status attn_check_backend(attn_compiler *compiler, const char *text,
                               size_t length, const attn_options *given) {
  std::optional<Options> options = readOptions(given);
  if (!options)
    return ATTN_INVALID_ARGUMENT;
  std::lock_guard<std::mutex> guard(compiler->mutex);
  MessageHandler messages(&compiler->context);
  auto check = [&]() -> LogicalResult {
    OwningOpRef<ModuleOp> module =
        parse(compiler->context, StringRef(text, length));
    if (!module || (options->fuse && failed(raise(*module, *options))))
      return failure();
    PassManager pm(&compiler->context, ModuleOp::getOperationName());
    AttnSelectBackendPassOptions backend;
    backend.backend = options->backend;
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
  std::optional<Options> options = readOptions(given);
  if (!options)
    return ATTN_INVALID_ARGUMENT;
  std::lock_guard<std::mutex> guard(compiler->mutex);
  MessageHandler messages(&compiler->context, /*takesRemarks=*/true);
  OwningOpRef<ModuleOp> module =
      parse(compiler->context, StringRef(text, length));
  if (!module || failed(raise(*module, *options))) {
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
