//===- attn-compile.cpp - Ahead-of-time compiler ----------------*- C++ -*-===//
//
// Part of the attn-mlir project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "attn/Dialect/Attn/IR/AttnOps.h"
#include "attn/InitAll.h"
#include "attn/Pipelines/Pipelines.h"
#include "attn/Target/CPU/Compiler.h"
#include "attn/Target/CPU/EntryPoint.h"
#include "mlir/IR/Diagnostics.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Support/FileUtilities.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/FileUtilities.h"
#include "llvm/Support/InitLLVM.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/SourceMgr.h"
#include "llvm/Support/WithColor.h"

using namespace mlir;
using namespace mlir::attn;
namespace cl = llvm::cl;

namespace {

enum class Emit { MLIR, LLVMIR, Assembly, Object, Shared };

struct Options {
  cl::OptionCategory category{"attn-compile options"};
  cl::opt<std::string> file{cl::Positional, cl::desc("FILE.mlir"), cl::Required,
                            cl::cat(category)};
  cl::opt<std::string> output{"o", cl::desc("Output file (- for stdout)"),
                              cl::value_desc("OUT"), cl::Required,
                              cl::cat(category)};
  cl::opt<Emit> emit{
      "emit", cl::desc("What to write"),
      cl::values(clEnumValN(Emit::MLIR, "mlir", "the module after raising"),
                 clEnumValN(Emit::LLVMIR, "llvm", "optimized LLVM IR"),
                 clEnumValN(Emit::Assembly, "asm", "assembly"),
                 clEnumValN(Emit::Object, "obj",
                            "an object file; link it with libAttnRuntimeCPU.a"),
                 clEnumValN(Emit::Shared, "shared",
                            "a shared object that needs libc and libm only")),
      cl::init(Emit::Shared), cl::cat(category)};
  cl::opt<std::string> target{"target", cl::desc("cpu or cuda"),
                              cl::init("cpu"), cl::cat(category)};
  cl::opt<std::string> cpu{
      "cpu",
      cl::desc("CPU to generate code for, as LLVM names it (native, "
               "x86-64-v3, x86-64-v4, ...)"),
      cl::init("native"), cl::cat(category)};
  cl::opt<std::string> backend{
      "backend",
      cl::desc("Backend of attention: auto, flash, efficient or math"),
      cl::init("auto"), cl::cat(category)};
  cl::opt<std::string> entry{"entry", cl::desc("Function to export"),
                             cl::value_desc("name"), cl::init("main"),
                             cl::cat(category)};
  cl::opt<std::string> header{"header",
                              cl::desc("Also write a C header for the entry"),
                              cl::value_desc("OUT.h"), cl::cat(category)};
  cl::opt<bool> noRaise{"no-raise",
                        cl::desc("Do not look for attention in the module"),
                        cl::cat(category)};
};

constexpr llvm::StringLiteral kOverview(
    "Compiles a function of an MLIR module to a shared object with a C "
    "interface.\n\n"
    "Examples:\n"
    "  attn-compile model.mlir -o model.so --header model.h\n"
    "  attn-compile model.mlir -o model.s --emit asm --cpu x86-64-v3\n"
    "  attn-compile model.mlir -o - --emit mlir\n");

LogicalResult fail(const llvm::Twine &message) {
  llvm::WithColor::error(llvm::errs(), "attn-compile") << message << "\n";
  return failure();
}

/// Writes a file as a whole or not at all.
LogicalResult
writeFile(StringRef path,
          function_ref<llvm::Error(llvm::raw_pwrite_stream &)> write) {
  SmallVector<char, 0> buffer;
  llvm::raw_svector_ostream os(buffer);
  if (llvm::Error error = write(os))
    return fail(llvm::toString(std::move(error)));
  if (llvm::Error error =
          llvm::writeToOutput(path, [&](llvm::raw_ostream &file) {
            file.write(buffer.data(), buffer.size());
            return llvm::Error::success();
          }))
    return fail(path + ": " + llvm::toString(std::move(error)));
  return success();
}

class CompileDriver {
public:
  CompileDriver(Options &options, MLIRContext &context, StringRef program)
      : options(options), context(context), program(program) {}

  LogicalResult run();

private:
  LogicalResult checkOptions();
  LogicalResult lower();
  LogicalResult writeOutput();
  LogicalResult writeShared(llvm::Module &module);
  LogicalResult writeHeader();
  /// libAttnRuntimeCPU.a, beside the tool.
  std::string getRuntimeLibrary();

  Options &options;
  MLIRContext &context;
  StringRef program;
  CPUTargetInfo target;
  OwningOpRef<ModuleOp> module;
  EntrySignature signature;
};

LogicalResult CompileDriver::checkOptions() {
  if (options.target == "cuda")
    return fail("--target=cuda is not built yet; use --target=cpu");
  if (options.target != "cpu")
    return fail("unknown target '" + options.target +
                "', expected cpu or cuda");
  if (!symbolizeBackend(options.backend))
    return fail("unknown backend '" + options.backend +
                "', expected auto, flash, efficient or math");
  if (options.emit == Emit::Shared && options.output == "-")
    return fail("a shared object cannot be written to stdout");
  llvm::Expected<CPUTargetInfo> info = getCPUTargetInfo(options.cpu);
  if (!info)
    return fail(llvm::toString(info.takeError()));
  target = *info;
  return success();
}

LogicalResult CompileDriver::lower() {
  FailureOr<func::FuncOp> entry = lookupEntry(*module, options.entry);
  if (failed(entry))
    return failure();
  FailureOr<EntrySignature> found = getEntrySignature(*entry);
  if (failed(found))
    return failure();
  signature = *found;
  PassManager pm(&context, ModuleOp::getOperationName());
  if (!options.noRaise)
    buildRaisePipeline(pm);
  if (options.emit == Emit::MLIR)
    return pm.run(*module);
  if (failed(markEntry(*entry)))
    return failure();
  LowerToLLVMPipelineOptions lowering;
  lowering.backend = options.backend;
  lowering.cpu = options.cpu;
  buildLowerToLLVMPipeline(pm, lowering);
  return success(succeeded(pm.run(*module)) &&
                 succeeded(emitEntryPoint(*module)));
}

std::string CompileDriver::getRuntimeLibrary() {
  std::string executable = llvm::sys::fs::getMainExecutable(
      program.str().c_str(), reinterpret_cast<void *>(&fail));
  SmallString<256> path(llvm::sys::path::parent_path(executable));
  llvm::sys::path::append(path, "..", "lib", "libAttnRuntimeCPU.a");
  return path.str().str();
}

LogicalResult CompileDriver::writeShared(llvm::Module &llvmModule) {
  std::string runtime = getRuntimeLibrary();
  if (!llvm::sys::fs::exists(runtime))
    return fail("the runtime library is not beside the tool: " + runtime);
  // The linker writes a temporary file that takes the output's place when it is
  // whole.
  SmallString<128> object;
  if (std::error_code error =
          llvm::sys::fs::createTemporaryFile("attn", "o", object))
    return fail("no temporary file: " + error.message());
  llvm::FileRemover removeObject(object);
  if (failed(writeFile(object, [&](llvm::raw_pwrite_stream &os) {
        return emitMachineCode(llvmModule, target, EmitKind::Object, os);
      })))
    return failure();
  std::string temporary = options.output + ".tmp";
  llvm::FileRemover removeTemporary(temporary);
  if (llvm::Error error = linkSharedObject(object, runtime, temporary))
    return fail(llvm::toString(std::move(error)));
  if (std::error_code error =
          llvm::sys::fs::rename(temporary, options.output.getValue()))
    return fail(options.output + ": " + error.message());
  removeTemporary.releaseFile();
  return success();
}

LogicalResult CompileDriver::writeOutput() {
  if (options.emit == Emit::MLIR)
    return writeFile(options.output, [&](llvm::raw_pwrite_stream &os) {
      module->print(os);
      return llvm::Error::success();
    });
  llvm::LLVMContext llvmContext;
  llvm::Expected<std::unique_ptr<llvm::Module>> translated =
      translateAndOptimize(*module, llvmContext, target);
  if (!translated)
    return fail(llvm::toString(translated.takeError()));
  switch (options.emit) {
  case Emit::Shared:
    return writeShared(**translated);
  case Emit::LLVMIR:
    return writeFile(options.output, [&](llvm::raw_pwrite_stream &os) {
      (*translated)->print(os, nullptr);
      return llvm::Error::success();
    });
  default:
    return writeFile(options.output, [&](llvm::raw_pwrite_stream &os) {
      return emitMachineCode(**translated, target,
                             options.emit == Emit::Assembly ? EmitKind::Assembly
                                                            : EmitKind::Object,
                             os);
    });
  }
}

LogicalResult CompileDriver::writeHeader() {
  if (options.header.empty())
    return success();
  // The guard is the file's name.
  std::string guard;
  for (char c : llvm::sys::path::filename(options.header))
    guard += llvm::isAlnum(c) ? llvm::toUpper(c) : '_';
  if (guard.empty() || llvm::isDigit(guard[0]))
    guard = "ATTN_" + guard;
  return writeFile(options.header, [&](llvm::raw_pwrite_stream &os) {
    os << getEntryHeader(signature, guard);
    return llvm::Error::success();
  });
}

LogicalResult CompileDriver::run() {
  if (failed(checkOptions()))
    return failure();
  std::string message;
  std::unique_ptr<llvm::MemoryBuffer> file =
      openInputFile(options.file, &message);
  if (!file)
    return fail(message);
  llvm::SourceMgr sources;
  sources.AddNewSourceBuffer(std::move(file), llvm::SMLoc());
  SourceMgrDiagnosticHandler handler(sources, &context);
  module = parseSourceFile<ModuleOp>(sources, &context);
  if (!module || failed(lower()))
    return failure();
  // The header first: no shared object without the header that was asked for.
  return success(succeeded(writeHeader()) && succeeded(writeOutput()));
}

} // namespace

int main(int argc, char **argv) {
  llvm::InitLLVM init(argc, argv);
  // libLLVM registers options of its own passes and tools.
  for (StringRef taken : {"o", "emit", "target", "cpu", "header"})
    if (cl::Option *option = cl::getRegisteredOptions().lookup(taken))
      option->removeArgument();
  Options options;
  cl::HideUnrelatedOptions(options.category);
  cl::SetVersionPrinter([](llvm::raw_ostream &os) {
    os << "attn-compile " ATTN_VERSION " (LLVM " LLVM_VERSION_STRING ")\n";
  });
  cl::ParseCommandLineOptions(argc, argv, kOverview);
  DialectRegistry registry;
  registerAllDialects(registry);
  MLIRContext context(registry);
  return failed(CompileDriver(options, context, argv[0]).run());
}
