//===- ConsumerEmitter.cpp - The schedule of a consumer -------- *- C++ -*-===//
//
// Part of the attn-mlir project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "KernelEmitter.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include <limits>

using namespace mlir;
using namespace mlir::attn;
using namespace mlir::attn_gpu;

static constexpr double kLn2 = 0.69314718055994530942;
static constexpr double kInfinity = std::numeric_limits<double>::infinity();

//===----------------------------------------------------------------------===//
// Products
//===----------------------------------------------------------------------===//

Value KernelEmitter::emitLogitProduct(Value queries, Value slot) {
  Value tile = SliceOp::create(b, keys, SlotIndexOp::create(b, slot));
  auto type = InFlightType::get(b.getContext(), blockKeys, b.getF32Type());
  return WgmmaOp::create(b, type, queries, tile, Value(), /*values=*/false,
                         b.getI64IntegerAttr(llvm::alignTo(headDim, 16)));
}

Value KernelEmitter::emitOutputProduct(Value probabilities, Value slot,
                                       Value output) {
  Value tile = SliceOp::create(b, values, SlotIndexOp::create(b, slot));
  auto type = InFlightType::get(b.getContext(), valueDim, b.getF32Type());
  return WgmmaOp::create(b, type, probabilities, tile, output,
                         /*values=*/true, IntegerAttr());
}

Value KernelEmitter::pack(Value fragment) {
  auto type = cast<FragmentType>(fragment.getType());
  return PackOp::create(b, b.fragment(type.getColumns(), elementType),
                        fragment);
}

Value KernelEmitter::rescale(Value fragment, Value factor) {
  return b.map({fragment, factor}, fragment.getType(),
               [&](ValueRange x) { return b.mulf(x[0], x[1]); });
}

//===----------------------------------------------------------------------===//
// Softmax
//===----------------------------------------------------------------------===//

namespace {
/// The maximum, in units of log 2, to be subtracted: zero for a row that has
/// seen no key.
Value getSafe(DeviceBuilder &b, Value maximum) {
  Value isNone =
      b.compare(arith::CmpFPredicate::OEQ, maximum, b.f32(-kInfinity));
  return b.select(isNone, b.f32(0.0), maximum);
}
} // namespace

/// exp2(logits * factor - maximum), given the negated maximum.
static Value emitProbabilities(DeviceBuilder &b, Value logits, Value factor,
                               Value negatedMaximum) {
  return b.map({logits, negatedMaximum}, logits.getType(), [&](ValueRange x) {
    return b.exp2(factor ? b.fma(x[0], factor, x[1]) : b.addf(x[0], x[1]));
  });
}

static Value emitBlockMaximum(DeviceBuilder &b, Value logits) {
  Value partial = ReduceOp::create(b, Reduction::Max, logits, Value());
  return CombineOp::create(b, Reduction::Max, partial);
}

//===----------------------------------------------------------------------===//
// Blocks
//===----------------------------------------------------------------------===//

KernelEmitter::State KernelEmitter::emitFirstBlock(const Tile &tile,
                                                   Value queries, Value slot) {
  State state;
  state.slot = slot;
  state.output =
      SplatOp::create(b, b.fragment(valueDim, b.getF32Type()), b.f32(0.0));
  AwaitOp::create(b, keyPipe, slot);
  Value product = emitLogitProduct(queries, slot);
  Value logits = WaitOp::create(b, 0, product).getResult(0);
  ReleaseOp::create(b, keyPipe, slot, /*each_thread=*/false);
  logits = emitLogits(tile, logits, b.add(tile.end, -1), isEverMasked());
  Type row = b.row(b.getF32Type());
  bool isStandard = schedule.softmax == SoftmaxForm::Standard;
  SmallVector<Value> rows =
      b.map(emitBlockMaximum(b, logits), {row, row}, [&](ValueRange x) {
        Value maximum = factor ? b.mulf(x[0], factor) : x[0];
        Value safe = getSafe(b, maximum);
        Value negated = arith::NegFOp::create(b, safe);
        return SmallVector<Value>{isStandard ? maximum : safe, negated};
      });
  state.maximum = rows[0];
  Value probabilities = emitProbabilities(b, logits, factor, rows[1]);
  state.sum = ReduceOp::create(b, Reduction::Add, probabilities, Value());
  state.probabilities = pack(probabilities);
  return state;
}

KernelEmitter::State KernelEmitter::emitStep(const Tile &tile, Value queries,
                                             State state, Value block,
                                             bool masked) {
  State next;
  next.slot = NextSlotOp::create(b, state.slot);
  AwaitOp::create(b, keyPipe, next.slot);
  if (schedule.takesTurns)
    TurnBeginOp::create(b, warpgroup, schedule.consumers);
  Value logitProduct = emitLogitProduct(queries, next.slot);
  AwaitOp::create(b, valuePipe, state.slot);
  Value outputProduct =
      emitOutputProduct(state.probabilities, state.slot, state.output);
  if (schedule.takesTurns)
    TurnEndOp::create(b, warpgroup, schedule.consumers);
  Value logits = WaitOp::create(b, 1, logitProduct).getResult(0);
  ReleaseOp::create(b, keyPipe, next.slot, /*each_thread=*/false);
  logits = emitLogits(tile, logits, block, masked);

  Type row = b.row(b.getF32Type());
  Value negated, alpha, sum = state.sum;
  if (schedule.softmax == SoftmaxForm::Standard) {
    SmallVector<Value> rows = b.map(
        {emitBlockMaximum(b, logits), state.maximum, state.sum},
        {row, row, row, row}, [&](ValueRange x) {
          Value maximum = factor ? b.mulf(x[0], factor) : x[0];
          maximum = arith::MaxNumFOp::create(b, maximum, x[1]);
          Value safe = getSafe(b, maximum);
          Value rescaling = b.exp2(b.subf(x[1], safe));
          return SmallVector<Value>{maximum, arith::NegFOp::create(b, safe),
                                    rescaling, b.mulf(x[2], rescaling)};
        });
    next.maximum = rows[0];
    negated = rows[1];
    alpha = rows[2];
    sum = rows[3];
  } else {
    next.maximum = state.maximum;
    negated = b.map(state.maximum, row, [&](ValueRange x) -> Value {
      return arith::NegFOp::create(b, x[0]);
    });
  }
  Value probabilities = emitProbabilities(b, logits, factor, negated);
  next.sum = ReduceOp::create(b, Reduction::Add, probabilities, sum);
  SchedFenceOp::create(b, next.sum);
  next.output = WaitOp::create(b, 0, outputProduct).getResult(0);
  ReleaseOp::create(b, valuePipe, state.slot, /*each_thread=*/false);
  next.probabilities = pack(probabilities);
  if (alpha)
    next.output = rescale(next.output, alpha);
  return next;
}

/// All blocks of a tile, from the last to the first: some with mask code, those
/// that need none, and those at the other edge of a window.
KernelEmitter::State KernelEmitter::emitBlocks(const Tile &tile, Value queries,
                                               Value slot) {
  State state = emitFirstBlock(tile, queries, slot);
  Value last = b.add(tile.end, -1);
  auto emitLoop = [&](Value begin, Value end, bool masked) {
    state = State::get(b.forLoop(
        begin, end, state.getValues(), [&](Value j, ValueRange carried) {
          return emitStep(tile, queries, State::get(carried), b.sub(last, j),
                          masked)
              .getValues();
        }));
  };
  Value one = b.i32(1), numBlocks = b.sub(tile.end, tile.begin);
  if (isAlwaysMasked()) {
    emitLoop(one, numBlocks, /*masked=*/true);
  } else if (!structure) {
    // Only the last block, which came first, may be partial.
    emitLoop(one, numBlocks, /*masked=*/false);
  } else {
    Value right = b.max(one, b.sub(tile.end, tile.fullEnd));
    Value full = b.max(right, b.sub(tile.end, tile.fullBegin));
    emitLoop(one, right, /*masked=*/true);
    emitLoop(right, full, /*masked=*/false);
    if (hasLeftEdge())
      emitLoop(full, numBlocks, /*masked=*/true);
  }
  AwaitOp::create(b, valuePipe, state.slot);
  Value product =
      emitOutputProduct(state.probabilities, state.slot, state.output);
  state.output = WaitOp::create(b, 0, product).getResult(0);
  ReleaseOp::create(b, valuePipe, state.slot, /*each_thread=*/false);
  state.slot = NextSlotOp::create(b, state.slot);
  return state;
}

//===----------------------------------------------------------------------===//
// The end of a tile
//===----------------------------------------------------------------------===//

void KernelEmitter::emitEpilogue(const Tile &tile, const State &state,
                                 Value slot) {
  Type f32 = b.getF32Type(), row = b.row(f32);
  bool isNaN = op.getMaskedRow() != MaskedRow::Zero;
  Value sum = CombineOp::create(b, Reduction::Add, state.sum);
  SmallVector<Value> rows =
      b.map({state.maximum, sum}, {row, row}, [&](ValueRange x) {
        Value isNone = b.compare(arith::CmpFPredicate::OEQ, x[1], b.f32(0.0));
        Value inverse = arith::DivFOp::create(b, b.f32(1.0), x[1]);
        inverse = b.select(
            isNone,
            b.f32(isNaN ? std::numeric_limits<double>::quiet_NaN() : 0.0),
            inverse);
        Value lse =
            b.mulf(b.addf(x[0], math::Log2Op::create(b, x[1])), b.f32(kLn2));
        lse = b.select(isNone, b.f32(-kInfinity), lse);
        return SmallVector<Value>{inverse, lse};
      });
  Value output = pack(rescale(state.output, rows[0]));

  // The consumer's queries are done with: their tile takes the output.
  Value number =
      b.add(b.mul(SlotIndexOp::create(b, slot), schedule.consumers), warpgroup);
  Value tileMemory = SliceOp::create(b, queries, number);
  StoreFragmentOp::create(b, output, tileMemory);
  SyncWarpgroupOp::create(b, warpgroup);
  Value firstRow =
      b.add(tile.firstQuery, b.mul(warpgroup, FragmentType::kRows));
  b.elect([&] {
    constexpr int64_t kSlabColumns = 64;
    int64_t tileSlabs =
        std::max(schedule.paddedDim, schedule.paddedValueDim) / kSlabColumns;
    Value firstSlab = b.mul(number, tileSlabs);
    for (int64_t s = 0; s < schedule.paddedValueDim / kSlabColumns; ++s)
      TmaStoreOp::create(b, SliceOp::create(b, querySlabs, b.add(firstSlab, s)),
                         args.outputMap,
                         getCoordinates(op.getOutput(), b.i32(s * kSlabColumns),
                                        firstRow, tile.head, tile.batch));
    TmaStoreWaitOp::create(b);
    ReleaseOp::create(b, queryPipe, slot, /*each_thread=*/true);
  });
  if (!args.lse.pointer)
    return;
  b.foreach (rows[1], [&](ValueRange x) {
    Value query = b.add(firstRow, x[1]);
    Value isInside =
        b.compare(arith::CmpIPredicate::slt, query, args.numQueries);
    b.ifThen(isInside, [&] {
      SmallVector<Value> indices(tile.batch);
      if (op.hasHeadDim())
        indices.push_back(tile.head);
      indices.push_back(query);
      LLVM::StoreOp::create(b, x[0], emitAddress(args.lse, indices));
    });
  });
}

void KernelEmitter::emitConsumer() {
  auto firstSlot = [&](int64_t depth) -> Value {
    return FirstSlotOp::create(b, SlotType::get(b.getContext(), depth));
  };
  if (schedule.takesTurns)
    TurnInitOp::create(b, warpgroup, schedule.consumers);
  Value first =
      b.toI32(gpu::BlockIdOp::create(b, b.getIndexType(), gpu::Dimension::x));
  SmallVector<Value> inits{first, firstSlot(schedule.stages),
                           firstSlot(schedule.queryStages), firstSlot(1)};
  b.whileNotNegative(inits, [&](ValueRange carried) {
    Value slot = carried[1], querySlot = carried[2], tileSlot = carried[3];
    Tile tile = emitTile(carried[0]);
    Value number =
        b.add(b.mul(SlotIndexOp::create(b, querySlot), schedule.consumers),
              warpgroup);
    Value queryTile = SliceOp::create(b, queries, number);
    AwaitOp::create(b, queryPipe, querySlot);
    State state;
    auto emitTileBlocks = [&] {
      State blocks = emitBlocks(tile, queryTile, slot);
      return SmallVector<Value>{blocks.output, blocks.maximum, blocks.sum,
                                blocks.slot};
    };
    SmallVector<Value> results;
    if (mayBeEmpty()) {
      Value isNonempty =
          b.compare(arith::CmpIPredicate::slt, tile.begin, tile.end);
      results = b.ifThenElse(isNonempty, emitTileBlocks, [&] {
        auto splat = [&](Type type, double value) -> Value {
          return SplatOp::create(b, type, b.f32(value));
        };
        Type row = b.row(b.getF32Type());
        return SmallVector<Value>{
            splat(b.fragment(valueDim, b.getF32Type()), 0.0),
            splat(row, -kInfinity), splat(row, 0.0), slot};
      });
    } else {
      results = emitTileBlocks();
    }
    state.output = results[0];
    state.maximum = results[1];
    state.sum = results[2];
    emitEpilogue(tile, state, querySlot);
    Value next = ReceiveOp::create(b, tilePipe, tileSlot);
    return SmallVector<Value>{next, results[3],
                              NextSlotOp::create(b, querySlot),
                              NextSlotOp::create(b, tileSlot)};
  });
}
