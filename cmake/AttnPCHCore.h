//===- AttnPCHCore.h - Headers that nearly every file includes --*- C++ -*-===//
//
// Part of the attn-mlir project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Precompiled only to save build time: every file still includes what it uses.
//
//===----------------------------------------------------------------------===//

#ifndef ATTN_PCH_CORE_H
#define ATTN_PCH_CORE_H

// llvm::Statistic, the base of a pass's statistics, has a layout for builds
// with assertions and another for builds without. Ours must be the one that
// LLVM was built with, whether our own assertions are on or off.
#if defined(NDEBUG) == ATTN_LLVM_HAS_ASSERTIONS
#ifdef NDEBUG
#undef NDEBUG
#include "llvm/ADT/Statistic.h"
#define NDEBUG
#else
#define NDEBUG
#include "llvm/ADT/Statistic.h"
#undef NDEBUG
#endif
#include <cassert>
#endif

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/Matchers.h"
#include "mlir/IR/PatternMatch.h"
#include "mlir/Pass/Pass.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Transforms/DialectConversion.h"

#endif // ATTN_PCH_CORE_H
