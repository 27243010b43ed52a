//===- CostModel.h - What cost models share -------------------- *- C++ -*-===//
//
// Part of the attn-mlir project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef ATTN_LIB_CONVERSION_ATTNTOATTNGPU_COSTMODEL_H
#define ATTN_LIB_CONVERSION_ATTNTOATTNGPU_COSTMODEL_H

#include "Schedule.h"

namespace mlir::attn {

/// The cost models of the families. `schedule` has what all kernels choose
/// alike: the family, types, padded head dimensions, splits of keys.
FailureOr<KernelSchedule> chooseHopperSchedule(SdpaOp op,
                                               const ScheduleOptions &options,
                                               KernelSchedule schedule);
FailureOr<KernelSchedule> chooseAmpereSchedule(SdpaOp op,
                                               const ScheduleOptions &options,
                                               KernelSchedule schedule);

/// Sizes that follow from the others.
void completeSchedule(KernelSchedule &schedule);

/// Whether a choice can be had; an error says why not.
LogicalResult verifyBlockKeys(SdpaOp op, const KernelSchedule &schedule);
/// The other forms do not know the maximum of a row.
LogicalResult verifySoftmax(SdpaOp op, const KernelSchedule &schedule);
LogicalResult verifySharedBytes(SdpaOp op, const KernelSchedule &schedule,
                                const ScheduleOptions &options);

/// Whether heads that share keys are known to fill more rows than one consumer
/// has.
bool needsTwoConsumers(SdpaOp op, const ScheduleOptions &options);

/// How many things of its own each element of the logits has: a bias, a place
/// in a mask, a region; and two documents, which are compared only if they do
/// not ascend, but by code in the same loop.
int64_t countElementSources(SdpaOp op);

/// The bytes that a copy of rows of `memref` moves at a time: as many as divide
/// the row and, where they are known, the strides. What is not known is checked
/// on the host.
int64_t chooseAlignment(Value memref);

} // namespace mlir::attn

#endif // ATTN_LIB_CONVERSION_ATTNTOATTNGPU_COSTMODEL_H
