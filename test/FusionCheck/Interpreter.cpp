//===- Interpreter.cpp - Runs linalg on tensors -----------------*- C++ -*-===//
//
// Part of the attn-mlir project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ElementAccess.h"
#include "ScalarFunctions.h"
#include "attn/Dialect/Attn/IR/AttnOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/ControlFlow/IR/ControlFlowOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include <cmath>
#include <functional>

using namespace mlir;
using namespace mlir::attn;

namespace {

std::optional<Cell> getConstant(Attribute attr) {
  if (auto number = dyn_cast<FloatAttr>(attr))
    return makeFloat(number.getValueAsDouble());
  if (auto number = dyn_cast<IntegerAttr>(attr))
    return makeInteger(number.getType().isInteger(1)
                           ? number.getValue().getZExtValue()
                           : number.getValue().getSExtValue());
  return std::nullopt;
}

class Interpreter {
public:
  llvm::Expected<SmallVector<HostArray>> run(func::FuncOp function,
                                             ArrayRef<HostArray> arguments);

private:
  using Environment = llvm::DenseMap<Value, Cell>;

  LogicalResult fail(const Twine &message) {
    if (error.empty())
      error = message.str();
    return failure();
  }
  LogicalResult execute(Operation *op);
  LogicalResult executeLinalg(linalg::LinalgOp op);
  LogicalResult executeElementwise(Operation *op);
  LogicalResult executeReshape(Operation *op);
  LogicalResult executeSlice(Operation *op);
  LogicalResult executeConstant(Operation *op, Attribute attr);
  /// Runs a body of scalars; the indices are those of linalg.index.
  LogicalResult executeBody(Block &block, Environment &environment,
                            ArrayRef<int64_t> indices);
  std::optional<int64_t> getInteger(OpFoldResult size) {
    if (auto attr = dyn_cast<Attribute>(size))
      return cast<IntegerAttr>(attr).getInt();
    return arrays[cast<Value>(size)]->cells[0].i;
  }
  HostArray &make(Value value, ArrayRef<int64_t> shape) {
    auto array = std::make_shared<HostArray>();
    array->shape.assign(shape.begin(), shape.end());
    // What is never written shows.
    array->cells.resize(getSize(shape),
                        isa<FloatType>(getElementTypeOrSelf(value.getType()))
                            ? makeFloat(NAN)
                            : makeInteger(0x5a5a));
    arrays[value] = array;
    return *array;
  }
  HostArray &get(Value value) { return *arrays[value]; }

  llvm::DenseMap<Value, std::shared_ptr<HostArray>> arrays;
  llvm::DenseMap<Operation *, ScalarFunction> functions;
  std::string error;
};

LogicalResult Interpreter::executeBody(Block &block, Environment &environment,
                                       ArrayRef<int64_t> indices) {
  auto read = [&](Value value) -> Cell {
    auto found = environment.find(value);
    if (found != environment.end())
      return found->second;
    return get(value).cells[0];
  };
  for (Operation &op : block.without_terminator()) {
    if (auto index = dyn_cast<linalg::IndexOp>(op)) {
      environment[index.getResult()] = makeInteger(indices[index.getDim()]);
      continue;
    }
    if (auto constant = dyn_cast<arith::ConstantOp>(op)) {
      environment[constant.getResult()] = *getConstant(constant.getValue());
      continue;
    }
    if (auto extract = dyn_cast<tensor::ExtractOp>(op)) {
      SmallVector<int64_t> index;
      for (Value position : extract.getIndices())
        index.push_back(read(position).i);
      HostArray &source = get(extract.getTensor());
      int64_t position = getPosition(source.shape, index);
      if (position < 0)
        return fail("tensor.extract out of bounds");
      environment[extract.getResult()] = source.cells[position];
      continue;
    }
    if (isa<cf::AssertOp>(op)) {
      if (!read(op.getOperand(0)).i)
        return fail("assertion failed");
      continue;
    }
    auto [function, inserted] = functions.try_emplace(&op);
    if (inserted)
      function->second = getScalarFunction(&op);
    if (!function->second)
      return fail("unknown operation " + op.getName().getStringRef());
    SmallVector<Cell, 3> operands;
    for (Value operand : op.getOperands())
      operands.push_back(read(operand));
    environment[op.getResult(0)] = function->second(operands.data());
  }
  return success();
}

LogicalResult Interpreter::executeLinalg(linalg::LinalgOp op) {
  SmallVector<int64_t> ranges(op.getNumLoops(), -1);
  SmallVector<AffineMap> maps = op.getIndexingMapsArray();
  for (OpOperand &operand : op->getOpOperands()) {
    AffineMap map = op.getMatchingIndexingMap(&operand);
    HostArray &array = get(operand.get());
    for (auto [d, expr] : llvm::enumerate(map.getResults()))
      if (auto dim = dyn_cast<AffineDimExpr>(expr)) {
        int64_t &range = ranges[dim.getPosition()];
        if (range >= 0 && range != array.shape[d])
          return fail("loop ranges differ");
        range = array.shape[d];
      }
  }
  if (llvm::is_contained(ranges, -1))
    return fail("a loop range is unknown");
  for (int64_t k = 0; k < op.getNumDpsInits(); ++k)
    make(op->getResult(k), {}).shape = get(op.getDpsInits()[k]).shape;
  for (int64_t k = 0; k < op.getNumDpsInits(); ++k)
    get(op->getResult(k)).cells = get(op.getDpsInits()[k]).cells;
  Block &body = *op.getBlock();
  bool failed = false;
  Environment environment;
  // Looked up once: an attribute costs more than an element.
  SmallVector<ElementAccess> accesses, results;
  for (BlockArgument argument : body.getArguments()) {
    OpOperand *operand = op.getMatchingOpOperand(argument);
    bool isInit = op.isDpsInit(operand);
    accesses.emplace_back(op.getMatchingIndexingMap(operand),
                          isInit ? get(op.getTiedOpResult(operand))
                                 : get(operand->get()));
  }
  for (int64_t k = 0; k < op.getNumDpsInits(); ++k)
    results.emplace_back(op.getMatchingIndexingMap(op.getDpsInitOperand(k)),
                         get(op->getResult(k)));
  OperandRange yields = body.getTerminator()->getOperands();
  forEachIndex(ranges, [&](ArrayRef<int64_t> index) {
    if (failed)
      return;
    environment.clear();
    for (auto [argument, access] : llvm::zip(body.getArguments(), accesses)) {
      int64_t position = access.locate(index);
      if (position < 0) {
        failed = true;
        (void)fail("an operand of linalg is read out of bounds");
        return;
      }
      environment[argument] = access.array->cells[position];
    }
    if (mlir::failed(executeBody(body, environment, index))) {
      failed = true;
      return;
    }
    for (auto [yielded, access] : llvm::zip(yields, results)) {
      auto found = environment.find(yielded);
      access.array->cells[access.locate(index)] =
          found != environment.end() ? found->second : get(yielded).cells[0];
    }
  });
  return failure(failed);
}

LogicalResult Interpreter::executeElementwise(Operation *op) {
  ScalarFunction function = getScalarFunction(op);
  if (!function)
    return fail("unknown operation " + op->getName().getStringRef());
  ArrayRef<int64_t> shape;
  for (Value operand : op->getOperands())
    if (isa<TensorType>(operand.getType()))
      shape = get(operand).shape;
  SmallVector<int64_t> copy(shape);
  HostArray &result = make(op->getResult(0), copy);
  for (size_t position = 0; position < result.cells.size(); ++position) {
    SmallVector<Cell, 3> operands;
    for (Value operand : op->getOperands()) {
      HostArray &array = get(operand);
      operands.push_back(array.cells[array.shape.empty() ? 0 : position]);
    }
    result.cells[position] = function(operands.data());
  }
  return success();
}

LogicalResult Interpreter::executeConstant(Operation *op, Attribute attr) {
  if (std::optional<Cell> cell = getConstant(attr)) {
    make(op->getResult(0), {}).cells[0] = *cell;
    return success();
  }
  auto dense = dyn_cast<DenseElementsAttr>(attr);
  if (!dense)
    return fail("unknown constant");
  HostArray &array =
      make(op->getResult(0), cast<ShapedType>(dense.getType()).getShape());
  int64_t position = 0;
  for (Attribute element : dense.getValues<Attribute>())
    array.cells[position++] = *getConstant(element);
  return success();
}

/// Operations that keep the elements in order.
LogicalResult Interpreter::executeReshape(Operation *op) {
  std::vector<Cell> cells = get(op->getOperand(0)).cells;
  SmallVector<int64_t> source = get(op->getOperand(0)).shape, shape;
  if (auto collapse = dyn_cast<tensor::CollapseShapeOp>(op)) {
    for (const ReassociationIndices &group :
         collapse.getReassociationIndices()) {
      int64_t size = 1;
      for (int64_t d : group)
        size *= source[d];
      shape.push_back(size);
    }
  } else if (auto expand = dyn_cast<tensor::ExpandShapeOp>(op)) {
    for (OpFoldResult size : expand.getMixedOutputShape())
      shape.push_back(*getInteger(size));
  } else if (auto reshape = dyn_cast<tensor::ReshapeOp>(op)) {
    for (Cell cell : get(reshape.getShape()).cells)
      shape.push_back(cell.i);
  } else {
    shape = source;
  }
  if (getSize(shape) != getSize(source))
    return fail("a reshape changes the number of elements");
  HostArray &result = make(op->getResult(0), shape);
  result.cells = cells;
  return success();
}

LogicalResult Interpreter::executeSlice(Operation *op) {
  auto slice = cast<OffsetSizeAndStrideOpInterface>(op);
  SmallVector<int64_t> offsets, sizes, strides;
  for (OpFoldResult offset : slice.getMixedOffsets())
    offsets.push_back(*getInteger(offset));
  for (OpFoldResult size : slice.getMixedSizes())
    sizes.push_back(*getInteger(size));
  for (OpFoldResult stride : slice.getMixedStrides())
    strides.push_back(*getInteger(stride));
  bool isInsert = isa<tensor::InsertSliceOp>(op);
  HostArray whole = get(op->getOperand(isInsert ? 1 : 0));
  HostArray part;
  if (isInsert) {
    part = get(op->getOperand(0));
  } else {
    auto extract = cast<tensor::ExtractSliceOp>(op);
    llvm::SmallBitVector dropped = extract.getDroppedDims();
    for (size_t d = 0; d < sizes.size(); ++d)
      if (!dropped.test(d))
        part.shape.push_back(sizes[d]);
    part.cells.resize(getSize(sizes));
  }
  int64_t next = 0;
  bool outside = false;
  forEachIndex(sizes, [&](ArrayRef<int64_t> index) {
    SmallVector<int64_t> at;
    for (size_t d = 0; d < index.size(); ++d)
      at.push_back(offsets[d] + index[d] * strides[d]);
    int64_t position = getPosition(whole.shape, at);
    if (position < 0) {
      outside = true;
      return;
    }
    if (isInsert)
      whole.cells[position] = part.cells[next++];
    else
      part.cells[next++] = whole.cells[position];
  });
  if (outside)
    return fail("a slice is out of bounds");
  HostArray &from = isInsert ? whole : part;
  HostArray &result = make(op->getResult(0), from.shape);
  result.cells = from.cells;
  return success();
}

LogicalResult Interpreter::execute(Operation *op) {
  if (auto linalgOp = dyn_cast<linalg::LinalgOp>(op))
    return executeLinalg(linalgOp);
  if (auto constant = dyn_cast<arith::ConstantOp>(op))
    return executeConstant(op, constant.getValue());
  if (isa<tensor::CollapseShapeOp, tensor::ExpandShapeOp, tensor::CastOp,
          tensor::ReshapeOp>(op))
    return executeReshape(op);
  if (isa<tensor::ExtractSliceOp, tensor::InsertSliceOp>(op))
    return executeSlice(op);
  if (auto empty = dyn_cast<tensor::EmptyOp>(op)) {
    SmallVector<int64_t> shape;
    for (OpFoldResult size : empty.getMixedSizes())
      shape.push_back(*getInteger(size));
    make(empty.getResult(), shape);
    return success();
  }
  if (auto dim = dyn_cast<tensor::DimOp>(op)) {
    int64_t d = get(dim.getIndex()).cells[0].i;
    int64_t size = get(dim.getSource()).shape[d];
    make(dim.getResult(), {}).cells[0].i = size;
    return success();
  }
  if (auto extract = dyn_cast<tensor::ExtractOp>(op)) {
    SmallVector<int64_t> index;
    for (Value position : extract.getIndices())
      index.push_back(get(position).cells[0].i);
    HostArray source = get(extract.getTensor());
    int64_t position = getPosition(source.shape, index);
    if (position < 0)
      return fail("tensor.extract out of bounds");
    make(extract.getResult(), {}).cells[0] = source.cells[position];
    return success();
  }
  if (auto elements = dyn_cast<tensor::FromElementsOp>(op)) {
    std::vector<Cell> cells;
    for (Value element : elements.getElements())
      cells.push_back(get(element).cells[0]);
    make(elements.getResult(), elements.getType().getShape()).cells = cells;
    return success();
  }
  if (auto splat = dyn_cast<tensor::SplatOp>(op)) {
    Cell cell = get(splat.getInput()).cells[0];
    HostArray &result = make(splat.getResult(), splat.getType().getShape());
    llvm::fill(result.cells, cell);
    return success();
  }
  if (auto concat = dyn_cast<tensor::ConcatOp>(op)) {
    SmallVector<int64_t> shape = get(concat.getInputs()[0]).shape;
    shape[concat.getDim()] = 0;
    for (Value input : concat.getInputs())
      shape[concat.getDim()] += get(input).shape[concat.getDim()];
    HostArray &result = make(concat.getResult(), shape);
    int64_t offset = 0;
    for (Value input : concat.getInputs()) {
      HostArray &source = get(input);
      forEachIndex(source.shape, [&](ArrayRef<int64_t> index) {
        SmallVector<int64_t> at(index);
        at[concat.getDim()] += offset;
        result.cells[getPosition(result.shape, at)] =
            source.cells[getPosition(source.shape, index)];
      });
      offset += source.shape[concat.getDim()];
    }
    return success();
  }
  if (auto generate = dyn_cast<tensor::GenerateOp>(op)) {
    HostArray &result =
        make(generate.getResult(), generate.getType().getShape());
    Block &body = generate.getBody().front();
    bool failed = false;
    int64_t next = 0;
    forEachIndex(result.shape, [&](ArrayRef<int64_t> index) {
      Environment environment;
      for (auto [argument, i] : llvm::zip(body.getArguments(), index))
        environment[argument] = makeInteger(i);
      failed |= mlir::failed(executeBody(body, environment, index));
      if (!failed)
        result.cells[next++] = environment[body.getTerminator()->getOperand(0)];
    });
    return failure(failed);
  }
  if (auto softmax = dyn_cast<linalg::SoftmaxOp>(op)) {
    HostArray source = get(softmax.getInput());
    HostArray &result = make(softmax.getResult()[0], source.shape);
    Type type = getElementTypeOrSelf(softmax.getInput().getType());
    int64_t dim = softmax.getDimension();
    SmallVector<int64_t> rows = source.shape;
    rows[dim] = 1;
    forEachIndex(rows, [&](ArrayRef<int64_t> row) {
      SmallVector<int64_t> at(row);
      auto forEachElement = [&](auto body) {
        for (at[dim] = 0; at[dim] < source.shape[dim]; ++at[dim])
          body(getPosition(source.shape, at));
      };
      double max = -INFINITY, sum = 0;
      forEachElement([&](int64_t p) { max = maximum(max, source.cells[p].f); });
      forEachElement([&](int64_t p) {
        double e = std::exp(roundTo(source.cells[p].f - max, type));
        result.cells[p].f = roundTo(e, type);
        sum = roundTo(sum + result.cells[p].f, type);
      });
      forEachElement([&](int64_t p) {
        result.cells[p].f = roundTo(result.cells[p].f / sum, type);
      });
    });
    return success();
  }
  if (auto transpose = dyn_cast<TransposeOp>(op)) {
    HostArray source = get(transpose.getSource());
    SmallVector<int64_t> shape;
    for (int64_t d : transpose.getPermutation())
      shape.push_back(source.shape[d]);
    HostArray &result = make(transpose.getResult(), shape);
    int64_t next = 0;
    forEachIndex(shape, [&](ArrayRef<int64_t> index) {
      SmallVector<int64_t> at(index.size());
      for (auto [d, i] : llvm::zip(transpose.getPermutation(), index))
        at[d] = i;
      result.cells[next++] = source.cells[getPosition(source.shape, at)];
    });
    return success();
  }
  if (isa<cf::AssertOp>(op))
    return get(op->getOperand(0)).cells[0].i ? success()
                                             : fail("assertion failed");
  return executeElementwise(op);
}

llvm::Expected<SmallVector<HostArray>>
Interpreter::run(func::FuncOp function, ArrayRef<HostArray> arguments) {
  Block &entry = function.getBody().front();
  for (auto [argument, array] : llvm::zip(entry.getArguments(), arguments))
    arrays[argument] = std::make_shared<HostArray>(array);
  for (Operation &op : entry.without_terminator())
    if (failed(execute(&op)))
      return llvm::createStringError(error);
  SmallVector<HostArray> results;
  for (Value result : entry.getTerminator()->getOperands())
    results.push_back(get(result));
  return results;
}

} // namespace

llvm::Expected<SmallVector<HostArray>>
attn::interpret(func::FuncOp function, ArrayRef<HostArray> arguments) {
  return Interpreter().run(function, arguments);
}
