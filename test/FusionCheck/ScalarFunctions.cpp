//===- ScalarFunctions.cpp - Operations on scalars --------------*- C++ -*-===//
//
// Part of the attn-mlir project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ScalarFunctions.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "llvm/Support/MathExtras.h"
#include <map>

using namespace mlir;
using namespace mlir::attn;

double attn::roundTo(double value, Type type) {
  if (type.isF64())
    return value;
  if (type.isF32())
    return static_cast<float>(value);
  auto floatType = dyn_cast<FloatType>(type);
  if (!floatType)
    return value;
  APFloat number(value);
  bool losesInfo;
  number.convert(floatType.getFloatSemantics(), APFloat::rmNearestTiesToEven,
                 &losesInfo);
  number.convert(APFloat::IEEEdouble(), APFloat::rmNearestTiesToEven,
                 &losesInfo);
  return number.convertToDouble();
}

namespace {

int64_t wrap(int64_t value, Type type) {
  auto integer = dyn_cast<IntegerType>(type);
  if (!integer || integer.getWidth() >= 64)
    return value;
  if (integer.getWidth() == 1)
    return value & 1;
  unsigned shift = 64 - integer.getWidth();
  return static_cast<int64_t>(static_cast<uint64_t>(value) << shift) >> shift;
}

uint64_t toUnsigned(int64_t value, Type type) {
  auto integer = dyn_cast<IntegerType>(type);
  if (!integer || integer.getWidth() >= 64)
    return value;
  return value & ((uint64_t(1) << integer.getWidth()) - 1);
}

bool compareIntegers(arith::CmpIPredicate predicate, int64_t x, int64_t y,
                     Type type) {
  using P = arith::CmpIPredicate;
  if (type.isInteger(1)) {
    x = -x;
    y = -y;
  }
  uint64_t ux = toUnsigned(x, type), uy = toUnsigned(y, type);
  switch (predicate) {
  case P::eq:
    return x == y;
  case P::ne:
    return x != y;
  case P::slt:
    return x < y;
  case P::sle:
    return x <= y;
  case P::sgt:
    return x > y;
  case P::sge:
    return x >= y;
  case P::ult:
    return ux < uy;
  case P::ule:
    return ux <= uy;
  case P::ugt:
    return ux > uy;
  case P::uge:
    return ux >= uy;
  }
  return false;
}

bool compareFloats(arith::CmpFPredicate predicate, double x, double y) {
  using P = arith::CmpFPredicate;
  bool unordered = std::isnan(x) || std::isnan(y);
  switch (predicate) {
  case P::AlwaysFalse:
    return false;
  case P::OEQ:
    return !unordered && x == y;
  case P::OGT:
    return !unordered && x > y;
  case P::OGE:
    return !unordered && x >= y;
  case P::OLT:
    return !unordered && x < y;
  case P::OLE:
    return !unordered && x <= y;
  case P::ONE:
    return !unordered && x != y;
  case P::ORD:
    return !unordered;
  case P::UEQ:
    return unordered || x == y;
  case P::UGT:
    return unordered || x > y;
  case P::UGE:
    return unordered || x >= y;
  case P::ULT:
    return unordered || x < y;
  case P::ULE:
    return unordered || x <= y;
  case P::UNE:
    return unordered || x != y;
  case P::UNO:
    return unordered;
  case P::AlwaysTrue:
    return true;
  }
  return false;
}

double minimum(double x, double y) {
  return std::isnan(x) || std::isnan(y) ? NAN : std::min(x, y);
}

} // namespace

ScalarFunction attn::getScalarFunction(Operation *op) {
  if (op->getNumResults() != 1)
    return {};
  Type type = getElementTypeOrSelf(op->getResult(0).getType());
  Type from = op->getNumOperands()
                  ? getElementTypeOrSelf(op->getOperand(0).getType())
                  : Type();
  StringRef name = op->getName().getStringRef();
  auto unary = [&](double (*function)(double)) -> ScalarFunction {
    return [=](const Cell *x) {
      return makeFloat(roundTo(function(x[0].f), type));
    };
  };
  auto binary = [&](double (*function)(double, double)) -> ScalarFunction {
    return [=](const Cell *x) {
      return makeFloat(roundTo(function(x[0].f, x[1].f), type));
    };
  };
  auto integers = [&](int64_t (*function)(int64_t, int64_t)) -> ScalarFunction {
    return [=](const Cell *x) {
      return makeInteger(wrap(function(x[0].i, x[1].i), type));
    };
  };
  if (auto cmp = dyn_cast<arith::CmpIOp>(op)) {
    auto predicate = cmp.getPredicate();
    return [=](const Cell *x) {
      return makeInteger(compareIntegers(predicate, x[0].i, x[1].i, from));
    };
  }
  if (auto cmp = dyn_cast<arith::CmpFOp>(op)) {
    auto predicate = cmp.getPredicate();
    return [=](const Cell *x) {
      return makeInteger(compareFloats(predicate, x[0].f, x[1].f));
    };
  }
  if (isa<arith::SelectOp>(op))
    return [](const Cell *x) { return x[0].i ? x[1] : x[2]; };
  if (isa<arith::ExtFOp, arith::TruncFOp>(op))
    return unary([](double x) { return x; });
  if (isa<arith::SIToFPOp>(op))
    return [=](const Cell *x) {
      int64_t value = from.isInteger(1) ? -x[0].i : x[0].i;
      return makeFloat(roundTo(value, type));
    };
  if (isa<arith::UIToFPOp>(op))
    return [=](const Cell *x) {
      return makeFloat(roundTo(toUnsigned(x[0].i, from), type));
    };
  if (isa<arith::FPToSIOp>(op))
    return [=](const Cell *x) {
      return makeInteger(std::abs(x[0].f) < 9e15
                             ? wrap(static_cast<int64_t>(x[0].f), type)
                             : 0);
    };
  if (isa<arith::ExtUIOp, arith::IndexCastUIOp>(op))
    return [=](const Cell *x) {
      return makeInteger(wrap(toUnsigned(x[0].i, from), type));
    };
  if (isa<arith::ExtSIOp, arith::IndexCastOp>(op))
    return [=](const Cell *x) {
      return makeInteger(wrap(from.isInteger(1) ? -x[0].i : x[0].i, type));
    };
  if (isa<arith::TruncIOp>(op))
    return [=](const Cell *x) { return makeInteger(wrap(x[0].i, type)); };
  if (isa<math::AbsIOp>(op))
    return [](const Cell *x) { return makeInteger(std::abs(x[0].i)); };
  if (isa<math::FmaOp>(op))
    return [=](const Cell *x) {
      return makeFloat(roundTo(std::fma(x[0].f, x[1].f, x[2].f), type));
    };
  static const std::map<StringRef, double (*)(double)> unaryFunctions{
      {"arith.negf", [](double x) { return -x; }},
      {"math.exp", [](double x) { return std::exp(x); }},
      {"math.exp2", [](double x) { return std::exp2(x); }},
      {"math.log", [](double x) { return std::log(x); }},
      {"math.log2", [](double x) { return std::log2(x); }},
      {"math.tanh", [](double x) { return std::tanh(x); }},
      {"math.sqrt", [](double x) { return std::sqrt(x); }},
      {"math.rsqrt", [](double x) { return 1 / std::sqrt(x); }},
      {"math.absf", [](double x) { return std::abs(x); }},
      {"math.erf", [](double x) { return std::erf(x); }},
  };
  static const std::map<StringRef, double (*)(double, double)> binaryFunctions{
      {"arith.addf", [](double x, double y) { return x + y; }},
      {"arith.subf", [](double x, double y) { return x - y; }},
      {"arith.mulf", [](double x, double y) { return x * y; }},
      {"arith.divf", [](double x, double y) { return x / y; }},
      {"arith.maximumf", maximum},
      {"arith.maxnumf", [](double x, double y) { return std::fmax(x, y); }},
      {"arith.minimumf", minimum},
      {"arith.minnumf", [](double x, double y) { return std::fmin(x, y); }},
      {"math.powf", [](double x, double y) { return std::pow(x, y); }},
  };
  static const std::map<StringRef, int64_t (*)(int64_t, int64_t)>
      integerFunctions{
          {"arith.addi", [](int64_t x, int64_t y) { return x + y; }},
          {"arith.subi", [](int64_t x, int64_t y) { return x - y; }},
          {"arith.muli", [](int64_t x, int64_t y) { return x * y; }},
          {"arith.andi", [](int64_t x, int64_t y) { return x & y; }},
          {"arith.ori", [](int64_t x, int64_t y) { return x | y; }},
          {"arith.xori", [](int64_t x, int64_t y) { return x ^ y; }},
          {"arith.maxsi", [](int64_t x, int64_t y) { return std::max(x, y); }},
          {"arith.minsi", [](int64_t x, int64_t y) { return std::min(x, y); }},
          {"arith.divsi", [](int64_t x, int64_t y) { return y ? x / y : 0; }},
          {"arith.divui", [](int64_t x, int64_t y) { return y ? x / y : 0; }},
          {"arith.remsi", [](int64_t x, int64_t y) { return y ? x % y : 0; }},
          {"arith.remui", [](int64_t x, int64_t y) { return y ? x % y : 0; }},
          {"arith.floordivsi",
           [](int64_t x, int64_t y) {
             return y ? llvm::divideFloorSigned(x, y) : 0;
           }},
      };
  if (auto found = unaryFunctions.find(name); found != unaryFunctions.end())
    return unary(found->second);
  if (auto found = binaryFunctions.find(name); found != binaryFunctions.end())
    return binary(found->second);
  if (auto found = integerFunctions.find(name);
      found != integerFunctions.end() && type.isIntOrIndex())
    return integers(found->second);
  return {};
}
