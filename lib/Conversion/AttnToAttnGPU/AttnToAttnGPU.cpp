//===- AttnToAttnGPU.cpp - attn to attn_gpu -------------------- *- C++ -*-===//
//
// Part of the attn-mlir project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "SdpaLowering.h"
#include "attn/Conversion/Passes.h"
#include "attn/Dialect/Attn/Utils/CUDASupport.h"
#include "mlir/Dialect/ControlFlow/IR/ControlFlowOps.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/Remarks.h"

namespace mlir::attn {
#define GEN_PASS_DEF_CONVERTATTNTOATTNGPUPASS
#include "attn/Conversion/Passes.h.inc"
} // namespace mlir::attn

using namespace mlir;
using namespace mlir::attn;

namespace {

/// Reports why a kernel cannot take the op.
LogicalResult verifySupported(SdpaOp op) {
  if (op.hasTensorSemantics())
    return op.emitError("expected attn.sdpa on memrefs: bufferize first");
  if (std::optional<std::string> obstacle = getCUDAFlashObstacle(op))
    return op.emitError("the flash backend of CUDA cannot take this op: ")
           << *obstacle;
  return success();
}

//===----------------------------------------------------------------------===//
// The pass
//===----------------------------------------------------------------------===//

/// Sums and products of counts that options force must not overflow.
constexpr int64_t kMaxCount = int64_t(1) << 20;
constexpr int64_t kMaxSplits = 128;

struct ConvertAttnToAttnGPUPass
    : attn::impl::ConvertAttnToAttnGPUPassBase<ConvertAttnToAttnGPUPass> {
  using ConvertAttnToAttnGPUPassBase::ConvertAttnToAttnGPUPassBase;

  LogicalResult initialize(MLIRContext *context) override {
    auto emitOptionError = [&]() {
      return emitError(UnknownLoc::get(context))
             << "convert-attn-to-attn-gpu: ";
    };
    StringRef number = chip;
    unsigned major;
    if (!number.consume_front("sm_") || number.consumeInteger(10, major) ||
        major < 80)
      return emitOptionError()
             << "expected a chip from sm_80 on, got '" << chip << "'";
    // The first version of PTX that knows the chip, of those with all that
    // kernels use.
    features = major < 100 ? "+ptx86" : "+ptx88";
    options.maxSharedBytes = getMaxSharedBytes(major);
    options.overlapsLaunches = major >= 90;
    options.consumers = consumers;
    options.blockKeys = blockKeys;
    options.stages = stages;
    options.queryStages = queryStages;
    options.sectionHeads = sectionHeads;
    options.keySplits = keySplits;
    for (int64_t value :
         {consumers.getValue(), blockKeys.getValue(), stages.getValue(),
          queryStages.getValue(), sectionHeads.getValue()})
      if (value < 0 || value > kMaxCount)
        return emitOptionError() << "expected a number from 0 to " << kMaxCount
                                 << ", got " << value;
    // Kernels multiply it by the tiles of a head, which are below 2^24.
    constexpr int64_t kMaxSection = 128;
    if (sectionHeads > kMaxSection)
      return emitOptionError()
             << "expected sections of " << kMaxSection << " heads at most, got "
             << sectionHeads.getValue();
    if (keySplits < 0 || keySplits > kMaxSplits)
      return emitOptionError()
             << "expected 0 to " << kMaxSplits << " splits of keys, got "
             << keySplits.getValue();
    // One of two words, or auto for neither.
    auto readWord = [&](StringRef name, StringRef given, StringRef first,
                        StringRef second,
                        std::optional<bool> &isFirst) -> LogicalResult {
      if (given == "auto")
        return success();
      if (given != first && given != second)
        return emitOptionError()
               << "expected " << name << " auto, " << first << " or " << second
               << ", got '" << given << "'";
      isFirst = given == first;
      return success();
    };
    std::optional<bool> copiesOutput;
    if (failed(readWord("turns", turns, "on", "off", options.turns)) ||
        failed(readWord("output", output, "copied", "stored", copiesOutput)) ||
        failed(readWord("narrow-blocks", narrowBlocks, "on", "off",
                        options.narrowsBlocks)) ||
        failed(readWord("query-registers", queryRegisters, "on", "off",
                        options.holdsQueries)) ||
        failed(
            readWord("split-keys", splitKeys, "on", "off", options.splitsKeys)))
      return failure();
    if (!llvm::is_contained({"auto", "on", "off", "grouped"},
                            StringRef(fewQueries)))
      return emitOptionError()
             << "expected few-queries auto, on, off or grouped, got '"
             << fewQueries.getValue() << "'";
    if (fewQueries != "auto")
      hasFewQueries = fewQueries != "off";
    options.hasManyRows = fewQueries == "grouped";
    if (copiesOutput)
      options.storesOutput = !*copiesOutput;
    if (f32 != "auto") {
      std::optional<F32Product> product = symbolizeF32Product(f32);
      if (!product)
        return emitOptionError()
               << "expected f32 auto, bf16x3 or tf32, got '" << f32 << "'";
      options.f32 = *product;
    }
    if (softmax != "auto") {
      options.softmax = symbolizeSoftmaxForm(softmax);
      if (!options.softmax)
        return emitOptionError()
               << "expected softmax auto, standard, lazy or optimistic, got '"
               << softmax << "'";
    }
    return success();
  }

  void runOnOperation() override {
    SmallVector<SdpaOp> ops;
    getOperation().walk([&](SdpaOp op) {
      if (op.getBackend() == Backend::Flash)
        ops.push_back(op);
    });
    if (ops.empty())
      return;
    SymbolTable symbols(getOperation());
    OpBuilder builder(&getContext());
    Attribute target = NVVM::NVVMTargetAttr::get(
        &getContext(), /*optLevel=*/3, "nvptx64-nvidia-cuda", chip, features);
    auto module = gpu::GPUModuleOp::create(builder, getOperation().getLoc(),
                                           "attn_kernels", target);
    symbols.insert(module);
    getOperation()->setAttr(gpu::GPUDialect::getContainerModuleAttrName(),
                            builder.getUnitAttr());
    SymbolTable kernels(module);
    for (SdpaOp op : ops) {
      if (failed(verifySupported(op)))
        return signalPassFailure();
      options.family = chooseFamily(op);
      options.hasFewQueries =
          !op.isRagged() && hasFewQueries.value_or(areQueriesFew(op));
      if (keepsAllKeys(op))
        op.removeStructureAttr();
      options.mergesManyRows = mergesManyRows(op);
      options.packsHeads = options.hasFewQueries && packsHeads(op);
      options.readsKeysOnce = options.hasFewQueries && readsKeysOnce(op);
      FailureOr<KernelSchedule> schedule = chooseSchedule(op, options);
      if (failed(schedule))
        return signalPassFailure();
      remark::analysis(
          op.getLoc(),
          remark::RemarkOpts::name("Schedule").category("attn-schedule"))
          << describeSchedule(*schedule);
      lowerSdpa(op, *schedule, module, kernels);
      ++numLowered;
    }
  }

private:
  /// Tensor maps describe up to five dimensions with rows of whole 16 bytes;
  /// Hopper, too, runs what has no need of them.
  KernelFamily chooseFamily(SdpaOp op) {
    constexpr int64_t kMaxRank = 5;
    bool fitsMaps = op.getRank() <= kMaxRank && op.getHeadDim() % 8 == 0 &&
                    op.getValueDim() % 8 == 0 &&
                    !op.getQueryType().getElementType().isF32();
    return chip == "sm_90a" && fitsMaps ? KernelFamily::Hopper
                                        : KernelFamily::Ampere;
  }

  /// Whether all queries of a head are of one tile, and keys may be many, as
  /// far as sizes are known.
  bool areQueriesFew(SdpaOp op) {
    constexpr int64_t kFewKeys = 512;
    int64_t numQueries = op.getNumQueries(), numKeys = op.getNumKeys();
    return !ShapedType::isDynamic(numQueries) &&
           numQueries <= attn_gpu::FragmentType::kRows &&
           (ShapedType::isDynamic(numKeys) || numKeys > kFewKeys);
  }

  /// Whether the structure keeps every key for the only query.
  bool keepsAllKeys(SdpaOp op) {
    auto causal = dyn_cast_if_present<CausalAttr>(op.getStructureAttr());
    return causal && causal.getAlignment() == Alignment::BottomRight &&
           op.getNumQueries() == 1 && !op.isRagged();
  }

  /// Whether outputs of splits may have enough rows to keep the GPU busy with a
  /// warp for each.
  bool mergesManyRows(SdpaOp op) {
    constexpr int64_t kFewRows = 4;
    int64_t numQueries = op.getNumQueries();
    return ShapedType::isDynamic(numQueries) || numQueries > kFewRows;
  }

  /// Whether heads may share keys, and several have room in a tile, if only
  /// each for one consumer. Documents are those of the rows of one head.
  bool packsHeads(SdpaOp op) {
    if (!op.hasHeadDim() || op.isRagged() || op.getQueryDocuments())
      return false;
    int64_t dim = op.getRank() - 3, numQueries = op.getNumQueries();
    int64_t numHeads = op.getOutputType().getDimSize(dim);
    bool isShared = ShapedType::isDynamic(numHeads) ||
                    numHeads != op.getKeyType().getDimSize(dim);
    return isShared && (ShapedType::isDynamic(numQueries) ||
                        numQueries <= attn_gpu::FragmentType::kRows);
  }

  /// Whether keys are of one tile of queries, as far as sizes are known: of one
  /// head, or the heads that share keys, of one batch.
  bool readsKeysOnce(SdpaOp op) {
    ArrayRef<int64_t> output = op.getOutputType().getShape(),
                      key = op.getKeyType().getShape();
    int64_t numQueries = op.getNumQueries(), rank = op.getRank();
    constexpr int64_t kRows = attn_gpu::FragmentType::kRows;
    if (ShapedType::isDynamic(numQueries) || numQueries > kRows)
      return false;
    if (op.hasHeadDim()) {
      int64_t numHeads = output[rank - 3], numKeyHeads = key[rank - 3];
      bool isKnown = !ShapedType::isDynamic(numHeads) &&
                     !ShapedType::isDynamic(numKeyHeads);
      // Groups of more heads than a tile has room for are rare.
      if (!(isKnown && numHeads == numKeyHeads) &&
          !(options.packsHeads &&
            (isKnown ? numHeads * numQueries <= 2 * kRows * numKeyHeads
                     : numQueries == 1)))
        return false;
    }
    return llvm::all_of(llvm::seq(op.getNumBatchDims()), [&](int64_t d) {
      return key[d] != 1 || output[d] == 1;
    });
  }

  ScheduleOptions options;
  /// As said; otherwise it depends on sizes. Lengths of sequences are not
  /// known.
  std::optional<bool> hasFewQueries;
  StringRef features;
};

} // namespace
