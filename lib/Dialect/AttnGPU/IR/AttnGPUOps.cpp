//===- AttnGPUOps.cpp - Operations of the attn_gpu dialect ----- *- C++ -*-===//
//
// Part of the attn-mlir project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "attn/Dialect/AttnGPU/IR/AttnGPUOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/IR/Builders.h"
#include "mlir/Interfaces/ViewLikeInterface.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace mlir::attn_gpu;

#define GET_OP_CLASSES
#include "attn/Dialect/AttnGPU/IR/AttnGPUOps.cpp.inc"

//===----------------------------------------------------------------------===//
// EncodeTensorMapOp
//===----------------------------------------------------------------------===//

LogicalResult EncodeTensorMapOp::verify() {
  size_t rank = getBox().size();
  if (rank < 1 || rank > 5)
    return emitOpError("expected one to five dimensions, got ") << rank;
  if (getSizes().size() != rank)
    return emitOpError("expected as many sizes and strides as box sizes: ")
           << rank << ", got " << getSizes().size();
  Type elementType = getElementType();
  if (!elementType.isIntOrFloat())
    return emitOpError("expected an integer or float element, got ")
           << elementType;
  int64_t width = elementType.getIntOrFloatBitWidth() / 8;
  if (width != 1 && width != 2 && width != 4 && width != 8)
    return emitOpError("expected an element of 1, 2, 4 or 8 bytes, got ")
           << elementType;
  if (ShapedType::isDynamic(getBox().front()))
    return emitOpError("expected a static number of columns of the box");
  if (llvm::count(getBox(), ShapedType::kDynamic) !=
      static_cast<int64_t>(getDynamicBox().size()))
    return emitOpError("expected as many values as dynamic box sizes, got ")
           << getDynamicBox().size();
  for (int64_t size : getBox())
    if (!ShapedType::isDynamic(size) && (size < 1 || size > 256))
      return emitOpError("expected box sizes from 1 to 256, got ") << size;
  int64_t bytes = getBox().front() * width;
  if (bytes % 16 != 0)
    return emitOpError("expected rows of the box of a multiple of 16 bytes, "
                       "got ")
           << bytes;
  int64_t span = static_cast<int64_t>(getSwizzle());
  if (span != 0 && bytes > span)
    return emitOpError("expected rows of the box within the ")
           << span << " bytes of the swizzle, got " << bytes;
  return success();
}

//===----------------------------------------------------------------------===//
// Roles
//===----------------------------------------------------------------------===//

void RolesOp::build(OpBuilder &builder, OperationState &state,
                    int64_t producerRegisters, int64_t numConsumers,
                    int64_t consumerRegisters) {
  state.addAttribute(getProducerRegistersAttrName(state.name),
                     builder.getI64IntegerAttr(producerRegisters));
  state.addAttribute(getNumConsumersAttrName(state.name),
                     builder.getI64IntegerAttr(numConsumers));
  state.addAttribute(getConsumerRegistersAttrName(state.name),
                     builder.getI64IntegerAttr(consumerRegisters));
  for (bool isConsumer : {false, true}) {
    Block *body = new Block();
    state.addRegion()->push_back(body);
    if (isConsumer)
      body->addArgument(builder.getI32Type(), state.location);
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPointToEnd(body);
    YieldOp::create(builder, state.location);
  }
}

LogicalResult RolesOp::verify() {
  if (getProducer().getNumArguments() != 0)
    return emitOpError("expected a producer without arguments");
  if (getConsumer().getNumArguments() != 1 ||
      !getConsumer().getArgument(0).getType().isInteger(32))
    return emitOpError("expected a consumer with the number of the warpgroup "
                       "(i32) as its argument");
  int64_t numConsumers = getNumConsumers();
  if (numConsumers < 1 || numConsumers > 3)
    return emitOpError("expected 1 to 3 consumers, got ") << numConsumers;
  for (int64_t registers : {getProducerRegisters(), getConsumerRegisters()})
    if (registers < 24 || registers > 256 || registers % 8 != 0)
      return emitOpError("expected a multiple of 8 registers from 24 to 256, "
                         "got ")
             << registers;
  // What a kernel starts with: 65536 registers over its threads, in eights.
  uint64_t consumers = numConsumers, warpgroups = consumers + 1;
  uint64_t entry = 65536 / (128 * warpgroups) / 8 * 8;
  if (getProducerRegisters() + consumers * getConsumerRegisters() >
      warpgroups * entry)
    return emitOpError("expected registers that fit the ")
           << entry << " per thread that the kernel starts with";
  return success();
}

void WarpgroupsOp::build(OpBuilder &builder, OperationState &state,
                         int64_t count, int64_t blocks) {
  state.addAttribute(getCountAttrName(state.name),
                     builder.getI64IntegerAttr(count));
  state.addAttribute(getBlocksAttrName(state.name),
                     builder.getI64IntegerAttr(blocks));
  Block *body = new Block();
  state.addRegion()->push_back(body);
  body->addArgument(builder.getI32Type(), state.location);
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToEnd(body);
  YieldOp::create(builder, state.location);
}

/// Named barriers and the threads of a block end at four.
static LogicalResult verifyNumWarpgroups(Operation *op, int64_t count) {
  if (count < 1 || count > 4)
    return op->emitOpError("expected 1 to 4 warpgroups, got ") << count;
  return success();
}

LogicalResult WarpgroupsOp::verify() {
  if (getBody().getNumArguments() != 1 ||
      !getBody().getArgument(0).getType().isInteger(32))
    return emitOpError(
        "expected the number of the warpgroup (i32) as the only argument");
  if (failed(verifyNumWarpgroups(*this, getCount())))
    return failure();
  if (getBlocks() < 1 || getBlocks() > 16)
    return emitOpError("expected 1 to 16 blocks on a multiprocessor, got ")
           << getBlocks();
  return success();
}

void ElectOp::build(OpBuilder &builder, OperationState &state) {
  Block *body = new Block();
  state.addRegion()->push_back(body);
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToEnd(body);
  YieldOp::create(builder, state.location);
}

LogicalResult DeferTileOp::verify() {
  if (!getCondition().getType().getElementType().isInteger(1))
    return emitOpError("expected a row of i1, got ")
           << getCondition().getType();
  return success();
}

//===----------------------------------------------------------------------===//
// Shared memory and pipes
//===----------------------------------------------------------------------===//

/// A swizzle repeats after 1024 bytes, where tiles begin.
static constexpr int64_t kTileAlignment = 1024;
static constexpr int64_t kMaxSharedBytes = 232448;

LogicalResult AllocOp::verify() {
  if (getMemory().getType().isPart())
    return emitOpError("expected whole tiles, got ") << getMemory().getType();
  int64_t offset = getOffset(), bytes = getMemory().getType().getBytes();
  if (offset < 0 || offset % kTileAlignment != 0)
    return emitOpError("expected an offset that is a multiple of ")
           << kTileAlignment << ", got " << offset;
  if (getMemory().getType().getTileBytes() % kTileAlignment != 0)
    return emitOpError("expected tiles of a multiple of ")
           << kTileAlignment << " bytes, got "
           << getMemory().getType().getTileBytes();
  if (offset + bytes > kMaxSharedBytes)
    return emitOpError("expected memory within the ")
           << kMaxSharedBytes << " bytes of a block, it ends at "
           << offset + bytes;
  return success();
}

LogicalResult RowsOp::verify() {
  SharedType tile = getTile().getType(), rows = getRows().getType();
  if (tile.isRing() || rows.isRing() ||
      tile.getElementType() != rows.getElementType() ||
      tile.getColumns() != rows.getColumns() ||
      tile.getSlabRows() != rows.getSlabRows() ||
      tile.getRows() < rows.getRows())
    return emitOpError("expected rows of ") << tile << ", got " << rows;
  return success();
}

LogicalResult SliceOp::verify() {
  if (!getRing().getType().isRing())
    return emitOpError("expected a ring of tiles, got ") << getRing().getType();
  return success();
}

LogicalResult PipeOp::verify() {
  int64_t offset = getOffset();
  if (offset < 0 || offset % 8 != 0 ||
      offset + getPipe().getType().getBytes() > kMaxSharedBytes)
    return emitOpError("expected an offset in shared memory that is a multiple "
                       "of 8, got ")
           << offset;
  if (getProducers() < 1 || getConsumers() < 1)
    return emitOpError("expected a producer and a consumer at least");
  return success();
}

LogicalResult InitPipesOp::verify() {
  for (Value pipe : getPipes())
    if (!pipe.getDefiningOp<PipeOp>())
      return emitOpError("expected results of attn_gpu.pipe");
  return success();
}

static LogicalResult verifyWords(Operation *op, PipeType pipe,
                                 int64_t numValues) {
  if (numValues < 1 || numValues > pipe.getWords())
    return op->emitOpError("expected values for some of the mailbox's ")
           << pipe.getWords() << " words, got " << numValues;
  return success();
}

LogicalResult SendOp::verify() {
  return verifyWords(*this, getPipe().getType(), getValues().size());
}

LogicalResult ReceiveOp::verify() {
  return verifyWords(*this, getPipe().getType(), getValues().size());
}

//===----------------------------------------------------------------------===//
// Copies
//===----------------------------------------------------------------------===//

/// A copy moves one tile by the coordinates of its map.
static LogicalResult verifyCopy(Operation *op, SharedType tile,
                                size_t numCoordinates) {
  if (tile.isRing() || tile.isPart())
    return op->emitOpError("expected one tile, got ") << tile;
  if (!tile.isNarrow())
    return op->emitOpError("expected a tile of f16 or bf16, got ") << tile;
  if (numCoordinates < 1 || numCoordinates > 5)
    return op->emitOpError("expected one to five coordinates, got ")
           << numCoordinates;
  return success();
}

LogicalResult TmaLoadOp::verify() {
  return verifyCopy(*this, getTile().getType(), getCoordinates().size());
}

LogicalResult TmaStoreOp::verify() {
  return verifyCopy(*this, getTile().getType(), getCoordinates().size());
}

LogicalResult StoreFragmentOp::verify() {
  FragmentType fragment = getFragment().getType();
  SharedType tile = getTile().getType();
  if (!fragment.isPacked())
    return emitOpError("expected a packed fragment, got ") << fragment;
  if (tile.isRing() || tile.isPart() || tile.getRows() != FragmentType::kRows ||
      tile.getColumns() < fragment.getColumns() ||
      tile.getElementType() != fragment.getElementType())
    return emitOpError("expected a tile that holds the fragment, "
                       "got ")
           << tile;
  return success();
}

LogicalResult IsolateOp::verify() {
  FragmentType probabilities = getProbabilities().getType();
  FragmentType output = getOutput().getType();
  SharedType values = getValues().getType();
  if (!probabilities.getElementType().isF32() ||
      !output.getElementType().isF32())
    return emitOpError("expected probabilities and outputs of f32");
  if (values.isRing() || values.getRows() != probabilities.getColumns())
    return emitOpError("expected one tile with a row for each of the ")
           << probabilities.getColumns() << " probabilities, got " << values;
  if (values.getColumns() < output.getColumns())
    return emitOpError("expected a tile of the output's ")
           << output.getColumns() << " columns, got " << values;
  if (getCount() < 1)
    return emitOpError("expected a consumer at least");
  return success();
}

//===----------------------------------------------------------------------===//
// Fragments and rows
//===----------------------------------------------------------------------===//

LogicalResult SplatOp::verify() {
  Type elementType = TypeSwitch<Type, Type>(getResult().getType())
                         .Case<FragmentType, RowType>(
                             [](auto type) { return type.getElementType(); });
  if (elementType != getValue().getType())
    return emitOpError("expected a result with elements of ")
           << getValue().getType();
  return success();
}

/// The columns of the fragments among `types`, 0 if there is none; nothing if
/// they differ.
static std::optional<int64_t> getCommonColumns(TypeRange types) {
  int64_t columns = 0;
  for (Type type : types)
    if (auto fragment = dyn_cast<FragmentType>(type)) {
      if (columns != 0 && fragment.getColumns() != columns)
        return std::nullopt;
      columns = fragment.getColumns();
    }
  return columns;
}

static Type getElementType(Type type) {
  if (auto fragment = dyn_cast<FragmentType>(type))
    return fragment.getElementType();
  return cast<RowType>(type).getElementType();
}

/// Checks the region of a `map` or `foreach` over values of the given types.
static LogicalResult verifyElementwise(Operation *op, TypeRange operands,
                                       TypeRange results) {
  SmallVector<Type> types(operands);
  llvm::append_range(types, results);
  if (types.empty())
    return op->emitOpError("expected an operand or a result");
  std::optional<int64_t> columns = getCommonColumns(types);
  if (!columns)
    return op->emitOpError("expected fragments of one number of columns");
  for (Type type : types)
    if (auto fragment = dyn_cast<FragmentType>(type);
        fragment && fragment.isPacked())
      return op->emitOpError("expected no packed fragment, got ") << fragment;
  if (*columns != 0)
    for (Type type : results)
      if (isa<RowType>(type))
        return op->emitOpError("expected no row as a result beside fragments");
  Block &body = op->getRegion(0).front();
  SmallVector<Type> expected;
  for (Type type : operands)
    expected.push_back(getElementType(type));
  Type i32 = IntegerType::get(op->getContext(), 32);
  expected.append(*columns != 0 ? 2 : 1, i32);
  if (!llvm::equal(body.getArgumentTypes(), expected))
    return op->emitOpError("expected a region with arguments of types ")
           << expected;
  auto yield = dyn_cast<YieldOp>(body.getTerminator());
  SmallVector<Type> yielded;
  for (Type type : results)
    yielded.push_back(getElementType(type));
  if (!yield || !llvm::equal(yield.getValues().getTypes(), yielded))
    return op->emitOpError("expected a region that yields the elements of the "
                           "results");
  return success();
}

LogicalResult MapOp::verify() {
  return verifyElementwise(*this, getOperands().getTypes(),
                           getResults().getTypes());
}

int64_t MapOp::getColumns() {
  SmallVector<Type> types(getOperandTypes());
  llvm::append_range(types, getResultTypes());
  return getCommonColumns(types).value_or(0);
}

LogicalResult ForeachOp::verify() {
  return verifyElementwise(*this, getOperands().getTypes(), {});
}

int64_t ForeachOp::getColumns() {
  return getCommonColumns(getOperandTypes()).value_or(0);
}

LogicalResult ReduceOp::verify() {
  if (!getFragment().getType().getElementType().isF32())
    return emitOpError("expected a fragment of f32, got ")
           << getFragment().getType();
  if (getEvery() < 1)
    return emitOpError("expected a positive number of columns, got ")
           << getEvery();
  return success();
}

LogicalResult CombineOp::verify() {
  if (!getPartial().getType().getElementType().isF32())
    return emitOpError("expected a row of f32, got ") << getPartial().getType();
  return success();
}

LogicalResult KeepColumnsOp::verify() {
  if (!getBegin() && !getEnd())
    return emitOpError("expected a bound");
  if (!getFragment().getType().getElementType().isF32())
    return emitOpError("expected a fragment of f32, got ")
           << getFragment().getType();
  return success();
}

LogicalResult PackOp::verify() {
  FragmentType from = getFragment().getType(), to = getPacked().getType();
  if (!from.getElementType().isF32() || !to.isPacked() ||
      from.getColumns() > to.getColumns() || from.getColumns() % 8 != 0 ||
      to.getColumns() % 8 != 0)
    return emitOpError("expected to round a fragment of f32 to one of f16 or "
                       "bf16 of its size or larger");
  return success();
}

LogicalResult AnyOfBlockOp::verify() {
  if (!getRow().getType().getElementType().isInteger(1))
    return emitOpError("expected a row of i1, got ") << getRow().getType();
  return verifyNumWarpgroups(*this, getWarpgroups());
}

template <typename OpT>
static LogicalResult verifyGroups(OpT op) {
  if (bool(op.getGroupRows()) != bool(op.getGroupStride()))
    return op.emitOpError("expected both the rows of a group and the distance "
                          "of groups, or neither");
  return success();
}

/// The rules of copies of rows. `elementBytes`: in global memory.
template <typename OpT>
static LogicalResult verifyRowCopy(OpT op, SharedType tile,
                                   int64_t elementBytes) {
  int64_t columns = op.getColumns(), alignment = op.getAlignment();
  if (tile.isRing() || tile.isPart())
    return op->emitOpError("expected one tile, got ") << tile;
  if (alignment > 16 || alignment < elementBytes ||
      !llvm::isPowerOf2_64(alignment))
    return op.emitOpError("expected an alignment of ")
           << elementBytes << " to 16 bytes, got " << alignment;
  if (columns < 1 || columns > tile.getColumns())
    return op.emitOpError("expected 1 to ")
           << tile.getColumns() << " columns, as the tile has, got " << columns;
  if (columns * elementBytes % alignment != 0)
    return op.emitOpError("expected columns of whole ")
           << alignment << " bytes, got " << columns;
  if (failed(verifyGroups(op)))
    return failure();
  return verifyNumWarpgroups(op, op.getWarpgroups());
}

LogicalResult CopyRowsOp::verify() {
  return verifyRowCopy(*this, getTile().getType(),
                       getTile().getType().getElementBytes());
}

LogicalResult SplitRowsOp::verify() {
  if (!getHigh().getType().getElementType().isBF16())
    return emitOpError("expected tiles of bf16, got ") << getHigh().getType();
  return verifyRowCopy(*this, getHigh().getType(), /*elementBytes=*/4);
}

LogicalResult StoreRowsOp::verify() {
  FragmentType type = getFragment().getType();
  if (!type.isPacked() && !type.getElementType().isF32())
    return emitOpError("expected a fragment of f16, bf16 or f32, got ") << type;
  int64_t pairBytes = type.isPacked() ? 4 : 8, alignment = getAlignment();
  if (alignment < pairBytes || alignment > 16 ||
      !llvm::isPowerOf2_64(alignment))
    return emitOpError("expected an alignment of ")
           << pairBytes << " to 16 bytes, got " << alignment;
  return verifyGroups(*this);
}

LogicalResult AwaitCopiesOp::verify() {
  int64_t pending = getPending();
  if (pending < 0)
    return emitOpError("expected no negative number of groups, got ")
           << pending;
  return success();
}

LogicalResult AnyOp::verify() {
  if (!getRow().getType().getElementType().isInteger(1))
    return emitOpError("expected a row of i1, got ") << getRow().getType();
  return success();
}
