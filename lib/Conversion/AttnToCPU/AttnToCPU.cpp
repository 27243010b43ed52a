//===- AttnToCPU.cpp - attn to scf and vector -------------------*- C++ -*-===//
//
// Part of the attn-mlir project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "SdpaLowering.h"
#include "TileEmitter.h"
#include "attn/Conversion/Passes.h"
#include "attn/Conversion/Utils/StackCheck.h"
#include "attn/Dialect/Attn/IR/MaskAnalysis.h"
#include "attn/Dialect/Attn/Utils/KernelName.h"
#include "attn/Dialect/Attn/Utils/ShapeChecks.h"
#include "mlir/Dialect/AMX/AMXDialect.h"
#include "mlir/Dialect/ControlFlow/IR/ControlFlow.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/X86Vector/X86VectorDialect.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/SymbolTable.h"
#include "mlir/Transforms/RegionUtils.h"

namespace mlir::attn {
#define GEN_PASS_DEF_CONVERTATTNTOCPUPASS
#include "attn/Conversion/Passes.h.inc"
} // namespace mlir::attn

using namespace mlir;
using namespace mlir::attn;

static Captures getCaptures(SdpaOp op) {
  SetVector<Value> values;
  getUsedValuesDefinedAbove(op->getRegions(), values);
  Captures captures;
  for (Value value : values) {
    Operation *definition = value.getDefiningOp();
    if (definition && definition->hasTrait<OpTrait::ConstantLike>())
      captures.constants.push_back(definition);
    else
      captures.arguments.push_back(value);
  }
  return captures;
}

SdpaLowering::SdpaLowering(SdpaOp op, SymbolTable &symbols)
    : op(op), schedules(getSchedules(op)), schedule(schedules.back()),
      symbols(symbols), opBuilder(op),
      b(op.getLoc(), opBuilder, schedule.getVectorSize()),
      captures(getCaptures(op)) {}

SmallVector<CPUScheduleAttr> SdpaLowering::getSchedules(SdpaOp op) {
  if (auto schedule = dyn_cast_or_null<CPUScheduleAttr>(op.getScheduleAttr()))
    return {schedule};
  auto ragged = dyn_cast_or_null<CPURaggedScheduleAttr>(op.getScheduleAttr());
  if (!ragged || !op.isRagged())
    return {};
  return llvm::map_to_vector(ragged.getMembers(), [](Attribute member) {
    return cast<CPUScheduleAttr>(member);
  });
}

/// Size of dimension `dim` of [B..., Hq, Lq].
Value SdpaLowering::getLogitDimSize(int64_t dim) {
  return b.dim(op.getOutput(), dim);
}

/// The trailing dimensions of `source` for the head with indices `leading`
/// (aligned at the right, dimensions of size one broadcast).
Value SdpaLowering::getHeadSlice(Value source, int64_t numTrailing,
                                 ValueRange leading, bool isKeyHead) {
  if (!source)
    return {};
  auto type = cast<MemRefType>(source.getType());
  int64_t rank = type.getRank();
  // A source of lower rank than its slice broadcasts over what it lacks.
  int64_t numSourceLeading = std::max<int64_t>(rank - numTrailing, 0);
  SmallVector<DimPart> parts;
  for (int64_t d = 0; d < numSourceLeading; ++d) {
    DimPart part{d, b.getIndexAttr(0), b.getIndexAttr(1), /*dropped=*/true};
    if (type.getDimSize(d) != 1) {
      Value index = leading[leading.size() - numSourceLeading + d];
      if (isKeyHead && d == numSourceLeading - 1) {
        // Query head h reads key head h / (Hq / Hkv).
        Value keyHeads = b.max(b.dim(source, d), b.index(1));
        Value group = b.div(getLogitDimSize(op.getRank() - 3), keyHeads);
        index = b.div(index, b.max(group, b.index(1)));
      }
      part.offset = getAsOpFoldResult(index);
    }
    parts.push_back(part);
  }
  Value slice = buildSlice(b, source, parts);
  if (rank >= numTrailing)
    return slice;
  // Unit dimensions are added in front of what is there.
  SmallVector<ReassociationIndices> groups(rank);
  int64_t missing = numTrailing - rank;
  for (int64_t d = 0; d < numTrailing; ++d)
    groups.empty() ? (void)0
                   : groups[std::max<int64_t>(d - missing, 0)].push_back(d);
  SmallVector<int64_t> shape(missing, 1);
  llvm::append_range(shape, type.getShape());
  SmallVector<OpFoldResult> outputShape(missing, b.getIndexAttr(1));
  for (int64_t d = 0; d < rank; ++d)
    outputShape.push_back(getAsOpFoldResult(b.dim(source, d)));
  return memref::ExpandShapeOp::create(b, shape, slice, groups, outputShape);
}

/// The operands of a head, those of one sequence if the batch is ragged.
SdpaLowering::HeadOperands
SdpaLowering::getHeadOperands(ValueRange leading, const Sequence *sequence) {
  ValueRange batch = op.hasHeadDim() ? leading.drop_back() : leading;
  // What there is for each sequence has a dimension more.
  SmallVector<Value> pairLeading(leading), sequences(batch);
  if (sequence) {
    sequences.push_back(sequence->index);
    pairLeading = getRegionIndices(leading, sequence->index);
  }
  HeadOperands operands;
  operands.query = getHeadSlice(op.getQuery(), 2, leading, false);
  operands.key = getHeadSlice(op.getKey(), 2, leading, true);
  operands.value = getHeadSlice(op.getValue(), 2, leading, true);
  operands.bias = getHeadSlice(op.getBias(), 2, pairLeading, false);
  operands.mask = getHeadSlice(op.getMask(), 2, pairLeading, false);
  operands.queryDocuments =
      getHeadSlice(op.getQueryDocuments(), 1, batch, false);
  operands.keyDocuments = getHeadSlice(op.getKeyDocuments(), 1, batch, false);
  operands.output = getHeadSlice(op.getOutput(), 2, leading, false);
  operands.lse = getHeadSlice(op.getLse(), 1, leading, false);
  operands.maxScores = getHeadSlice(op.getMaxScores(), 1, leading, false);
  if (sequence)
    sliceSequence(operands, *sequence);
  if (operands.mask) {
    // A vector of i1 is packed bits, an i1 in memory is a byte: read bytes.
    auto type = cast<MemRefType>(operands.mask.getType());
    auto byteType = MemRefType::get(type.getShape(), b.getI8Type(),
                                    type.getLayout(), type.getMemorySpace());
    operands.mask =
        UnrealizedConversionCastOp::create(b, byteType, operands.mask)
            .getResult(0);
  }
  operands.scale = op.getScale();
  if (Value sinks = op.getSinks()) {
    bool isOne = cast<MemRefType>(sinks.getType()).getDimSize(0) == 1 ||
                 !op.hasHeadDim();
    operands.sink = b.load(sinks, isOne ? b.index(0) : leading.back());
  }
  if (Value lengths = op.getKeyLengths()) {
    auto type = cast<MemRefType>(lengths.getType());
    SmallVector<Value> indices(ArrayRef(sequences).take_back(type.getRank()));
    for (auto [index, size] : llvm::zip_equal(indices, type.getShape()))
      if (size == 1)
        index = b.index(0);
    Value length = b.load(lengths, indices);
    if (!length.getType().isIndex())
      length = arith::IndexCastOp::create(b, b.getIndexType(), length);
    operands.keyLength = b.max(length, b.index(0));
  }
  return operands;
}

/// What attn::translateAndOptimize is to do with a tile function: loops with
/// few products are worth unrolling, unless those are of tiles (16 cycles
/// each).
void SdpaLowering::setOptimization(func::FuncOp function) {
  constexpr int64_t kManyProducts = 16;
  int64_t numProducts = schedule.getValueRows() * schedule.getQueryVectors();
  bool decodes = schedule.getRowQueries() || schedule.getSplitKeys();
  bool hasLongLoops = !decodes && (schedule.getDot() == DotUnit::AMX ||
                                   numProducts >= kManyProducts);
  Builder builder(op.getContext());
  Attribute kernel[] = {builder.getStringAttr("attn-kernel"),
                        builder.getStringAttr(hasLongLoops ? "" : "unroll")};
  function->setAttr("passthrough",
                    builder.getArrayAttr({builder.getStringAttr("noinline"),
                                          builder.getArrayAttr(kernel)}));
}

func::FuncOp SdpaLowering::createTileFunction(HeadOperands operands,
                                              int64_t numLeading) {
  SmallVector<Type> types;
  for (Value *operand : operands.getAll())
    if (*operand)
      types.push_back(operand->getType());
  types.append(numLeading + 1, b.getIndexType());
  llvm::append_range(types, ValueRange(captures.arguments).getTypes());

  std::string name =
      getKernelName(op, schedule.getTileQueries(), schedule.getBlockKeys());
  if (operands.partial)
    name += operands.firstKey ? "_part" : "_combine";
  else if (operands.packedValue && !operands.output)
    name += "_pack";
  auto function = func::FuncOp::create(
      op.getLoc(), name, FunctionType::get(op.getContext(), types, {}));
  function.setPrivate();
  // Scratch memory is allocated in its entry block: it must stay a function.
  function.setNoInline(true);
  setOptimization(function);
  symbols.insert(function);

  Block *entry = function.addEntryBlock();
  OpBuilder bodyBuilder = OpBuilder::atBlockEnd(entry);
  KernelBuilder body(op.getLoc(), bodyBuilder, schedule.getVectorSize());
  auto argument = entry->args_begin();
  HeadOperands inside = operands;
  for (Value *operand : inside.getAll())
    if (*operand)
      *operand = *argument++;
  TileArguments arguments;
  arguments.query = inside.query;
  arguments.key = inside.key;
  arguments.value = inside.value;
  arguments.bias = inside.bias;
  arguments.mask = inside.mask;
  arguments.queryDocuments = inside.queryDocuments;
  arguments.keyDocuments = inside.keyDocuments;
  arguments.output = inside.output;
  arguments.lse = inside.lse;
  arguments.maxScores = inside.maxScores;
  arguments.scale = inside.scale;
  arguments.sink = inside.sink;
  arguments.keyLength = inside.keyLength;
  arguments.packedKey = inside.packedKey;
  arguments.packedValue = inside.packedValue;
  arguments.tileQueries = inside.tileQueries;
  arguments.sharesHeads = operands.sharesHeads;
  arguments.partial = inside.partial;
  arguments.firstKey = inside.firstKey;
  for (int64_t d = 0; d < numLeading; ++d)
    arguments.leading.push_back(*argument++);
  arguments.firstQuery = *argument++;
  for (Value captured : captures.arguments)
    arguments.captured.map(captured, *argument++);
  for (Operation *constant : captures.constants)
    body.clone(*constant, arguments.captured);

  TileEmitter(body, op, schedule, arguments).emit();
  func::ReturnOp::create(body);
  return function;
}

/// An op that is statically empty has no tile; without keys, all rows follow
/// the policy for rows without keys.
bool SdpaLowering::lowerEmpty() {
  bool hasOutput = llvm::none_of(op.getOutputType().getShape(),
                                 [](int64_t size) { return size == 0; });
  if (hasOutput && op.getNumKeys() != 0 &&
      op.getValueType().getDimSize(op.getRank() - 2) != 0)
    return false;
  if (hasOutput)
    buildMaskedRows(b, op, op.getOuts());
  op->erase();
  return true;
}

/// The bytes that a tile function allocates on the stack.
static int64_t getScratchBytes(func::FuncOp function) {
  int64_t bytes = 0;
  function.walk([&](memref::AllocaOp alloca) {
    MemRefType type = alloca.getType();
    int64_t width = type.getElementType().isIndex()
                        ? IndexType::kInternalStorageBitWidth
                        : type.getElementTypeBitWidth();
    bytes += llvm::divideCeil(type.getNumElements() * width, 8);
  });
  return bytes;
}

/// Creates a tile function and calls it.
LogicalResult SdpaLowering::callTileFunction(HeadOperands operands,
                                             ValueRange leading,
                                             Value firstQuery) {
  func::FuncOp function = createTileFunction(operands, leading.size());
  // Threads have 8 MiB of stack by default, and callers' frames on it.
  constexpr int64_t kMaxScratchBytes = 2 << 20;
  int64_t scratchBytes = getScratchBytes(function);
  if (scratchBytes > kMaxScratchBytes)
    return op.emitError("the schedule needs ")
           << scratchBytes << " bytes of scratch memory on the stack, "
           << kMaxScratchBytes << " at most are there: take fewer block_keys, "
           << "query_vectors, query_groups or lanes";
  buildStackCheck(b, symbols, scratchBytes);
  SmallVector<Value> arguments;
  for (Value *operand : operands.getAll())
    if (*operand)
      arguments.push_back(*operand);
  llvm::append_range(arguments, leading);
  arguments.push_back(firstQuery);
  llvm::append_range(arguments, captures.arguments);
  func::CallOp::create(b, function, arguments);
  return success();
}

/// The indices (b..., h) of a head.
SmallVector<Value> SdpaLowering::getLeading(Value head) {
  SmallVector<Value> leading(op.getRank() - 2);
  for (int64_t d = leading.size() - 1; d >= 0; --d) {
    Value size = getLogitDimSize(d);
    leading[d] = d == 0 ? head : b.rem(head, size);
    if (d > 0)
      head = b.div(head, size);
  }
  return leading;
}

Value SdpaLowering::getNumHeads() {
  Value numHeads = b.index(1);
  for (int64_t d = 0; d < op.getRank() - 2; ++d)
    numHeads = b.mul(numHeads, getLogitDimSize(d));
  return numHeads;
}

/// How many queries the tiles of a schedule have, of all queries of a head.
Value SdpaLowering::getTileQueries(CPUScheduleAttr schedule, Value numQueries) {
  Value most = b.index(schedule.getTileQueries());
  if (schedule.getMinTiles() == 0)
    return most;
  int64_t groupQueries = schedule.getGroupQueries();
  Value groups = b.div(b.mul(getNumHeads(), numQueries),
                       b.index(schedule.getMinTiles() * groupQueries));
  groups = b.max(groups, b.index(1));
  return b.min(b.mul(groups, b.index(groupQueries)), most);
}

LogicalResult SdpaLowering::lowerTiles() {
  if (packsOperands() && failed(packOperands()))
    return failure();
  Value numQueries = getLogitDimSize(op.getRank() - 2);
  Value tileQueries = getTileQueries(schedule, numQueries);
  Value numTiles = b.ceilDiv(numQueries, tileQueries);
  Value count = b.mul(numTiles, getNumHeads());
  auto loop = scf::ParallelOp::create(b, b.index(0), count, b.index(1));
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(loop.getBody());
  // Tiles of one head run one after the other, the last first: under a causal
  // mask it takes longest.
  Value item = loop.getInductionVars().front();
  Value tile = b.sub(b.sub(numTiles, b.rem(item, numTiles)), b.index(1));
  SmallVector<Value> leading = getLeading(b.div(item, numTiles));
  HeadOperands operands = getHeadOperands(leading);
  operands.packedKey = getHeadSlice(packedKeys, 2, leading, /*isKeyHead=*/true);
  operands.packedValue =
      getHeadSlice(packedValues, 3, leading, /*isKeyHead=*/true);
  if (schedule.getMinTiles() != 0)
    operands.tileQueries = tileQueries;
  return callTileFunction(operands, leading, b.mul(tile, tileQueries));
}

LogicalResult SdpaLowering::lowerParts() {
  int64_t numQueries = op.getNumQueries();
  int64_t numRows = 2 + op.getValueDim();
  Value numHeads = getNumHeads();
  Value numParts =
      b.ceilDiv(b.dim(op.getKey(), op.getRank() - 2), schedule.getSplitKeys());
  auto type = MemRefType::get(
      {ShapedType::kDynamic, ShapedType::kDynamic, numRows, numQueries},
      b.getF32Type());
  Value partials =
      memref::AllocOp::create(b, type, ValueRange{numHeads, numParts});
  // The parts of one head, or one of them.
  auto getPartials = [&](Value head, Value part) -> Value {
    bool isOne = bool(part);
    SmallVector<OpFoldResult> offsets(4, b.getIndexAttr(0)),
        sizes(4, b.getIndexAttr(1)), strides(4, b.getIndexAttr(1));
    offsets[0] = head;
    if (isOne)
      offsets[1] = part;
    else
      sizes[1] = numParts;
    sizes[2] = b.getIndexAttr(numRows);
    sizes[3] = b.getIndexAttr(numQueries);
    SmallVector<int64_t> shape{numRows, numQueries};
    if (!isOne)
      shape.insert(shape.begin(), ShapedType::kDynamic);
    MemRefType sliceType = memref::SubViewOp::inferRankReducedResultType(
        shape, type, offsets, sizes, strides);
    return memref::SubViewOp::create(b, sliceType, partials, offsets, sizes,
                                     strides);
  };
  auto emitLoop = [&](Value count, function_ref<LogicalResult(Value)> body) {
    auto loop = scf::ParallelOp::create(b, b.index(0), count, b.index(1));
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(loop.getBody());
    return body(loop.getInductionVars().front());
  };
  if (failed(emitLoop(b.mul(numHeads, numParts), [&](Value item) {
        Value head = b.div(item, numParts), part = b.rem(item, numParts);
        SmallVector<Value> leading = getLeading(head);
        HeadOperands operands = getHeadOperands(leading);
        operands.partial = getPartials(head, part);
        operands.firstKey = b.mul(part, b.index(schedule.getSplitKeys()));
        return callTileFunction(operands, leading, b.index(0));
      })))
    return failure();
  return emitLoop(numHeads, [&](Value head) {
    SmallVector<Value> leading = getLeading(head);
    HeadOperands operands = getHeadOperands(leading);
    operands.partial = getPartials(head, {});
    return callTileFunction(operands, leading, b.index(0));
  });
}

LogicalResult SdpaLowering::lower() {
  buildShapeChecks(b, op);
  if (lowerEmpty())
    return success();
  if (failed(op.isRagged()             ? lowerSequences()
             : schedule.getSplitKeys() ? lowerParts()
                                       : lowerTiles()))
    return failure();
  op->erase();
  return success();
}

namespace {

struct ConvertAttnToCPUPass
    : attn::impl::ConvertAttnToCPUPassBase<ConvertAttnToCPUPass> {
  using ConvertAttnToCPUPassBase::ConvertAttnToCPUPassBase;

  void runOnOperation() override {
    SymbolTable symbols(getOperation());
    SmallVector<SdpaOp> ops;
    getOperation().walk([&](SdpaOp op) {
      // A module inside is another run's.
      if (op.getBackend() == Backend::Flash &&
          op->getParentOfType<ModuleOp>() == getOperation())
        ops.push_back(op);
    });
    for (SdpaOp op : ops) {
      if (failed(verifySupported(op)))
        return signalPassFailure();
      if (failed(SdpaLowering(op, symbols).lower()))
        return signalPassFailure();
      ++numLowered;
    }
  }

private:
  static LogicalResult verifySupported(SdpaOp op) {
    if (op.hasTensorSemantics())
      return op.emitError("expected attn.sdpa on memrefs: bufferize first");
    if (op.getQueryType().getElementType().isF64())
      return op.emitError("the flash backend of the CPU computes in f32: it "
                          "cannot take f64 operands; use backend = math");
    for (Value operand : op->getOperands())
      if (auto type = dyn_cast<MemRefType>(operand.getType());
          type && !type.isStrided())
        return op.emitError("expected memrefs with a strided layout, got ")
               << type;
    SmallVector<CPUScheduleAttr> schedules = SdpaLowering::getSchedules(op);
    if (schedules.empty())
      return op.emitError("expected a schedule #attn.cpu_schedule; "
                          "attn-select-schedule sets one");
    for (CPUScheduleAttr schedule : schedules)
      if (failed(verifySchedule(op, schedule)))
        return failure();
    return success();
  }

  static LogicalResult verifySchedule(SdpaOp op, CPUScheduleAttr schedule) {
    Type elementType = op.getQueryType().getElementType();
    bool isSplit = schedule.getDot() == DotUnit::AMX && elementType.isF16();
    if (schedule.getDot() != DotUnit::FMA && !elementType.isBF16() && !isSplit)
      return op.emitError("a schedule with dot = ")
             << stringifyDotUnit(schedule.getDot()) << " needs bf16 operands"
             << (schedule.getDot() == DotUnit::AMX ? ", or f16" : "")
             << ", got " << elementType;
    if (isa<CPURaggedScheduleAttr>(op.getScheduleAttr()))
      return success();
    int64_t numQueries = op.getUsedQueries();
    if (schedule.getSplitKeys() != 0 &&
        (ShapedType::isDynamic(numQueries) ||
         numQueries > schedule.getTileQueries()))
      return op.emitError("a schedule with split_keys needs queries that fit "
                          "one tile of ")
             << schedule.getTileQueries();
    if (schedule.getRowQueries() != 0 && numQueries != schedule.getRowQueries())
      return op.emitError("a schedule with row_queries = ")
             << schedule.getRowQueries() << " needs as many queries";
    return success();
  }
};

} // namespace
