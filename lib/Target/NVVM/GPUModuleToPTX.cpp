//===- GPUModuleToPTX.cpp - Modules of kernels to PTX ----------- *- C++
//-*-===//
//
// Part of the attn-mlir project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "attn/Target/NVVM/Passes.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Target/LLVM/NVVM/Utils.h"
#include "llvm/Passes/PassBuilder.h"
#include "llvm/Target/TargetMachine.h"

namespace mlir::attn {
#define GEN_PASS_DEF_ATTNGPUMODULETOPTXPASS
#include "attn/Target/NVVM/Passes.h.inc"
} // namespace mlir::attn

using namespace mlir;
using namespace mlir::attn;

/// What of -O3 changes kernels. They come out of MLIR with loops, registers and
/// waits where they are to be, LLVM's code generator eliminates what is
/// redundant once more, and ptxas optimizes all of it again: the rest takes
/// half of the time, and the PTX of kernels without masks is the same to the
/// byte.
#define INSTCOMBINE "instcombine<no-verify-fixpoint>"
constexpr llvm::StringLiteral kPasses =
    "function(nvvm-intr-range,sroa,early-cse,sccp," INSTCOMBINE ",simplifycfg,"
    "early-cse<memssa>,speculative-execution<only-if-divergent-target>,"
    "correlated-propagation," INSTCOMBINE ",reassociate,"
    "loop-mssa(loop-instsimplify,loop-simplifycfg,licm<no-allowspeculation>,"
    "loop-rotate,licm,simple-loop-unswitch<nontrivial;trivial>),"
    "simplifycfg," INSTCOMBINE
    ",loop(loop-idiom,indvars,loop-deletion,loop-unroll-full),gvn,"
    "bdce,adce,dse,simplifycfg<hoist-common-insts;sink-common-insts>,"
    "loop(loop-rotate,loop-deletion)," INSTCOMBINE
    ",loop-unroll<O3>," INSTCOMBINE
    ",loop-mssa(licm),loop-sink,instsimplify,div-rem-pairs)";
#undef INSTCOMBINE

namespace {

class PTXSerializer : public NVVM::SerializeGPUModuleBase {
public:
  using SerializeGPUModuleBase::SerializeGPUModuleBase;

protected:
  LogicalResult optimizeModule(llvm::Module &module, int) override {
    FailureOr<llvm::TargetMachine *> machine = getOrCreateTargetMachine();
    if (failed(machine))
      return failure();
    llvm::LoopAnalysisManager loops;
    llvm::FunctionAnalysisManager functions;
    llvm::CGSCCAnalysisManager components;
    llvm::ModuleAnalysisManager modules;
    llvm::PassBuilder builder(*machine);
    builder.registerModuleAnalyses(modules);
    builder.registerCGSCCAnalyses(components);
    builder.registerFunctionAnalyses(functions);
    builder.registerLoopAnalyses(loops);
    builder.crossRegisterProxies(loops, functions, components, modules);
    llvm::ModulePassManager passes;
    if (llvm::Error error = builder.parsePassPipeline(passes, kPasses))
      return getOperation().emitError(llvm::toString(std::move(error)));
    passes.run(module, modules);
    return success();
  }

  FailureOr<SmallVector<char, 0>>
  moduleToObject(llvm::Module &module) override {
    FailureOr<llvm::TargetMachine *> machine = getOrCreateTargetMachine();
    if (failed(machine))
      return failure();
    // What the code generator does beyond is done above.
    (*machine)->setOptLevel(llvm::CodeGenOptLevel::Default);
    FailureOr<SmallString<0>> ptx = translateModuleToISA(
        module, **machine, [&] { return getOperation().emitError(); });
    if (failed(ptx))
      return failure();
    return SmallVector<char, 0>(ptx->begin(), ptx->end());
  }
};

struct GPUModuleToPTXPass
    : attn::impl::AttnGPUModuleToPTXPassBase<GPUModuleToPTXPass> {
  using AttnGPUModuleToPTXPassBase::AttnGPUModuleToPTXPassBase;

  void runOnOperation() override {
    for (gpu::GPUModuleOp module :
         llvm::make_early_inc_range(getOperation().getOps<gpu::GPUModuleOp>()))
      if (failed(serialize(module)))
        return signalPassFailure();
  }

private:
  LogicalResult serialize(gpu::GPUModuleOp module) {
    ArrayAttr targets = module.getTargetsAttr();
    auto target = targets && targets.size() == 1
                      ? dyn_cast<NVVM::NVVMTargetAttr>(targets[0])
                      : NVVM::NVVMTargetAttr();
    if (!target)
      return module.emitError("expected one target of NVVM");
    NVVM::SerializeGPUModuleBase::init();
    std::optional<SmallVector<char, 0>> ptx =
        PTXSerializer(*module, target).run();
    if (!ptx)
      return module.emitError("cannot make PTX");
    OpBuilder builder(module);
    auto object = gpu::ObjectAttr::get(
        &getContext(), target, gpu::CompilationTarget::Assembly,
        builder.getStringAttr(StringRef(ptx->data(), ptx->size())),
        DictionaryAttr(), gpu::KernelTableAttr());
    gpu::BinaryOp::create(builder, module.getLoc(), module.getName(),
                          /*offloadingHandler=*/{},
                          builder.getArrayAttr(object));
    module.erase();
    return success();
  }
};

} // namespace
