//===- Compiler.cpp - Modules to machine code -------------------*- C++ -*-===//
//
// Part of the attn-mlir project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "attn/Target/CPU/Compiler.h"
#include "attn/Runtime/CPU/Runtime.h"
#include "attn/Support/TemporaryFile.h"
#include "mlir/Target/LLVMIR/Export.h"
#include "llvm/CodeGen/MachineModuleInfo.h"
#include "llvm/CodeGen/Passes.h"
#include "llvm/CodeGen/TargetPassConfig.h"
#include "llvm/ExecutionEngine/Orc/LLJIT.h"
#include "llvm/ExecutionEngine/Orc/ObjectLinkingLayer.h"
#include "llvm/IR/LegacyPassManager.h"
#include "llvm/IR/PassInstrumentation.h"
#include "llvm/Passes/PassBuilder.h"
#include "llvm/Support/Program.h"
#include "llvm/Support/SmallVectorMemoryBuffer.h"
#include "llvm/TargetParser/SubtargetFeature.h"

using namespace llvm;
using namespace mlir;
using namespace mlir::attn;

static void setTarget(llvm::Module &module, const TargetMachine &machine) {
  module.setDataLayout(machine.createDataLayout());
  module.setTargetTriple(machine.getTargetTriple());
}

constexpr StringLiteral kKernelAttr = "attn-kernel";

/// Whether it is a tile function of convert-attn-to-cpu, which has tiled its
/// loops and fills the registers.
static bool isKernel(const Function &function) {
  return function.hasFnAttribute(kKernelAttr);
}

/// What the pass instrumentation calls a function, or a part of one.
static bool isPartOfKernel(llvm::Any ir) {
  if (const auto *function = llvm::any_cast<const Function *>(&ir))
    return isKernel(**function);
  if (const auto *loop = llvm::any_cast<const Loop *>(&ir))
    return isKernel(*(*loop)->getHeader()->getParent());
  if (const auto *component = llvm::any_cast<const LazyCallGraph::SCC *>(&ir))
    return llvm::all_of(**component, [](LazyCallGraph::Node &node) {
      return isKernel(node.getFunction());
    });
  return false;
}

/// What kernels need: they come from MLIR with scalar address arithmetic to
/// fold and to move out of loops.
#define INSTCOMBINE "instcombine<no-verify-fixpoint>"
constexpr StringLiteral kKernelPasses =
    "sroa,early-cse<memssa>," INSTCOMBINE ",simplifycfg,"
    "loop-mssa(loop-rotate,licm),gvn," INSTCOMBINE ",simplifycfg";
constexpr StringLiteral kUnrollingPasses =
    "loop-unroll<O3>," INSTCOMBINE ",simplifycfg";
#undef INSTCOMBINE

namespace {
/// LLVM's passes and the analyses that they share.
class Optimizer {
public:
  explicit Optimizer(TargetMachine &machine,
                     PassInstrumentationCallbacks *callbacks = nullptr)
      : builder(&machine, PipelineTuningOptions(), std::nullopt, callbacks) {
    builder.registerModuleAnalyses(modules);
    builder.registerCGSCCAnalyses(components);
    builder.registerFunctionAnalyses(functions);
    builder.registerLoopAnalyses(loops);
    builder.crossRegisterProxies(loops, functions, components, modules);
  }

  void optimizeModule(llvm::Module &module) {
    builder.buildPerModuleDefaultPipeline(OptimizationLevel::O3)
        .run(module, modules);
  }

  Error optimizeKernels(llvm::Module &module) {
    FunctionPassManager passes, unrolling;
    if (Error error = builder.parsePassPipeline(passes, kKernelPasses))
      return error;
    if (Error error = builder.parsePassPipeline(unrolling, kUnrollingPasses))
      return error;
    for (llvm::Function &function : module) {
      if (function.isDeclaration() || !isKernel(function))
        continue;
      passes.run(function, functions);
      if (function.getFnAttribute(kKernelAttr).getValueAsString() == "unroll")
        unrolling.run(function, functions);
    }
    return Error::success();
  }

private:
  LoopAnalysisManager loops;
  FunctionAnalysisManager functions;
  CGSCCAnalysisManager components;
  llvm::ModuleAnalysisManager modules;
  PassBuilder builder;
};
} // namespace

/// Optimizes as -O3 does, but for kernels: LLVM's unrolling makes them half as
/// long again and no faster, and the rest of -O3 finds nothing in them, while
/// most of the time of compiling one was spent there.
static Error optimize(llvm::Module &module, TargetMachine &machine) {
  PassInstrumentationCallbacks callbacks;
  callbacks.registerShouldRunOptionalPassCallback(
      [](StringRef, llvm::Any ir) { return !isPartOfKernel(ir); });
  Optimizer(machine, &callbacks).optimizeModule(module);
  return Optimizer(machine).optimizeKernels(module);
}

Expected<std::unique_ptr<llvm::Module>>
attn::translateAndOptimize(ModuleOp module, LLVMContext &context,
                           const CPUTargetInfo &info) {
  Expected<std::unique_ptr<TargetMachine>> machine = createTargetMachine(info);
  if (!machine)
    return machine.takeError();
  std::unique_ptr<llvm::Module> translated =
      translateModuleToLLVMIR(module, context);
  if (!translated)
    return createStringError("the module cannot be translated to LLVM IR");
  setTarget(*translated, **machine);
  // Functions are compiled for the CPU that was asked for, but for those that
  // find out what can run.
  for (llvm::Function &function : *translated)
    if (!function.isDeclaration() && !function.hasFnAttribute("target-cpu")) {
      function.addFnAttr("target-cpu", info.cpu);
      function.addFnAttr("target-features", info.features);
    }
  if (Error error = optimize(*translated, **machine))
    return error;
  return translated;
}

/// Whether kernels make probabilities from words, by attn.exp2_words.
static bool usesWords(const llvm::Module &module) {
  return module.getFunction("llvm.x86.avx512.permvar.qi.512");
}

/// What TargetMachine::addPassesToEmitFile does, without the machine scheduler:
/// it moves apart what stands beside products of tiles for the CPU to overlap,
/// and spills it, which costs 1 to 5% of the time. Returns whether it fails.
static bool addUnscheduledPasses(TargetMachine &machine,
                                 legacy::PassManager &pm, raw_pwrite_stream &os,
                                 CodeGenFileType type) {
  auto *wrapper = new MachineModuleInfoWrapperPass(&machine);
  TargetPassConfig *config = machine.createPassConfig(pm);
  config->setDisableVerify(true);
  config->disablePass(&MachineSchedulerID);
  pm.add(config);
  pm.add(wrapper);
  if (config->addISelPasses())
    return true;
  config->addMachinePasses();
  config->setInitialized();
  if (machine.addAsmPrinter(pm, os, nullptr, type,
                            wrapper->getMMI().getContext()))
    return true;
  pm.add(createFreeMachineFunctionPass());
  return false;
}

Error attn::emitMachineCode(llvm::Module &module, const CPUTargetInfo &info,
                            EmitKind kind, raw_pwrite_stream &os) {
  Expected<std::unique_ptr<TargetMachine>> machine = createTargetMachine(info);
  if (!machine)
    return machine.takeError();
  legacy::PassManager pm;
  CodeGenFileType type = kind == EmitKind::Assembly
                             ? CodeGenFileType::AssemblyFile
                             : CodeGenFileType::ObjectFile;
  bool fails = usesWords(module)
                   ? addUnscheduledPasses(**machine, pm, os, type)
                   : (*machine)->addPassesToEmitFile(pm, os, nullptr, type);
  if (fails)
    return createStringError("the target cannot emit this kind of file");
  pm.run(module);
  return Error::success();
}

/// A JIT compiler for the target. Its linker lays out all sections of an object
/// in one block, within reach of each other's relative addresses.
static Expected<std::unique_ptr<orc::LLJIT>>
createJIT(const CPUTargetInfo &info) {
  orc::JITTargetMachineBuilder machine{Triple(info.triple)};
  machine.setCPU(info.cpu);
  machine.addFeatures(SubtargetFeatures(info.features).getFeatures());
  machine.setRelocationModel(Reloc::PIC_);
  machine.setCodeGenOptLevel(CodeGenOptLevel::Aggressive);
  return orc::LLJITBuilder()
      .setJITTargetMachineBuilder(std::move(machine))
      .setObjectLinkingLayerCreator(
          [](orc::ExecutionSession &session)
              -> Expected<std::unique_ptr<orc::ObjectLayer>> {
            return std::make_unique<orc::ObjectLinkingLayer>(session);
          })
      .create();
}

/// Makes the runtime's functions known to compiled code.
static Error defineRuntime(orc::LLJIT &jit, ArrayRef<RuntimeSymbol> others) {
  orc::SymbolMap symbols;
  auto add = [&](StringRef name, auto *function) {
    symbols[jit.mangleAndIntern(name)] = {orc::ExecutorAddr::fromPtr(function),
                                          JITSymbolFlags::Exported |
                                              JITSymbolFlags::Callable};
  };
  add("attn_rt_parallel_for", attn_rt_parallel_for);
  add("attn_rt_check_stack", attn_rt_check_stack);
  add("attn_rt_choose_columns", attn_rt_choose_columns);
  add("attn_rt_choose_rows", attn_rt_choose_rows);
  add("attn_rt_fail", attn_rt_fail);
  add("attn_rt_fail_at", attn_rt_fail_at);
  add("attn_rt_invoke", attn_rt_invoke);
  add("attn_rt_last_error", attn_rt_last_error);
  add("attn_rt_set_num_threads", attn_rt_set_num_threads);
  add("attn_rt_set_thread_team", attn_rt_set_thread_team);
  add("attn_rt_trace_begin", attn_rt_trace_begin);
  add("attn_rt_trace_end", attn_rt_trace_end);
  add("memrefCopy", memrefCopy);
  add("_mlir_ciface_attn_rt_allocate_result",
      _mlir_ciface_attn_rt_allocate_result);
  add("_mlir_memref_to_llvm_alloc", _mlir_memref_to_llvm_alloc);
  add("_mlir_memref_to_llvm_free", _mlir_memref_to_llvm_free);
  for (const RuntimeSymbol &symbol : others)
    symbols[jit.mangleAndIntern(symbol.name)] = {
        orc::ExecutorAddr::fromPtr(symbol.address),
        JITSymbolFlags::Exported | JITSymbolFlags::Callable};
  return jit.getMainJITDylib().define(orc::absoluteSymbols(std::move(symbols)));
}

CompiledEntry::CompiledEntry() = default;
CompiledEntry::CompiledEntry(CompiledEntry &&) = default;
CompiledEntry &CompiledEntry::operator=(CompiledEntry &&) = default;
CompiledEntry::~CompiledEntry() = default;

Expected<CompiledEntry> CompiledEntry::lookUp(std::unique_ptr<orc::LLJIT> jit,
                                              StringRef name) {
  Expected<orc::ExecutorAddr> address = jit->lookup("attn_" + name.str());
  if (!address)
    return address.takeError();
  CompiledEntry entry;
  entry.function = address->toPtr<EntryFunction>();
  entry.jit = std::move(jit);
  return entry;
}

Expected<CompiledEntry>
attn::compileInProcess(ModuleOp module, StringRef name,
                       const CPUTargetInfo &info,
                       ArrayRef<RuntimeSymbol> symbols) {
  LLVMContext context;
  Expected<std::unique_ptr<llvm::Module>> translated =
      translateAndOptimize(module, context, info);
  if (!translated)
    return translated.takeError();
  SmallVector<char, 0> object;
  raw_svector_ostream os(object);
  if (Error error = emitMachineCode(**translated, info, EmitKind::Object, os))
    return error;
  return loadObject(std::make_unique<SmallVectorMemoryBuffer>(
                        std::move(object), /*RequiresNullTerminator=*/false),
                    name, info, symbols);
}

Expected<CompiledEntry> attn::loadObject(std::unique_ptr<MemoryBuffer> object,
                                         StringRef name,
                                         const CPUTargetInfo &info,
                                         ArrayRef<RuntimeSymbol> symbols) {
  Expected<std::unique_ptr<orc::LLJIT>> jit = createJIT(info);
  if (!jit)
    return jit.takeError();
  if (Error error = defineRuntime(**jit, symbols))
    return error;
  if (Error error = (*jit)->addObjectFile(std::move(object)))
    return error;
  return CompiledEntry::lookUp(std::move(*jit), name);
}

Expected<std::string>
attn::linkSharedObject(ArrayRef<StringRef> objects,
                       ArrayRef<std::string> runtimeLibraries) {
  ErrorOr<std::string> driver = std::error_code();
  for (StringRef name : {"cc", "clang", "clang-22", "gcc"}) {
    driver = sys::findProgramByName(name);
    if (driver)
      break;
  }
  if (!driver)
    return createStringError("no linker: none of cc, clang, clang-22 and gcc "
                             "is on the PATH");
  TemporaryFile output;
  if (Error error = output.create("so"))
    return error;
  SmallVector<StringRef> arguments{*driver, "-shared", "-o", output.getPath()};
  std::vector<TemporaryFile> files(objects.size());
  for (auto [file, object] : llvm::zip(files, objects)) {
    if (Error error = file.create("o"))
      return error;
    if (Error error = file.write(object))
      return error;
    arguments.push_back(file.getPath());
  }
  arguments.append(runtimeLibraries.begin(), runtimeLibraries.end());
  arguments.append({"-Wl,--exclude-libs,ALL", "-Wl,--gc-sections",
                    "-Wl,-z,defs",
                    // Threads of the pool outlive dlclose.
                    "-Wl,-z,nodelete", "-lm", "-lpthread", "-ldl"});
  std::string message;
  int code =
      sys::ExecuteAndWait(*driver, arguments, std::nullopt, {}, 0, 0, &message);
  if (code != 0)
    return createStringError(*driver + " failed to link" +
                             (message.empty() ? "" : ": " + message));
  return output.read();
}
