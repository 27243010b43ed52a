//===- AmpereEmitter.cpp - A kernel for any GPU since sm_80 ---- *- C++ -*-===//
//
// Part of the attn-mlir project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// A block of threads computes one tile (FlashAttention-2, Dao, 2023). Keys and
// values have one buffer each: the copy of a block's values runs under the
// product of its keys, that of the next keys under the softmax and the product
// of the values. What that leaves uncovered, another block of the
// multiprocessor covers. The softmax is the standard one; a tile whose results
// are not to be trusted is computed again on the spot, one consumer after the
// other.
//
//===----------------------------------------------------------------------===//

#include "KernelEmitter.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "llvm/Support/SaveAndRestore.h"
#include <limits>

using namespace mlir;
using namespace mlir::attn;
using namespace mlir::attn_gpu;

static constexpr double kInfinity = std::numeric_limits<double>::infinity();
static constexpr int64_t kRows = FragmentType::kRows;

//===----------------------------------------------------------------------===//
// Copies
//===----------------------------------------------------------------------===//

void KernelEmitter::allocateAmpere() {
  auto alloc = [&](int64_t offset, ArrayRef<int64_t> shape,
                   Type type) -> Value {
    return AllocOp::create(b, b.shared(shape, type),
                           b.getI64IntegerAttr(offset));
  };
  // Queries are read with every block: they are rounded when they are copied,
  // keys and values when they are read.
  Type queryType =
      schedule.f32 == F32Product::TF32 ? b.getTF32Type() : elementType;
  queries =
      alloc(schedule.getQueryOffset(),
            {schedule.consumers * schedule.parts, kRows, schedule.paddedDim},
            queryType);
  keys = alloc(schedule.getKeyOffset(),
               {schedule.parts, blockKeys, schedule.paddedDim}, elementType);
  values =
      alloc(schedule.getValueOffset(),
            {schedule.parts, blockKeys, schedule.paddedValueDim}, elementType);
}

/// Begins to copy rows of a tensor from `row` on, of which `count` are there;
/// if `ofHeads`, those of several heads.
void KernelEmitter::emitRowCopy(const TensorArgument &tensor, const Tile &tile,
                                Value head, Value row, Value count,
                                ArrayRef<Value> target, int64_t columns,
                                int64_t alignment, bool ofHeads) {
  Value base = emitAddress(tensor, getRowIndices(tile, head, row, b.i32(0)));
  Value stride = getRowStride(tensor), groupRows, groupStride;
  if (ofHeads) {
    groupRows = args.queriesPerHead;
    groupStride = getHeadStride(tensor);
  }
  IntegerAttr width = b.getI64IntegerAttr(columns);
  IntegerAttr unit = b.getI64IntegerAttr(alignment);
  IntegerAttr warpgroups = b.getI64IntegerAttr(schedule.warpgroups);
  if (target.size() == 1)
    CopyRowsOp::create(b, base, stride, groupRows, groupStride, count,
                       target[0], width, unit, warpgroups);
  else
    SplitRowsOp::create(b, base, stride, groupRows, groupStride, count,
                        target[0], target[1], width, unit, warpgroups);
}

/// The parts of a block, or of consumer `first` of the queries.
static SmallVector<Value, 2> getParts(DeviceBuilder &b, Value ring,
                                      int64_t parts, Value first = {}) {
  SmallVector<Value, 2> tiles;
  for (int64_t part = 0; part < parts; ++part)
    tiles.push_back(SliceOp::create(
        b, ring, first ? b.add(b.mul(first, parts), part) : b.i32(part)));
  return tiles;
}

void KernelEmitter::emitKeyCopy(const Tile &tile, Value block) {
  Value first = b.mul(block, blockKeys);
  emitRowCopy(args.key, tile, tile.keyHead, getKeyRow(tile, first),
              b.sub(tile.numKeys, first), getParts(b, keys, schedule.parts),
              headDim, schedule.alignment, /*ofHeads=*/false);
}

void KernelEmitter::emitValueCopy(const Tile &tile, Value block) {
  Value first = b.mul(block, blockKeys);
  emitRowCopy(args.value, tile, tile.keyHead, getKeyRow(tile, first),
              b.sub(tile.numKeys, first), getParts(b, values, schedule.parts),
              op.getValueDim(), schedule.valueAlignment, /*ofHeads=*/false);
}

//===----------------------------------------------------------------------===//
// Consumers
//===----------------------------------------------------------------------===//

/// Consumer `number` of this warpgroup becomes the one that code is for.
void KernelEmitter::selectConsumer(int64_t number) {
  consumerOfWarpgroup = number;
  warpgroup = b.add(firstConsumer, number);
}

KernelEmitter::Parts KernelEmitter::getQueryTile(Value consumer) {
  return getParts(b, queries, schedule.parts, consumer);
}

/// Products of operands and accumulators that belong together. Of parts, the
/// product of the two low ones is left out: it is below what the others round.
SmallVector<Value> KernelEmitter::emitMma(ArrayRef<Parts> lhs,
                                          ArrayRef<Value> rhs,
                                          ValueRange accumulators,
                                          int64_t columns, IntegerAttr depth) {
  SmallVector<Type> types(lhs.size(), b.fragment(columns, b.getF32Type()));
  SmallVector<Value> sums(accumulators);
  // Small terms first.
  for (auto [left, right] : {std::pair(1, 0), {0, 1}, {0, 0}}) {
    if (std::max(left, right) >= schedule.parts)
      continue;
    SmallVector<Value> operands;
    for (const Parts &parts : lhs)
      operands.push_back(parts[left]);
    sums = MmaOp::create(b, types, operands, rhs[right], sums,
                         /*values=*/!depth, depth)
               .getResults();
  }
  return sums;
}

/// The parts of a block's rows from `firstRow` on.
KernelEmitter::Parts KernelEmitter::emitCarefulTiles(Value ring,
                                                     Value firstRow) {
  Parts tiles = getParts(b, ring, schedule.parts);
  for (Value &tile : tiles)
    tile = emitCarefulTile(tile, firstRow);
  return tiles;
}

/// The product of one consumer's queries and some keys. Of parts, that of the
/// high ones alone where it is not finite: low parts of either sign, or zero,
/// would make NaN of its infinities.
Value KernelEmitter::emitCarefulProduct(Value firstRow) {
  IntegerAttr depth = b.getI64IntegerAttr(llvm::alignTo(headDim, 16));
  Parts query = getQueryTile(warpgroup);
  Parts key = emitCarefulTiles(keys, firstRow);
  if (schedule.parts == 1)
    return emitMma(query, key, {}, getCarefulKeys(), depth).front();
  Type type = b.fragment(getCarefulKeys(), b.getF32Type());
  auto multiply = [&](int64_t left, int64_t right, ValueRange sum) -> Value {
    return MmaOp::create(b, type, query[left], key[right], sum,
                         /*values=*/false, depth)
        .getResult(0);
  };
  Value high = multiply(0, 0, {});
  Value rest = multiply(1, 0, multiply(0, 1, {}));
  return b.map({high, rest}, type, [&](ValueRange x) -> Value {
    Value zero = b.mulf(x[0], b.f32(0.0));
    Value isFinite = b.compare(arith::CmpFPredicate::ORD, zero, zero);
    return b.select(isFinite, b.addf(x[0], x[1]), x[0]);
  });
}

/// Probabilities as the left operand of a product, which rounds those of f32
/// itself.
KernelEmitter::Parts KernelEmitter::emitParts(Value probabilities) {
  if (schedule.f32 == F32Product::TF32)
    return {probabilities};
  if (schedule.parts == 1)
    return {pack(probabilities)};
  Type type = probabilities.getType();
  SmallVector<Value> parts =
      b.map(probabilities, {type, type}, [&](ValueRange x) {
        Type i32 = b.getI32Type(), f32 = b.getF32Type();
        Value bits = arith::BitcastOp::create(b, i32, x[0]);
        bits = arith::AddIOp::create(b, bits, b.i32(0x8000));
        bits = arith::AndIOp::create(b, bits,
                                     b.i32(static_cast<int32_t>(0xffff0000)));
        Value high = arith::BitcastOp::create(b, f32, bits);
        return SmallVector<Value>{high, b.subf(x[0], high)};
      });
  return {pack(parts[0]), pack(parts[1])};
}

KernelEmitter::Consumers KernelEmitter::getEmptyConsumers(int64_t count) {
  Type f32 = b.getF32Type();
  auto splat = [&](Type type, double value) -> Value {
    return SplatOp::create(b, type, b.f32(value));
  };
  Consumers consumers;
  for (int64_t i = 0; i < count; ++i)
    consumers.append({splat(b.fragment(valueDim, f32), 0.0),
                      splat(b.row(f32), -kInfinity), splat(b.row(f32), 0.0)});
  return consumers;
}

/// One block of keys and values for all consumers of a warpgroup. The keys are
/// under way.
KernelEmitter::Consumers KernelEmitter::emitAmpereStep(const Tile &tile,
                                                       Value block,
                                                       ValueRange consumers,
                                                       bool masked,
                                                       Value ifMasked) {
  int64_t count = consumers.size() / 3;
  AwaitCopiesOp::create(b, 0);
  emitValueCopy(tile, block);
  CommitCopiesOp::create(b);
  SmallVector<Parts> queryTiles;
  for (int64_t i = 0; i < count; ++i) {
    selectConsumer(i);
    queryTiles.push_back(getQueryTile(warpgroup));
  }
  SmallVector<Value> products =
      emitMma(queryTiles, getParts(b, keys, schedule.parts), {}, blockKeys,
              b.getI64IntegerAttr(llvm::alignTo(headDim, 16)));
  AwaitCopiesOp::create(b, 0);
  b.ifThen(b.compare(arith::CmpIPredicate::sgt, block, tile.begin), [&] {
    emitKeyCopy(tile, b.add(block, -1));
    CommitCopiesOp::create(b);
  });
  Consumers next;
  SmallVector<Parts> probabilities;
  SmallVector<Value> outputs;
  for (int64_t i = 0; i < count; ++i) {
    selectConsumer(i);
    ValueRange state = consumers.slice(3 * i, 3);
    auto emitWith = [&](bool masked) {
      return SmallVector<Value>{
          emitLogits(tile, products[i], b.mul(block, blockKeys), masked)};
    };
    Value logits = (ifMasked ? b.ifThenElse(
                                   ifMasked, [&] { return emitWith(true); },
                                   [&] { return emitWith(false); })
                             : emitWith(masked))
                       .front();
    Rows rows = emitRows(logits, state[1], state[2]);
    Value exponentials = emitProbabilities(logits, rows.negatedMaximum);
    Value sum = ReduceOp::create(b, Reduction::Add, exponentials, rows.sum);
    probabilities.push_back(emitParts(exponentials));
    outputs.push_back(emitRescaledOutput(state[0], rows));
    next.append({Value(), rows.maximum, sum});
  }
  outputs = emitMma(probabilities, getParts(b, values, schedule.parts), outputs,
                    valueDim, IntegerAttr());
  for (int64_t i = 0; i < count; ++i)
    next[3 * i] = outputs[i];
  return next;
}

/// All blocks of a tile, from the last to the first: those at the right edge of
/// the mask, those that need none, and those at the left edge of a window.
KernelEmitter::Consumers KernelEmitter::emitAmpereBlocks(const Tile &tile) {
  Value last = b.add(tile.end, -1);
  b.ifThen(b.compare(arith::CmpIPredicate::slt, tile.begin, tile.end),
           [&] { emitKeyCopy(tile, last); });
  CommitCopiesOp::create(b);
  Consumers consumers = getEmptyConsumers(schedule.getConsumersOfWarpgroup());
  auto emitLoop = [&](Value begin, Value end, bool masked,
                      function_ref<Value(Value)> isMasked = nullptr) {
    consumers =
        b.forLoop(begin, end, consumers, [&](Value j, ValueRange carried) {
          return emitAmpereStep(tile, b.sub(last, j), carried, masked,
                                isMasked ? isMasked(j) : Value());
        });
  };
  Value zero = b.i32(0), numBlocks = b.sub(tile.end, tile.begin);
  if (isAlwaysMasked()) {
    emitLoop(zero, numBlocks, /*masked=*/true);
    return consumers;
  }
  Value right = b.max(zero, b.sub(tile.end, tile.fullEnd));
  Value full = b.max(right, b.sub(tile.end, tile.fullBegin));
  if (savesCode() && isEverMasked()) {
    // Three products and their operands are most of the code: one loop for all.
    using P = arith::CmpIPredicate;
    emitLoop(zero, numBlocks, /*masked=*/true, [&](Value j) -> Value {
      Value isRight = b.compare(P::slt, j, right);
      if (!hasLeftEdge())
        return isRight;
      return arith::OrIOp::create(b, isRight, b.compare(P::sge, j, full));
    });
    return consumers;
  }
  if (isEverMasked())
    emitLoop(zero, right, /*masked=*/true);
  else
    right = zero;
  emitLoop(right, full, /*masked=*/false);
  if (hasLeftEdge())
    emitLoop(full, numBlocks, /*masked=*/true);
  return consumers;
}

SmallVector<Value> KernelEmitter::emitAmpereCarefulPart(const Tile &tile,
                                                        Value block,
                                                        Value firstRow,
                                                        ValueRange carried) {
  Value firstKey = b.add(b.mul(block, blockKeys), firstRow);
  CarefulRows rows =
      emitCarefulSoftmax(tile, emitCarefulProduct(firstRow), firstKey, carried);
  Parts valueTiles = emitCarefulTiles(values, firstRow);
  Value output = rows.output;
  if (schedule.isolatesValues) {
    Value group = arith::DivSIOp::create(
        b, firstConsumer, b.i32(schedule.getConsumersOfWarpgroup()));
    // The low part is zero where the high one is not finite.
    output =
        IsolateOp::create(b, rows.probabilities, valueTiles.front(), output,
                          group, b.getI64IntegerAttr(schedule.warpgroups));
  }
  output = emitMma(emitParts(rows.probabilities), valueTiles, output, valueDim,
                   IntegerAttr())
               .front();
  return {output, rows.maximum, rows.sum};
}

/// The same with care, one consumer after the other, so that each finds values
/// that are not finite as they are.
KernelEmitter::Consumers KernelEmitter::emitAmpereCareful(Tile tile) {
  widen(tile, Value());
  Value last = b.add(tile.end, -1);
  Consumers all;
  for (int64_t i = 0; i < schedule.getConsumersOfWarpgroup(); ++i) {
    selectConsumer(i);
    SmallVector<Value> state = b.forLoop(
        b.i32(0), b.sub(tile.end, tile.begin), getEmptyConsumers(1),
        [&](Value j, ValueRange carried) -> SmallVector<Value> {
          Value block = b.sub(last, j);
          // The last readers of the buffers are done.
          AwaitCopiesOp::create(b, 0);
          emitKeyCopy(tile, block);
          emitValueCopy(tile, block);
          CommitCopiesOp::create(b);
          AwaitCopiesOp::create(b, 0);
          int64_t numKeys = getCarefulKeys();
          return b.forLoop(b.i32(0), b.i32(blockKeys / numKeys), carried,
                           [&](Value part, ValueRange carried) {
                             return emitAmpereCarefulPart(
                                 tile, block, b.mul(part, numKeys), carried);
                           });
        });
    if (factor)
      state[1] =
          b.map(state[1], b.row(b.getF32Type()),
                [&](ValueRange x) -> Value { return b.mulf(x[0], factor); });
    all.append(state);
  }
  return all;
}

//===----------------------------------------------------------------------===//
// The tile
//===----------------------------------------------------------------------===//

void KernelEmitter::emitAmpere() {
  allocateAmpere();
  auto warpgroups =
      WarpgroupsOp::create(b, schedule.warpgroups, schedule.blocks);
  OpBuilder::InsertionGuard guard(b);
  Block &body = warpgroups.getBody().front();
  b.setInsertionPoint(body.getTerminator());
  int64_t count = schedule.getConsumersOfWarpgroup();
  firstConsumer = b.mul(body.getArgument(0), count);
  selectConsumer(0);
  Tile tile = emitTile({b.blockId()});
  for (int64_t i = 0; i < schedule.consumers; ++i) {
    llvm::SaveAndRestore<Value> selected(warpgroup, b.i32(i));
    emitRowCopy(args.query, tile, getFirstHead(tile),
                getQueryRow(tile, getFirstQuery(tile)), getNumRows(tile),
                getQueryTile(warpgroup), headDim, schedule.alignment,
                schedule.packsHeads);
  }
  for (int64_t i = 0; i < count; ++i) {
    selectConsumer(i);
    emitDocumentRows(tile);
  }
  Consumers consumers = emitAmpereBlocks(tile);

  // A row tells for the whole block, whose threads copy together.
  Value isOff;
  for (int64_t i = 0; i < count; ++i) {
    selectConsumer(i);
    Value &sum = consumers[3 * i + 2];
    sum = CombineOp::create(b, Reduction::Add, sum);
    Value off = emitIsOff(tile, sum, consumers[3 * i], consumers[3 * i + 1]);
    isOff = isOff ? b.map({isOff, off}, off.getType(),
                          [&](ValueRange x) -> Value {
                            return arith::OrIOp::create(b, x[0], x[1]);
                          })
                  : off;
  }
  isOff =
      AnyOfBlockOp::create(b, isOff, b.getI64IntegerAttr(schedule.warpgroups));
  consumers = b.ifThenElse(
      isOff,
      [&] {
        Consumers again = emitAmpereCareful(tile);
        for (int64_t i = 0; i < count; ++i)
          again[3 * i + 2] =
              CombineOp::create(b, Reduction::Add, again[3 * i + 2]);
        return again;
      },
      [&] { return consumers; });
  for (int64_t i = 0; i < count; ++i) {
    selectConsumer(i);
    State state;
    state.output = consumers[3 * i];
    state.maximum = consumers[3 * i + 1];
    state.sum = consumers[3 * i + 2];
    emitEpilogue(tile, state, Value());
  }
}
