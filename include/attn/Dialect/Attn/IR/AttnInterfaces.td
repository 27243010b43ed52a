//===- AttnInterfaces.td - Attribute interfaces --------------*- tablegen -*-===//
//
// Part of the attn-mlir project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef ATTN_DIALECT_ATTN_IR_ATTNINTERFACES_TD
#define ATTN_DIALECT_ATTN_IR_ATTNINTERFACES_TD

include "mlir/IR/OpBase.td"

def Attn_StructuralMaskInterface : AttrInterface<"StructuralMaskInterface"> {
  let cppNamespace = "::mlir::attn";
  let description = [{
    A mask that is a function of the query index `i` and the key index `j` (and
    of the lengths), so that no tensor of it ever exists.

    Every structural mask lets query `i` see an interval of keys
    `[begin(i), end(i))`, with `begin` and `end` non-decreasing in `i`; what an
    interval cannot say (document ids) is decided per element and makes the mask
    inexact. The interval ends are all that is needed for the closed-form bounds
    of the key blocks that a query block needs, and for the classification of a
    block as empty, full or partial (`MaskAnalysis.h`).
  }];
  let methods = [
    InterfaceMethod<[{
        The keys that query `i` sees, before clamping to `[0, numKeys)`.
      }], "::mlir::attn::KeyInterval", "getKeyInterval",
      (ins "int64_t":$i, "int64_t":$numQueries, "int64_t":$numKeys)>,
    InterfaceMethod<[{
        The same interval as values in IR, before clamping: of the type of the
        operands, index or i32. In i32 `i` and the lengths are less than 2^29, and
        an end that is more than 2^29 away is any that is.
      }], "::mlir::attn::KeyIntervalValues", "buildKeyInterval",
      (ins "::mlir::OpBuilder &":$builder, "::mlir::Location":$loc,
           "::mlir::Value":$i, "::mlir::Value":$numQueries,
           "::mlir::Value":$numKeys)>,
    InterfaceMethod<[{
        Whether the interval alone decides the mask. If not, a key inside the
        interval is kept only if its document is the query's.
      }], "bool", "isExact", (ins)>,
    InterfaceMethod<[{
        The simplest equivalent mask for these lengths (`ShapedType::kDynamic`
        where unknown), or null if the mask keeps everything.
      }], "::mlir::Attribute", "simplify",
      (ins "int64_t":$numQueries, "int64_t":$numKeys)>,
  ];
}

def Attn_ScheduleInterface : AttrInterface<"ScheduleInterface"> {
  let cppNamespace = "::mlir::attn";
  let description = [{
    The tile sizes and the other choices of a kernel, for one kind of target.
  }];
  let methods = [
    InterfaceMethod<"The target that the schedule is for: `cpu` or `cuda`.",
      "::llvm::StringRef", "getTargetName", (ins)>,
  ];
}

#endif // ATTN_DIALECT_ATTN_IR_ATTNINTERFACES_TD
