// RUN: attn-opt %s --pass-pipeline="builtin.module(gpu.module(convert-attn-gpu-to-nvvm,canonicalize,cse))" | FileCheck %s

gpu.module @kernels [#nvvm.target<chip = "sm_80", features = "+ptx80">] {

// Keys: one matrix of 16 x 16 on the left, three groups of 8 keys on the right,
// the last one alone. Then values, from registers, transposed.
// CHECK-LABEL: llvm.func @products
// CHECK-SAME: nvvm.minctasm = 2 : i32, nvvm.reqntid = array<i32: 256>
gpu.func @products(%out: !llvm.ptr<1>) kernel {
  %zero = arith.constant 0.0 : f32
  %q = attn_gpu.alloc at 1024 : !attn_gpu.shared<64x64xf16>
  %k = attn_gpu.alloc at 9216 : !attn_gpu.shared<24x64xf16>
  %v = attn_gpu.alloc at 17408 : !attn_gpu.shared<16x64xf16>
  attn_gpu.warpgroups 2 blocks = 2 {
  ^bb0(%wg: i32):
    // CHECK: nvvm.ldmatrix %{{.*}} {eltType = #nvvm.ld_st_matrix_elt_type<b16>, layout = #nvvm.mma_layout<row>, num = 4 : i32
    // CHECK: nvvm.ldmatrix %{{.*}} {{.*}}mma_layout<row>, num = 4 : i32
    // CHECK-COUNT-2: nvvm.mma.sync {{.*}}shape = #nvvm.shape<m = 16, n = 8, k = 16>
    // CHECK: nvvm.ldmatrix %{{.*}} {{.*}}mma_layout<row>, num = 2 : i32
    // CHECK: nvvm.mma.sync
    // CHECK-NOT: nvvm.mma.sync
    %s = attn_gpu.mma [%q], %k depth 16 : (!attn_gpu.shared<64x64xf16>, !attn_gpu.shared<24x64xf16>) -> !attn_gpu.fragment<64x24xf32>
    attn_gpu.foreach %s : !attn_gpu.fragment<64x24xf32> {
    ^bb0(%x: f32, %i: i32, %j: i32):
      llvm.store %x, %out : f32, !llvm.ptr<1>
      attn_gpu.yield
    }
    %f = attn_gpu.splat %zero : f32 to !attn_gpu.fragment<64x16xf32>
    %p = attn_gpu.pack %f : !attn_gpu.fragment<64x16xf32> to !attn_gpu.fragment<64x16xf16>
    %a = attn_gpu.splat %zero : f32 to !attn_gpu.fragment<64x8xf32>
    // Two operands share what is read of the values.
    // CHECK: nvvm.ldmatrix %{{.*}} {{.*}}mma_layout<col>, num = 2 : i32
    // CHECK-COUNT-2: nvvm.mma.sync
    // CHECK-NOT: nvvm.mma.sync
    // CHECK-NOT: nvvm.ldmatrix
    %o:2 = attn_gpu.mma [%p, %p], %v values into [%a, %a] : (!attn_gpu.fragment<64x16xf16>, !attn_gpu.fragment<64x16xf16>, !attn_gpu.shared<16x64xf16>, !attn_gpu.fragment<64x8xf32>, !attn_gpu.fragment<64x8xf32>) -> (!attn_gpu.fragment<64x8xf32>, !attn_gpu.fragment<64x8xf32>)
    attn_gpu.foreach %o#0, %o#1 : !attn_gpu.fragment<64x8xf32>, !attn_gpu.fragment<64x8xf32> {
    ^bb0(%x: f32, %y: f32, %i: i32, %j: i32):
      llvm.store %x, %out : f32, !llvm.ptr<1>
      llvm.store %y, %out : f32, !llvm.ptr<1>
      attn_gpu.yield
    }
  }
  gpu.return
}

// The registers of a left operand, read before the products.
// CHECK-LABEL: llvm.func @loaded
gpu.func @loaded(%out: !llvm.ptr<1>) kernel {
  %q = attn_gpu.alloc at 1024 : !attn_gpu.shared<64x64xf16>
  %k = attn_gpu.alloc at 9216 : !attn_gpu.shared<8x64xf16>
  attn_gpu.warpgroups 1 blocks = 1 {
  ^bb0(%wg: i32):
    // CHECK-COUNT-2: nvvm.ldmatrix %{{.*}} {{.*}}mma_layout<row>, num = 4 : i32
    %f = attn_gpu.load_matrix %q : !attn_gpu.shared<64x64xf16> -> !attn_gpu.fragment<64x32xf16>
    // CHECK-NOT: num = 4
    // CHECK-COUNT-2: nvvm.mma.sync {{.*}}shape = #nvvm.shape<m = 16, n = 8, k = 16>
    // CHECK-NOT: num = 4
    %s = attn_gpu.mma [%f], %k depth 32 : (!attn_gpu.fragment<64x32xf16>, !attn_gpu.shared<8x64xf16>) -> !attn_gpu.fragment<64x8xf32>
    attn_gpu.foreach %s : !attn_gpu.fragment<64x8xf32> {
    ^bb0(%x: f32, %i: i32, %j: i32):
      llvm.store %x, %out : f32, !llvm.ptr<1>
      attn_gpu.yield
    }
  }
  // CHECK: llvm.return
  gpu.return
}

// 20 of 64 columns: a thread's chunk is there if it is one of two and a half.
// CHECK-LABEL: llvm.func @copies
gpu.func @copies(%base: !llvm.ptr<1>, %stride: i64, %count: i32, %out: !llvm.ptr<1>) kernel {
  %k = attn_gpu.alloc at 0 : !attn_gpu.shared<16x64xf16>
  %w = attn_gpu.alloc at 4096 : !attn_gpu.shared<24x128xf16>
  attn_gpu.warpgroups 1 blocks = 1 {
  ^bb0(%wg: i32):
    // CHECK: %[[TWO:.*]] = arith.cmpi slt, %{{.*}}, %c3_i32
    // CHECK: %[[IS:.*]] = arith.andi %{{.*}}, %[[TWO]]
    // CHECK: %[[BYTES:.*]] = arith.select %[[IS]], %c8_i32, %c0_i32
    // CHECK: nvvm.cp.async.shared.global %{{.*}}, %{{.*}}, 8, cache = ca, %[[BYTES]]
    // CHECK: arith.cmpi slt, %{{.*}}, %c2_i32
    // CHECK: nvvm.cp.async.shared.global %{{.*}}, %{{.*}}, 8, cache = ca
    // CHECK-NOT: nvvm.cp.async.shared
    attn_gpu.copy_rows %base stride %stride rows %count columns 20 to %k aligned 8 by 1 : !llvm.ptr<1>, !attn_gpu.shared<16x64xf16>
    // CHECK: nvvm.cp.async.commit.group
    attn_gpu.commit_copies
    // 16 rows at a time: the second time half of the threads have none.
    // CHECK-COUNT-2: nvvm.cp.async.shared.global %{{.*}}, %{{.*}}, 16, cache = cg
    // CHECK: scf.if
    // CHECK-COUNT-2: nvvm.cp.async.shared.global %{{.*}}, %{{.*}}, 16, cache = cg
    // CHECK-NOT: nvvm.cp.async.shared
    attn_gpu.copy_rows %base stride %stride rows %count columns 128 to %w aligned 16 by 1 : !llvm.ptr<1>, !attn_gpu.shared<24x128xf16>
    attn_gpu.commit_copies
    // CHECK: nvvm.cp.async.wait.group 1
    // CHECK-NEXT: nvvm.barrier0
    attn_gpu.await_copies pending 1
    // Single elements are copied by instructions.
    // CHECK: scf.if %{{.*}} -> (i16)
    // CHECK: llvm.load
    // CHECK: llvm.store
    attn_gpu.copy_rows %base stride %stride rows %count columns 3 to %k aligned 2 by 1 : !llvm.ptr<1>, !attn_gpu.shared<16x64xf16>
    %true = arith.constant true
    %row = attn_gpu.splat %true : i1 to !attn_gpu.row<i1>
    // CHECK: llvm.nvvm.barrier.cta.red.or.aligned.count
    %any = attn_gpu.any_of_block %row by 1 : !attn_gpu.row<i1>
    scf.if %any {
      llvm.store %count, %out : i32, !llvm.ptr<1>
    }
  }
  gpu.return
}

// Each of the two rows that a thread copies of a tile is in a group of its own.
// CHECK-LABEL: llvm.func @grouped_copies
gpu.func @grouped_copies(%base: !llvm.ptr<1>, %stride: i64, %far: i64, %queries: i32, %count: i32) kernel {
  %w = attn_gpu.alloc at 0 : !attn_gpu.shared<32x64xf16>
  attn_gpu.warpgroups 1 blocks = 1 {
  ^bb0(%wg: i32):
    // CHECK: arith.divui %[[FIRST:.*]], %{{.*}} : i32
    // CHECK: nvvm.cp.async.shared.global
    // CHECK: %[[SECOND:.*]] = arith.addi %[[FIRST]], %c16_i32 : i32
    // CHECK: arith.divui %[[SECOND]], %{{.*}} : i32
    // CHECK: nvvm.cp.async.shared.global
    // CHECK-NOT: arith.divui
    attn_gpu.copy_rows %base stride %stride groups(%queries stride %far) rows %count columns 64 to %w aligned 16 by 1 : !llvm.ptr<1>, !attn_gpu.shared<32x64xf16>
    attn_gpu.commit_copies
  }
  gpu.return
}

// Whole chunks where they are aligned and four groups of 8 columns are there, else
// pairs.
// CHECK-LABEL: llvm.func @stores
gpu.func @stores(%base: !llvm.ptr<1>, %stride: i64, %far: i64, %queries: i32, %count: i32, %x: f32) kernel {
  attn_gpu.warpgroups 1 blocks = 1 {
  ^bb0(%wg: i32):
    %o = attn_gpu.splat %x : f32 to !attn_gpu.fragment<64x32xf32>
    %p = attn_gpu.pack %o : !attn_gpu.fragment<64x32xf32> to !attn_gpu.fragment<64x32xf16>
    // CHECK-COUNT-8: nvvm.shfl.sync
    // CHECK-NOT: nvvm.shfl.sync
    // CHECK-COUNT-2: llvm.store %{{.*}} {alignment = 16 : i64} : vector<4xi32>
    attn_gpu.store_rows %p to %base stride %stride rows %count aligned 16 : !attn_gpu.fragment<64x32xf16>, !llvm.ptr<1>
    // CHECK-COUNT-8: llvm.store %{{.*}} {alignment = 4 : i64} : i32
    attn_gpu.store_rows %p to %base stride %stride rows %count aligned 8 : !attn_gpu.fragment<64x32xf16>, !llvm.ptr<1>
    // CHECK-NOT: arith.divui
    // CHECK-COUNT-8: llvm.store %{{.*}} {alignment = 8 : i64} : vector<2xf32>
    attn_gpu.store_rows %o to %base stride %stride rows %count aligned 16 : !attn_gpu.fragment<64x32xf32>, !llvm.ptr<1>
    // Rows in groups, as those of several heads.
    // CHECK: %[[GROUP:.*]] = arith.divui %[[ROW:.*]], %[[QUERIES:.*]] : i32
    // CHECK: %[[REST:.*]] = arith.remui %[[ROW]], %[[QUERIES]] : i32
    // CHECK: %[[WIDE:.*]] = arith.extsi %[[GROUP]] : i32 to i64
    // CHECK: arith.muli %[[WIDE]], %{{.*}} : i64
    // CHECK: arith.extsi %[[REST]] : i32 to i64
    // CHECK-COUNT-4: llvm.store %{{.*}} {alignment = 8 : i64} : vector<2xf32>
    // CHECK: arith.divui
    // CHECK-COUNT-4: llvm.store %{{.*}} {alignment = 8 : i64} : vector<2xf32>
    attn_gpu.store_rows %o to %base stride %stride groups(%queries stride %far) rows %count aligned 16 : !attn_gpu.fragment<64x32xf32>, !llvm.ptr<1>
  }
  gpu.return
}
}
