//===- SdpaLowering.cpp - An op and its kernels --------------- *- C++ -*-===//
//
// Part of the attn-mlir project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "SdpaLowering.h"
#include "KernelEmitter.h"
#include "KernelInterface.h"
#include "attn/Dialect/Attn/IR/MaskAnalysis.h"
#include "attn/Dialect/Attn/Utils/KernelName.h"
#include "attn/Dialect/Attn/Utils/ShapeChecks.h"
#include "mlir/Dialect/ControlFlow/IR/ControlFlowOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/Matchers.h"
#include "mlir/Transforms/RegionUtils.h"
#include "llvm/Support/FormatVariadic.h"

using namespace mlir;
using namespace mlir::attn;

namespace {

class SdpaLowering {
public:
  SdpaLowering(SdpaOp op, const KernelSchedule &schedule,
               gpu::GPUModuleOp module, SymbolTable &kernels)
      : op(op), schedule(schedule), module(module), kernels(kernels),
        opBuilder(op), b(op.getLoc(), opBuilder), interface(b) {}

  void lower();

private:
  Value getOutputSize(int64_t dim) {
    return KernelInterface::getSize(b, op.getOutput(), dim);
  }
  Value getNumHeads() {
    return op.hasHeadDim() ? getOutputSize(op.getRank() - 3) : index(1);
  }
  Value getNumKeyHeads() {
    return KernelInterface::getSize(b, op.getKey(), op.getRank() - 3);
  }
  /// Without key heads there are no heads at all.
  Value getHeadsPerKeyHead() {
    return b.createOrFold<arith::DivSIOp>(
        getNumHeads(),
        b.createOrFold<arith::MaxSIOp>(getNumKeyHeads(), index(1)));
  }
  /// Queries of all heads.
  Value getNumRows() {
    return mul(numBatchHeads, getOutputSize(op.getRank() - 2));
  }
  /// What a row of tiles has a tile for: heads, or as many as a tile has.
  Value getNumTileHeads() {
    if (!schedule.packsHeads)
      return numBatchHeads;
    Value number = numHeadTiles;
    for (int64_t d = 0; d < op.getNumBatchDims(); ++d)
      number = mul(getOutputSize(d), number);
    return number;
  }
  Value getIsSplit() {
    return b.createOrFold<arith::CmpIOp>(arith::CmpIPredicate::sgt, numSplits,
                                         index(1));
  }
  Value index(int64_t value) {
    return arith::ConstantIndexOp::create(b, value);
  }
  Value mul(Value lhs, Value rhs) {
    return b.createOrFold<arith::MulIOp>(lhs, rhs);
  }
  Value encodeMap(Value memref, OpFoldResult rows, OpFoldResult heads = {});
  void passMaps();
  void passPointers();
  void passOutput();
  void checkAlignment(Value memref, int64_t bytes, StringRef name);
  void passBatchSizes(KernelInterface &interface, KernelArguments &arguments);
  void passSizes(KernelInterface &interface, KernelArguments &arguments);
  Value getSectionHeads();
  gpu::GPUFuncOp createKernel(KernelInterface &interface,
                              const KernelArguments &arguments,
                              StringRef suffix, void (KernelEmitter::*emit)());
  Value launchDocumentScan();
  Value getMaxTileKeys();
  void splitKeys();
  void packHeads();
  void passSplits();
  void launchMerge();
  gpu::LaunchFuncOp launch(gpu::GPUFuncOp function, KernelInterface &interface,
                           Value grid, int64_t numThreads, int64_t sharedBytes);
  void overlap(gpu::LaunchFuncOp launch);
  void launch();

  SdpaOp op;
  const KernelSchedule &schedule;
  gpu::GPUModuleOp module;
  SymbolTable &kernels;
  OpBuilder opBuilder;
  DeviceBuilder b;
  KernelInterface interface;
  KernelArguments arguments;
  Value numRowTiles, numBatchHeads, numTiles, numSequences;
  /// If heads that share keys are rows of a tile: as in KernelArguments.
  Value headsPerTile, headsPerConsumer, queriesPerHead, tilesPerGroup,
      numHeadTiles;
  /// Null if keys are not split: how many splits there are, and what is left of
  /// each.
  Value numSplits, splitOutput, splitMax, splitSum;
};

} // namespace

/// A map of slabs of 64 columns and `rows` rows of one head or as many as said;
/// its dimensions are those of the memref from the last to the first.
Value SdpaLowering::encodeMap(Value memref, OpFoldResult rows,
                              OpFoldResult heads) {
  auto type = cast<MemRefType>(memref.getType());
  constexpr int64_t kSlabColumns = 64, kElementBytes = 2;
  SmallVector<Value> sizes, strides, dynamicBox;
  SmallVector<OpFoldResult> mixedBox{b.getIndexAttr(kSlabColumns), rows};
  if (heads)
    mixedBox.push_back(heads);
  mixedBox.resize(type.getRank(), b.getIndexAttr(1));
  SmallVector<int64_t> box;
  dispatchIndexOpFoldResults(mixedBox, dynamicBox, box);
  for (int64_t d = type.getRank() - 1; d >= 0; --d) {
    // A map has no empty dimension; nothing is read of an empty tensor.
    Value size = KernelInterface::getSize(b, memref, d);
    sizes.push_back(b.createOrFold<arith::MaxSIOp>(size, index(1)));
    // The stride of a dimension of size one may be anything: give one that is
    // valid.
    strides.push_back(type.getDimSize(d) == 1
                          ? index(16)
                          : mul(KernelInterface::getStride(b, memref, d),
                                index(kElementBytes)));
  }
  return attn_gpu::EncodeTensorMapOp::create(
      b, KernelInterface::getAddress(b, memref), sizes, strides, dynamicBox,
      box, type.getElementType(), attn_gpu::Swizzle::B128);
}

void SdpaLowering::passMaps() {
  Attribute rows = b.getIndexAttr(attn_gpu::FragmentType::kRows);
  Attribute keys = b.getIndexAttr(schedule.blockKeys);
  interface.pass(schedule.packsHeads
                     ? encodeMap(op.getQuery(),
                                 getAsOpFoldResult(queriesPerHead),
                                 getAsOpFoldResult(headsPerConsumer))
                     : encodeMap(op.getQuery(), rows),
                 arguments.queryMap);
  interface.pass(encodeMap(op.getKey(), keys), arguments.keyMap);
  interface.pass(encodeMap(op.getValue(), keys), arguments.valueMap);
  if (schedule.storesOutput)
    passOutput();
  else
    interface.pass(encodeMap(op.getOutput(), rows), arguments.outputMap);

  // A counter; a head for each block and a link for each tile.
  Value words =
      b.createOrFold<arith::AddIOp>(mul(numTiles, index(2)), index(1));
  Value scratch = attn_gpu::ScratchOp::create(
      b, LLVM::LLVMPointerType::get(b.getContext()), mul(words, index(4)));
  interface.pass(scratch, arguments.scratch);
}

/// Requires what is not known of the alignment of an operand that is copied
/// `bytes` at a time.
void SdpaLowering::checkAlignment(Value memref, int64_t bytes, StringRef name) {
  auto type = cast<MemRefType>(memref.getType());
  int64_t elementBytes = type.getElementTypeBitWidth() / 8;
  if (bytes <= elementBytes)
    return;
  std::string message =
      llvm::formatv("attn.sdpa: expected {0} aligned to {1} bytes, rows "
                    "included",
                    name, bytes);
  auto check = [&](Value value) {
    if (std::optional<int64_t> known = getConstantIntValue(value);
        known && *known % bytes == 0)
      return;
    Value rest = arith::RemUIOp::create(b, value, index(bytes));
    cf::AssertOp::create(
        b, arith::CmpIOp::create(b, arith::CmpIPredicate::eq, rest, index(0)),
        message);
  };
  Value address = LLVM::PtrToIntOp::create(
      b, b.getI64Type(), KernelInterface::getAddress(b, memref));
  check(arith::IndexCastOp::create(b, b.getIndexType(), address));
  for (int64_t d = 0; d < type.getRank() - 1; ++d)
    if (type.getDimSize(d) != 1)
      check(mul(KernelInterface::getStride(b, memref, d), index(elementBytes)));
}

void SdpaLowering::passPointers() {
  checkAlignment(op.getQuery(), schedule.alignment, "queries");
  checkAlignment(op.getKey(), schedule.alignment, "keys");
  checkAlignment(op.getValue(), schedule.valueAlignment, "values");
  interface.passTensor(op.getQuery(), arguments.query);
  interface.passTensor(op.getKey(), arguments.key);
  interface.passTensor(op.getValue(), arguments.value);
  passOutput();
}

void SdpaLowering::passOutput() {
  if (KernelEmitter::storesRows(op, schedule))
    checkAlignment(op.getOutput(), schedule.outputAlignment, "outputs");
  interface.passTensor(op.getOutput(), arguments.output);
}

/// As many heads as have the keys of a section, within its bounds.
Value SdpaLowering::getSectionHeads() {
  Value numKeys = KernelInterface::getSize(b, op.getKey(), op.getRank() - 2);
  numKeys = b.createOrFold<arith::MaxSIOp>(numKeys, index(1));
  Value heads =
      b.createOrFold<arith::DivSIOp>(index(schedule.sectionKeys), numKeys);
  heads = b.createOrFold<arith::MaxSIOp>(
      heads, index(KernelSchedule::kMinSectionHeads));
  return b.createOrFold<arith::MinSIOp>(
      heads, index(KernelSchedule::kMaxSectionHeads));
}

void SdpaLowering::passBatchSizes(KernelInterface &interface,
                                  KernelArguments &arguments) {
  arguments.batchSizes.resize(op.getNumBatchDims());
  for (int64_t d = 0; d < op.getNumBatchDims(); ++d)
    interface.passSize(getOutputSize(d), arguments.batchSizes[d]);
}

/// What tells where a tile is and which keys it needs.
void SdpaLowering::passSizes(KernelInterface &interface,
                             KernelArguments &arguments) {
  int64_t rank = op.getRank();
  interface.passSize(getOutputSize(rank - 2), arguments.numQueries);
  interface.passSize(KernelInterface::getSize(b, op.getKey(), rank - 2),
                     arguments.numKeys);
  passBatchSizes(interface, arguments);
  interface.passSize(numRowTiles, arguments.numRowTiles);
  if (schedule.sectionHeads == 0)
    interface.passSize(getSectionHeads(), arguments.sectionHeads);
  interface.passTensor(op.getQueryDocuments(), arguments.queryDocuments);
  interface.passTensor(op.getKeyDocuments(), arguments.keyDocuments);
  interface.passTensor(op.getKeyLengths(), arguments.keyLengths);
  interface.passTensor(op.getCuSeqlensQ(), arguments.queryEnds);
  interface.passTensor(op.getCuSeqlensK(), arguments.keyEnds);
  if (op.isRagged())
    interface.passSize(numSequences, arguments.numSequences);
}

gpu::LaunchFuncOp SdpaLowering::launch(gpu::GPUFuncOp function,
                                       KernelInterface &interface, Value grid,
                                       int64_t numThreads,
                                       int64_t sharedBytes) {
  Value one = index(1);
  return gpu::LaunchFuncOp::create(b, function, gpu::KernelDim3{grid, one, one},
                                   gpu::KernelDim3{index(numThreads), one, one},
                                   b.i32(sharedBytes), interface.getOperands());
}

/// Lets a launch begin before the one before it has ended.
void SdpaLowering::overlap(gpu::LaunchFuncOp launch) {
  if (schedule.overlapsLaunches)
    launch->setAttr(attn_gpu::AttnGPUDialect::kProgrammaticAttrName,
                    b.getUnitAttr());
}

/// A kernel whose body `emit` makes; the name tells kernels of one op apart.
gpu::GPUFuncOp SdpaLowering::createKernel(KernelInterface &interface,
                                          const KernelArguments &arguments,
                                          StringRef suffix,
                                          void (KernelEmitter::*emit)()) {
  OpBuilder kernelBuilder(op.getContext());
  DeviceBuilder kernel(op.getLoc(), kernelBuilder);
  std::string name =
      getKernelName(op, schedule.getTileRows(), schedule.blockKeys);
  gpu::GPUFuncOp function =
      interface.create(module, name + suffix.str(), kernel);
  kernels.insert(function);
  (KernelEmitter(kernel, op, schedule, arguments).*emit)();
  return function;
}

/// Launches the kernel that finds the keys of a tile's documents; returns the
/// memory with its results.
Value SdpaLowering::launchDocumentScan() {
  Value numRanges = numRowTiles;
  for (int64_t d = 0; d < op.getNumBatchDims(); ++d)
    numRanges = mul(numRanges, getOutputSize(d));
  int64_t rangeBytes =
      4 * KernelEmitter::kRangeWords * schedule.getDocumentRanges();
  Value ranges =
      attn_gpu::ScratchOp::create(b, LLVM::LLVMPointerType::get(b.getContext()),
                                  mul(numRanges, index(rangeBytes)));
  KernelInterface scanInterface(b);
  KernelArguments scanArguments;
  passSizes(scanInterface, scanArguments);
  scanInterface.passSize(index(1), scanArguments.numHeads);
  scanInterface.passSize(index(1), scanArguments.headsPerKeyHead);
  scanInterface.pass(ranges, scanArguments.documentRanges);
  gpu::GPUFuncOp function =
      createKernel(scanInterface, scanArguments, "_documents",
                   &KernelEmitter::emitDocumentScan);
  launch(function, scanInterface, numRanges,
         128 * KernelEmitter::kScanWarpgroups, /*sharedBytes=*/0);
  return ranges;
}

/// Allocates what splits leave, if there are several.
void SdpaLowering::passSplits() {
  if (!numSplits)
    return;
  interface.passSize(numSplits, arguments.numSplits);
  Value count =
      b.createOrFold<arith::SelectOp>(getIsSplit(), numSplits, index(0));
  Value numQueries = getOutputSize(op.getRank() - 2);
  constexpr int64_t kDynamic = ShapedType::kDynamic;
  auto allocate = [&](ArrayRef<int64_t> shape) -> Value {
    return memref::AllocOp::create(b, MemRefType::get(shape, b.getF32Type()),
                                   ValueRange{count, numBatchHeads, numQueries},
                                   b.getI64IntegerAttr(16));
  };
  splitOutput = allocate({kDynamic, kDynamic, kDynamic,
                          int64_t(llvm::alignTo(op.getValueDim(), 8))});
  splitMax = allocate({kDynamic, kDynamic, kDynamic});
  splitSum = allocate({kDynamic, kDynamic, kDynamic});
  interface.passTensor(splitOutput, arguments.splitOutput);
  interface.passTensor(splitMax, arguments.splitMax);
  interface.passTensor(splitSum, arguments.splitSum);
}

/// Launches the kernel that merges splits.
void SdpaLowering::launchMerge() {
  KernelInterface mergeInterface(b);
  KernelArguments mergeArguments;
  int64_t rank = op.getRank();
  Value numQueries = getOutputSize(rank - 2);
  mergeInterface.passSize(numQueries, mergeArguments.numQueries);
  mergeInterface.passSize(getNumHeads(), mergeArguments.numHeads);
  mergeInterface.passSize(numBatchHeads, mergeArguments.numBatchHeads);
  passBatchSizes(mergeInterface, mergeArguments);
  mergeInterface.passSize(numSplits, mergeArguments.numSplits);
  mergeInterface.passTensor(splitOutput, mergeArguments.splitOutput);
  mergeInterface.passTensor(splitMax, mergeArguments.splitMax);
  mergeInterface.passTensor(splitSum, mergeArguments.splitSum);
  mergeInterface.passTensor(op.getOutput(), mergeArguments.output);
  mergeInterface.passTensor(op.getLse(), mergeArguments.lse);
  mergeInterface.passTensor(op.getMaxScores(), mergeArguments.maxScores);
  mergeInterface.passTensor(op.getSinks(), mergeArguments.sinks);
  gpu::GPUFuncOp function = createKernel(mergeInterface, mergeArguments,
                                         "_merge", &KernelEmitter::emitMerge);
  constexpr int64_t kBlock = KernelSchedule::kMergeBlock;
  b.ifThen(getIsSplit(), [&] {
    Value numBlocks = b.createOrFold<arith::CeilDivSIOp>(
        getNumRows(), index(kBlock / schedule.mergeThreads));
    overlap(
        launch(function, mergeInterface, numBlocks, kBlock, /*sharedBytes=*/0));
  });
}

void SdpaLowering::launch() {
  if (schedule.isHopper())
    passMaps();
  else
    passPointers();
  Value headsPerKeyHead = op.hasHeadDim() ? getHeadsPerKeyHead() : index(1);
  passSizes(interface, arguments);
  interface.passSize(getNumHeads(), arguments.numHeads);
  interface.passSize(headsPerKeyHead, arguments.headsPerKeyHead);
  if (schedule.packsHeads) {
    interface.passSize(headsPerTile, arguments.headsPerTile);
    interface.passSize(headsPerConsumer, arguments.headsPerConsumer);
    interface.passSize(queriesPerHead, arguments.queriesPerHead);
    interface.passSize(tilesPerGroup, arguments.tilesPerGroup);
    interface.passSize(numHeadTiles, arguments.numHeadTiles);
    interface.passSize(
        b.createOrFold<arith::CeilDivSIOp>(index(1 << 16), queriesPerHead),
        arguments.headOfRowFactor);
    interface.passSize(getNumTileHeads(), arguments.numBatchHeads);
  } else {
    interface.passSize(numBatchHeads, arguments.numBatchHeads);
  }
  interface.passSize(numTiles, arguments.numTiles);
  passSplits();
  if (op.getQueryDocuments())
    interface.pass(launchDocumentScan(), arguments.documentRanges);

  if (Value scale = op.getScale()) {
    if (scale.getType().isF64())
      scale = arith::TruncFOp::create(b, b.getF32Type(), scale);
    else if (!scale.getType().isF32())
      scale = arith::ExtFOp::create(b, b.getF32Type(), scale);
    interface.pass(scale, arguments.scale);
  }
  interface.passTensor(op.getLse(), arguments.lse);
  interface.passTensor(op.getMaxScores(), arguments.maxScores);
  interface.passTensor(op.getBias(), arguments.bias);
  interface.passTensor(op.getMask(), arguments.mask);
  interface.passTensor(op.getSinks(), arguments.sinks);
  SetVector<Value> captured;
  getUsedValuesDefinedAbove(op->getRegions(), captured);
  for (Value value : captured)
    interface.capture(value, arguments.captured);

  gpu::GPUFuncOp function =
      createKernel(interface, arguments, "", &KernelEmitter::emit);

  // Hopper's kernels hand out tiles themselves.
  Value grid = numTiles;
  if (schedule.isHopper())
    grid = b.createOrFold<arith::MinSIOp>(
        numTiles, attn_gpu::MultiprocessorCountOp::create(b));
  gpu::LaunchFuncOp main =
      launch(function, interface, grid, schedule.getNumThreads(),
             schedule.getSharedBytes());
  if (op.getQueryDocuments())
    overlap(main);
  if (numSplits)
    launchMerge();
}

/// The keys that a tile may need at most.
Value SdpaLowering::getMaxTileKeys() {
  Value numKeys = KernelInterface::getSize(b, op.getKey(), op.getRank() - 2);
  StructuralMaskInterface structure = op.getStructureAttr();
  if (!structure)
    return numKeys;
  // Those of one query, far from both ends.
  constexpr int64_t kFar = int64_t(1) << 30;
  KeyInterval keys = structure.getKeyInterval(kFar, 2 * kFar, 2 * kFar);
  if (keys.begin <= 0 || keys.end >= 2 * kFar)
    return numKeys;
  return b.createOrFold<arith::MinSIOp>(
      numKeys, index(keys.end - keys.begin + schedule.getTileQueries()));
}

/// Heads that share keys, as many as have room, become rows of one tile.
void SdpaLowering::packHeads() {
  Value one = index(1);
  Value group = b.createOrFold<arith::MaxSIOp>(getHeadsPerKeyHead(), one);
  Value rows = index(attn_gpu::FragmentType::kRows);
  queriesPerHead = b.createOrFold<arith::MinSIOp>(
      b.createOrFold<arith::MaxSIOp>(getOutputSize(op.getRank() - 2), one),
      rows);
  headsPerConsumer = b.createOrFold<arith::MinSIOp>(
      b.createOrFold<arith::DivSIOp>(rows, queriesPerHead), group);
  headsPerTile = b.createOrFold<arith::MinSIOp>(
      mul(headsPerConsumer, index(schedule.consumers)), group);
  tilesPerGroup = b.createOrFold<arith::CeilDivSIOp>(group, headsPerTile);
  numHeadTiles = mul(getNumKeyHeads(), tilesPerGroup);
}

/// Multiplies the tiles by the splits of each.
void SdpaLowering::splitKeys() {
  if (schedule.numSplits > 1) {
    numSplits = index(schedule.numSplits);
  } else {
    Value numBlocks = b.createOrFold<arith::CeilDivSIOp>(
        getMaxTileKeys(), index(schedule.blockKeys));
    numSplits = attn_gpu::ChooseSplitsOp::create(
        b, numTiles, numBlocks, getNumRows(),
        schedule.isHopper() ? 1 : schedule.blocks,
        /*varying=*/bool(op.getKeyLengths()));
  }
  numTiles = mul(numTiles, numSplits);
}

void SdpaLowering::lower() {
  buildShapeChecks(b, op, /*readsElements=*/false);
  numBatchHeads = index(1);
  for (int64_t d = 0; d < op.getRank() - 2; ++d)
    numBatchHeads = mul(numBatchHeads, getOutputSize(d));
  Value tileQueries = index(schedule.getTileQueries());
  Value numQueries = getOutputSize(op.getRank() - 2);
  numRowTiles = b.createOrFold<arith::CeilDivSIOp>(numQueries, tileQueries);
  if (op.isRagged()) {
    // As many as there may be: lengths are known to the kernel only.
    numSequences = b.createOrFold<arith::SubIOp>(
        KernelInterface::getSize(b, op.getCuSeqlensQ(), 0), index(1));
    Value most = b.createOrFold<arith::DivSIOp>(numQueries, tileQueries);
    most = b.createOrFold<arith::AddIOp>(most, numSequences);
    most = b.createOrFold<arith::AddIOp>(most, index(1));
    Value isEmpty = b.createOrFold<arith::CmpIOp>(arith::CmpIPredicate::eq,
                                                  numQueries, index(0));
    numRowTiles = b.createOrFold<arith::SelectOp>(isEmpty, index(0), most);
  }
  if (schedule.packsHeads)
    packHeads();
  numTiles = mul(numRowTiles, getNumTileHeads());
  if (schedule.splitsKeys)
    splitKeys();
  // Kernels count in 32 bits, some of which mark messages.
  constexpr int64_t kLimit = int64_t(1) << 28;
  auto check = [&](Value value, StringRef message) {
    if (std::optional<int64_t> known = getConstantIntValue(value);
        known && *known < kLimit)
      return;
    Value fits = arith::CmpIOp::create(b, arith::CmpIPredicate::slt, value,
                                       index(kLimit));
    cf::AssertOp::create(b, fits, message);
  };
  check(numQueries, "attn.sdpa: too many queries for a kernel");
  check(KernelInterface::getSize(b, op.getKey(), op.getRank() - 2),
        "attn.sdpa: too many keys for a kernel");
  check(numTiles, "attn.sdpa: too many tiles for a kernel");
  if (schedule.splitsKeys) {
    check(b.createOrFold<arith::SelectOp>(getIsSplit(), getNumRows(), index(0)),
          "attn.sdpa: too many queries of all heads for a kernel");
  }

  std::optional<int64_t> known = getConstantIntValue(numTiles);
  if (!known) {
    Value isNonempty =
        arith::CmpIOp::create(b, arith::CmpIPredicate::sgt, numTiles, index(0));
    b.ifThen(isNonempty, [&] { launch(); });
  } else if (*known > 0) {
    launch();
  }
  op->erase();
}

void attn::lowerSdpa(SdpaOp op, const KernelSchedule &schedule,
                     gpu::GPUModuleOp module, SymbolTable &kernels) {
  SdpaLowering(op, schedule, module, kernels).lower();
}
