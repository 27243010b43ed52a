// RUN: not attn-opt %s --convert-attn-to-attn-gpu=block-keys=256 2>&1 | FileCheck %s --check-prefix=SHARED
// RUN: not attn-opt %s --convert-attn-to-attn-gpu=block-keys=24 2>&1 | FileCheck %s --check-prefix=KEYS
// RUN: not attn-opt %s --convert-attn-to-attn-gpu=consumers=4 2>&1 | FileCheck %s --check-prefix=CONSUMERS
// RUN: not attn-opt %s --convert-attn-to-attn-gpu=softmax=optimistic 2>&1 | FileCheck %s --check-prefix=MAXIMA
// RUN: not attn-opt %s --convert-attn-to-attn-gpu=softmax=lazy 2>&1 | FileCheck %s --check-prefix=MAXIMA
// RUN: not attn-opt %s --convert-attn-to-attn-gpu="chip=sm_80 softmax=optimistic" 2>&1 | FileCheck %s --check-prefix=FORM
// RUN: not attn-opt %s --convert-attn-to-attn-gpu="chip=sm_80 output=copied" 2>&1 | FileCheck %s --check-prefix=OUTPUT
// RUN: not attn-opt %s --convert-attn-to-attn-gpu=query-stages=16 2>&1 | FileCheck %s --check-prefix=ROOM
// Barriers stand before the tiles.
// RUN: not attn-opt %s --convert-attn-to-attn-gpu="block-keys=16 stages=40" 2>&1 | FileCheck %s --check-prefix=BARRIERS

// FORM: schedule-invalid.mlir:[[#@LINE+11]]:3: error: the kernels of this GPU have no optimistic softmax
// OUTPUT: schedule-invalid.mlir:[[#@LINE+10]]:3: error: the kernels of this GPU store outputs from registers
// SHARED: schedule-invalid.mlir:[[#@LINE+9]]:3: error: the schedule needs 590848 bytes of shared memory, 232448 are there
// KEYS: schedule-invalid.mlir:[[#@LINE+8]]:3: error: expected blocks of 16 to 256 keys in steps of 16, got 24
// CONSUMERS: schedule-invalid.mlir:[[#@LINE+7]]:3: error: expected 1 to 3 consumers, got 4

// Choices that do not fit are refused where the op is.

func.func @f(%q: memref<4x?x256xbf16>, %k: memref<4x?x256xbf16>, %v: memref<4x?x256xbf16>, %o: memref<4x?x256xbf16>) {
  // ROOM: schedule-invalid.mlir:[[#@LINE+2]]:3: error: no room for a block of 16 keys with 2 stages and 16 tiles of 128 queries
  // BARRIERS: schedule-invalid.mlir:[[#@LINE+1]]:3: error: the schedule needs 1456 bytes for barriers, 1024 are there
  attn.sdpa query(%q : memref<4x?x256xbf16>) key(%k : memref<4x?x256xbf16>) value(%v : memref<4x?x256xbf16>)  backend = flash outs(%o : memref<4x?x256xbf16>)
  return
}

func.func @maxima(%q: memref<4x?x64xbf16>, %o: memref<4x?x64xbf16>, %l: memref<4x?xf32>, %m: memref<4x?xf32>) {
  // MAXIMA: schedule-invalid.mlir:[[#@LINE+1]]:3: error: row maxima need the standard softmax
  attn.sdpa query(%q : memref<4x?x64xbf16>) key(%q : memref<4x?x64xbf16>) value(%q : memref<4x?x64xbf16>)  backend = flash outs(%o, %l, %m : memref<4x?x64xbf16>, memref<4x?xf32>, memref<4x?xf32>)
  return
}
