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
#include "attn/Support/OutputFile.h"
#include "attn/Target/CPU/Compiler.h"
#include "attn/Target/CPU/EntryPoint.h"
#include "attn/Target/NVVM/NVVMTargetInfo.h"
#include "attn/Target/NVVM/Ptxas.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/IR/Diagnostics.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Support/FileUtilities.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/InitLLVM.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/SourceMgr.h"
#include "llvm/Support/WithColor.h"

using namespace mlir;
using namespace mlir::attn;
namespace cl = llvm::cl;

namespace {

enum class Emit { MLIR, LLVMIR, PTX, Cubin, Assembly, Object, Shared };

struct Options {
  cl::OptionCategory category{"attn-compile options"};
  cl::opt<std::string> file{cl::Positional, cl::desc("FILE.mlir"), cl::Required,
                            cl::cat(category)};
  cl::opt<std::string> output{"o", cl::desc("Output file (- for stdout)"),
                              cl::value_desc("OUT"), cl::Required,
                              cl::cat(category)};
  cl::opt<Emit> emit{
      "emit", cl::desc("What to write"),
      cl::values(
          clEnumValN(Emit::MLIR, "mlir", "the module after raising"),
          clEnumValN(Emit::LLVMIR, "llvm", "optimized LLVM IR"),
          clEnumValN(Emit::PTX, "ptx", "kernels as PTX (cuda)"),
          clEnumValN(Emit::Cubin, "cubin", "kernels as binary code (cuda)"),
          clEnumValN(Emit::Assembly, "asm", "assembly"),
          clEnumValN(Emit::Object, "obj",
                     "an object file; link it with libAttnRuntimeCPU.a, "
                     "and libAttnRuntimeCUDA.a before it for cuda"),
          clEnumValN(Emit::Shared, "shared",
                     "a shared object that needs libc and libm only, and "
                     "the CUDA driver when it runs for cuda")),
      cl::init(Emit::Shared), cl::cat(category)};
  cl::opt<std::string> target{"target", cl::desc("cpu or cuda"),
                              cl::init("cpu"), cl::cat(category)};
  cl::opt<std::string> cpu{
      "cpu",
      cl::desc("CPU to generate code for, as LLVM names it (native, "
               "x86-64-v3, x86-64-v4, ...). Several, with commas between them, "
               "for a shared object: when it runs, the last one in the list "
               "whose code the CPU can run is taken"),
      cl::value_desc("NAME,..."), cl::init("native"), cl::cat(category)};
  cl::opt<std::string> triple{
      "triple",
      cl::desc("Triple of the CPU for another machine, such as "
               "aarch64-linux-gnu (not for --emit=shared)"),
      cl::value_desc("TRIPLE"), cl::cat(category)};
  cl::opt<std::string> gpuArch{
      "gpu-arch",
      cl::desc(
          "GPU to generate code for: sm_80, sm_90a, ... (no GPU is needed)"),
      cl::init("sm_90a"), cl::cat(category)};
  cl::opt<std::string> cudaPath{
      "cuda-path",
      cl::desc("CUDA toolkit with ptxas, or ptxas itself (default: the one "
               "that ./dev cuda got, /usr/local/cuda, the PATH)"),
      cl::value_desc("DIR"), cl::cat(category)};
  cl::opt<std::string> cubinCache{
      "cubin-cache", cl::desc("Keep compiled kernels for the next time"),
      cl::value_desc("DIR"), cl::cat(category)};
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
  cl::opt<std::string> kernelOptions{
      "kernel-options",
      cl::desc("Options of attn-lower-to-llvm-pipeline, or for CUDA of "
               "attn-lower-to-nvvm-pipeline, that force choices of its cost "
               "model"),
      cl::value_desc("NAME=VALUE ..."), cl::cat(category)};
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
    "  attn-compile model.mlir -o model.so --cpu x86-64-v3,x86-64-v4,znver4\n"
    "  attn-compile model.mlir -o - --emit mlir\n"
    "  attn-compile model.mlir -o model.so --target cuda --gpu-arch sm_90a\n");

LogicalResult fail(const llvm::Twine &message) {
  llvm::WithColor::error(llvm::errs(), "attn-compile") << message << "\n";
  return failure();
}

/// Writes into memory what becomes a file.
FailureOr<std::string>
makeContent(function_ref<llvm::Error(llvm::raw_pwrite_stream &)> write) {
  SmallVector<char, 0> buffer;
  llvm::raw_svector_ostream os(buffer);
  if (llvm::Error error = write(os))
    return fail(llvm::toString(std::move(error)));
  return std::string(buffer.data(), buffer.size());
}

class CompileDriver {
public:
  CompileDriver(Options &options, MLIRContext &context, StringRef program)
      : options(options), context(context), program(program) {}

  LogicalResult run();

private:
  LogicalResult checkOptions();
  LogicalResult lower();
  LogicalResult lowerForCPU();
  LogicalResult lowerForCPU(ModuleOp version, StringRef cpu);
  LogicalResult lowerForCUDA();
  FailureOr<std::string> makeOutput();
  FailureOr<std::string> getKernels();
  FailureOr<std::string> linkShared();
  FailureOr<std::unique_ptr<llvm::Module>>
  translate(ModuleOp version, const CPUTargetInfo &target,
            llvm::LLVMContext &llvmContext);
  std::string makeHeader();
  /// A library beside the tool.
  std::string getRuntimeLibrary(StringRef name);
  bool isCUDA() const { return options.target == "cuda"; }

  Options &options;
  MLIRContext &context;
  StringRef program;
  SmallVector<CPUTargetInfo> targets;
  SmallVector<EntryVersion> versions;
  OwningOpRef<ModuleOp> module;
  /// The code for the CPUs behind the first.
  SmallVector<OwningOpRef<ModuleOp>> others;
  EntrySignature signature;
};

LogicalResult CompileDriver::checkOptions() {
  if (!isCUDA() && options.target != "cpu")
    return fail("unknown target '" + options.target +
                "', expected cpu or cuda");
  bool wantsKernels = options.emit == Emit::PTX || options.emit == Emit::Cubin;
  if (wantsKernels && !isCUDA())
    return fail("--emit=ptx and --emit=cubin need --target=cuda");
  if (isCUDA()) {
    llvm::Expected<NVVMTargetInfo> gpu = getNVVMTargetInfo(options.gpuArch);
    if (!gpu)
      return fail(llvm::toString(gpu.takeError()));
  }
  if (!symbolizeBackend(options.backend))
    return fail("unknown backend '" + options.backend +
                "', expected auto, flash, efficient or math");
  if (options.output.empty())
    return fail("-o: expected the name of a file");
  if (options.header == options.output)
    return fail("--header and -o name one file");
  if (options.emit == Emit::Shared && options.output == "-")
    return fail("a shared object cannot be written to stdout");
  SmallVector<StringRef> cpus;
  StringRef(options.cpu).split(cpus, ',');
  for (StringRef cpu : cpus) {
    if (llvm::count(cpus, cpu) > 1)
      return fail("--cpu names '" + cpu + "' twice");
    llvm::Expected<CPUTargetInfo> info = getCPUTargetInfo(cpu, options.triple);
    if (!info)
      return fail(llvm::toString(info.takeError()));
    targets.push_back(*info);
    versions.push_back({info->cpu, getFeatureMask(*info)});
  }
  if (!options.triple.empty() && (isCUDA() || options.emit == Emit::Shared))
    return fail("--triple needs --target=cpu and an --emit other than shared: "
                "there is no linker and no runtime for other machines");
  if (cpus.size() > 1 && (isCUDA() || options.emit != Emit::Shared))
    return fail("several CPUs need --target=cpu and --emit=shared");
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
  if ((!isCUDA() && failed(verifyMemRefArguments(*entry))) ||
      failed(markEntry(*entry)) || failed(dropUnreachable(*entry)) ||
      (options.emit == Emit::Shared && failed(verifyCallees(*entry))))
    return failure();
  if (failed(pm.run(*module)))
    return failure();
  return isCUDA() ? lowerForCUDA() : lowerForCPU();
}

LogicalResult CompileDriver::lowerForCPU(ModuleOp version, StringRef cpu) {
  LowerToLLVMPipelineOptions lowering;
  if (failed(lowering.parseFromString(options.kernelOptions)))
    return fail("--kernel-options: cannot read '" + options.kernelOptions +
                "'");
  lowering.backend = options.backend;
  lowering.cpu = cpu.str();
  lowering.triple = options.triple;
  return lowerToLLVM(version, lowering);
}

LogicalResult CompileDriver::lowerForCPU() {
  SmallVector<StringRef> cpus;
  StringRef(options.cpu).split(cpus, ',');
  for (size_t i = 1; i < cpus.size(); ++i)
    others.push_back(module->clone());
  StringRef baseline =
      llvm::Triple(targets[0].triple).isX86() ? "x86-64" : "generic";
  if (failed(lowerForCPU(*module, cpus[0])) ||
      failed(emitEntryPoint(*module, EntryTarget::CPU, versions, baseline)))
    return failure();
  for (auto [i, other] : llvm::enumerate(others))
    if (failed(lowerForCPU(*other, cpus[i + 1])) ||
        failed(emitEntryVersion(*other, i + 1)))
      return failure();
  return success();
}

LogicalResult CompileDriver::lowerForCUDA() {
  LowerToNVVMPipelineOptions lowering;
  if (failed(lowering.parseFromString(options.kernelOptions)))
    return fail("--kernel-options: cannot read '" + options.kernelOptions +
                "'");
  lowering.backend = options.backend;
  lowering.chip = options.gpuArch;
  if (options.emit == Emit::PTX)
    return lowerToCUDA(*module, lowering, CUDAStage::Kernels);
  lowering.cubinCache = options.cubinCache;
  lowering.ptxas = options.cudaPath;
  lowering.places = getCachedToolkits();
  if (options.emit == Emit::Cubin)
    return lowerToCUDA(*module, lowering,
                       {CUDAStage::Kernels, CUDAStage::Assembly});
  return success(succeeded(lowerToCUDA(*module, lowering,
                                       {CUDAStage::Kernels, CUDAStage::Assembly,
                                        CUDAStage::Host})) &&
                 succeeded(emitEntryPoint(*module, EntryTarget::CUDA)));
}

std::string CompileDriver::getRuntimeLibrary(StringRef name) {
  std::string executable = llvm::sys::fs::getMainExecutable(
      program.str().c_str(), reinterpret_cast<void *>(&fail));
  SmallString<256> path;
  // Where it was built, and where it is installed.
  for (StringRef directory : {"lib", ATTN_INSTALL_LIBDIR}) {
    path = llvm::sys::path::parent_path(executable);
    llvm::sys::path::append(path, "..", directory, name);
    if (llvm::sys::fs::exists(path))
      break;
  }
  return path.str().str();
}

FailureOr<std::unique_ptr<llvm::Module>>
CompileDriver::translate(ModuleOp version, const CPUTargetInfo &target,
                         llvm::LLVMContext &llvmContext) {
  llvm::Expected<std::unique_ptr<llvm::Module>> translated =
      translateAndOptimize(version, llvmContext, target);
  if (!translated)
    return fail(llvm::toString(translated.takeError()));
  return std::move(*translated);
}

FailureOr<std::string> CompileDriver::linkShared() {
  SmallVector<std::string> runtimes;
  if (isCUDA())
    runtimes.push_back(getRuntimeLibrary("libAttnRuntimeCUDA.a"));
  runtimes.push_back(getRuntimeLibrary("libAttnRuntimeCPU.a"));
  for (const std::string &runtime : runtimes)
    if (!llvm::sys::fs::exists(runtime))
      return fail("the runtime library is not beside the tool: " + runtime);
  SmallVector<std::string> objects;
  for (size_t i = 0; i < targets.size(); ++i) {
    const CPUTargetInfo &target = targets[i];
    llvm::LLVMContext llvmContext;
    FailureOr<std::unique_ptr<llvm::Module>> translated =
        translate(i == 0 ? *module : *others[i - 1], target, llvmContext);
    if (failed(translated))
      return failure();
    FailureOr<std::string> code = makeContent([&](llvm::raw_pwrite_stream &os) {
      return emitMachineCode(**translated, target, EmitKind::Object, os);
    });
    if (failed(code))
      return failure();
    objects.push_back(std::move(*code));
  }
  llvm::Expected<std::string> linked = linkSharedObject(
      SmallVector<StringRef>(objects.begin(), objects.end()), runtimes);
  if (!linked)
    return fail(llvm::toString(linked.takeError()));
  return std::move(*linked);
}

/// The code of the one gpu.binary.
FailureOr<std::string> CompileDriver::getKernels() {
  SmallVector<gpu::BinaryOp> binaries(module->getOps<gpu::BinaryOp>());
  if (binaries.empty())
    return fail("no kernels: there is no attention in what @" + options.entry +
                " calls");
  if (binaries.size() != 1)
    return fail("expected one gpu.module with kernels, got " +
                llvm::Twine(binaries.size()));
  auto object = cast<gpu::ObjectAttr>(binaries.front().getObjects()[0]);
  StringRef code = object.getObject().getValue();
  if (options.emit == Emit::PTX)
    code = code.take_until([](char c) { return c == '\0'; });
  return code.str();
}

FailureOr<std::string> CompileDriver::makeOutput() {
  if (options.emit == Emit::PTX || options.emit == Emit::Cubin)
    return getKernels();
  if (options.emit == Emit::MLIR)
    return makeContent([&](llvm::raw_pwrite_stream &os) {
      module->print(os);
      return llvm::Error::success();
    });
  if (options.emit == Emit::Shared)
    return linkShared();
  llvm::LLVMContext llvmContext;
  FailureOr<std::unique_ptr<llvm::Module>> translated =
      translate(*module, targets[0], llvmContext);
  if (failed(translated))
    return failure();
  if (options.emit == Emit::LLVMIR)
    return makeContent([&](llvm::raw_pwrite_stream &os) {
      (*translated)->print(os, nullptr);
      return llvm::Error::success();
    });
  EmitKind kind =
      options.emit == Emit::Assembly ? EmitKind::Assembly : EmitKind::Object;
  return makeContent([&](llvm::raw_pwrite_stream &os) {
    return emitMachineCode(**translated, targets[0], kind, os);
  });
}

std::string CompileDriver::makeHeader() {
  // The guard is the file's name.
  std::string guard;
  for (char c : llvm::sys::path::filename(options.header))
    guard += llvm::isAlnum(c) ? llvm::toUpper(c) : '_';
  if (guard.empty() || llvm::isDigit(guard[0]))
    guard = "ATTN_" + guard;
  return getEntryHeader(signature, guard,
                        isCUDA() ? EntryTarget::CUDA : EntryTarget::CPU);
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
  FailureOr<std::string> output = makeOutput();
  if (failed(output))
    return failure();
  // No shared object without the header that was asked for.
  std::string header;
  SmallVector<OutputFile> files{
      {options.output, *output, options.emit == Emit::Shared}};
  if (!options.header.empty()) {
    header = makeHeader();
    files.push_back({options.header, header});
  }
  if (llvm::Error error = writeOutputFiles(files))
    return fail(llvm::toString(std::move(error)));
  return success();
}

} // namespace

int main(int argc, char **argv) {
  llvm::InitLLVM init(argc, argv);
  // libLLVM registers options of its own passes and tools.
  for (StringRef taken : {"o", "emit", "target", "cpu", "header", "gpu-arch",
                          "cuda-path", "triple"})
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
  // Diagnostics point at the source; the operation may be a whole module.
  context.printOpOnDiagnostic(false);
  return failed(CompileDriver(options, context, argv[0]).run());
}
