// RUN: attn-opt %s --pass-pipeline="builtin.module(gpu.module(convert-attn-gpu-to-nvvm,canonicalize,cse))" | FileCheck %s

gpu.module @kernels [#nvvm.target<chip = "sm_80", features = "+ptx80">] {

// f32 is multiplied by tf32, in steps of 8; what is read is rounded. Queries and
// keys come by ldmatrix, four f32 to a row of a matrix of 16 bits; two groups of 8
// keys at a time.
// CHECK-LABEL: llvm.func @keys
gpu.func @keys(%out: !llvm.ptr<1>) kernel {
  %q = attn_gpu.alloc at 0 : !attn_gpu.shared<64x32xf32>
  %k = attn_gpu.alloc at 8192 : !attn_gpu.shared<16x32xf32>
  attn_gpu.warpgroups 1 blocks = 1 {
  ^bb0(%wg: i32):
    // CHECK: nvvm.ldmatrix %{{.*}} {eltType = #nvvm.ld_st_matrix_elt_type<b16>, layout = #nvvm.mma_layout<row>, num = 4 : i32
    // CHECK-COUNT-4: nvvm.convert.float.to.tf32 %{{.*}} {rnd = #nvvm.fp_rnd_mode<rna>}
    // CHECK: nvvm.ldmatrix %{{.*}} {{.*}}mma_layout<row>, num = 4 : i32
    // CHECK-COUNT-4: nvvm.convert.float.to.tf32 %{{.*}} {rnd = #nvvm.fp_rnd_mode<rna>}
    // CHECK-COUNT-2: nvvm.mma.sync {{.*}}multiplicandAPtxType = #nvvm.mma_type<tf32>, multiplicandBPtxType = #nvvm.mma_type<tf32>, shape = #nvvm.shape<m = 16, n = 8, k = 8>
    // CHECK: nvvm.ldmatrix
    // CHECK: nvvm.ldmatrix
    // CHECK-COUNT-2: nvvm.mma.sync
    // CHECK-NOT: nvvm.ldmatrix
    // CHECK-NOT: nvvm.mma.sync
    // CHECK: llvm.store
    %s = attn_gpu.mma [%q], %k depth 16 : (!attn_gpu.shared<64x32xf32>, !attn_gpu.shared<16x32xf32>) -> !attn_gpu.fragment<64x16xf32>
    attn_gpu.foreach %s : !attn_gpu.fragment<64x16xf32> {
    ^bb0(%x: f32, %i: i32, %j: i32):
      llvm.store volatile %x, %out : f32, !llvm.ptr<1>
      attn_gpu.yield
    }
    // What a tile of tf32 has is rounded.
    // CHECK: nvvm.ldmatrix
    // CHECK-NOT: nvvm.convert.float.to.tf32
    // CHECK: nvvm.ldmatrix
    // CHECK-COUNT-4: nvvm.convert.float.to.tf32
    // CHECK-NOT: nvvm.convert.float.to.tf32
    // CHECK-COUNT-2: nvvm.mma.sync {{.*}}mma_type<tf32>
    // CHECK: llvm.store
    %r = attn_gpu.alloc at 16384 : !attn_gpu.shared<64x32xtf32>
    %t = attn_gpu.mma [%r], %k depth 16 : (!attn_gpu.shared<64x32xtf32>, !attn_gpu.shared<16x32xf32>) -> !attn_gpu.fragment<64x16xf32>
    attn_gpu.foreach %t : !attn_gpu.fragment<64x16xf32> {
    ^bb0(%x: f32, %i: i32, %j: i32):
      llvm.store volatile %x, %out : f32, !llvm.ptr<1>
      attn_gpu.yield
    }
  }
  gpu.return
}

// Values come one by one: lane c of a quad reads rows 2 c and 2 c + 1 of eight, each
// 128 bytes, and takes the probabilities of these columns where they are: the first
// of both rows, then the second.
// CHECK-LABEL: llvm.func @values
gpu.func @values(%out: !llvm.ptr<1>, %in: !llvm.ptr<1>) kernel {
  %zero = arith.constant 0.0 : f32
  %v = attn_gpu.alloc at 0 : !attn_gpu.shared<16x32xf32>
  attn_gpu.warpgroups 1 blocks = 1 {
  ^bb0(%wg: i32):
    %z = attn_gpu.splat %zero : f32 to !attn_gpu.fragment<64x16xf32>
    // CHECK: %[[P0:.*]] = llvm.load volatile
    // CHECK: %[[P1:.*]] = llvm.load volatile
    // CHECK: %[[P2:.*]] = llvm.load volatile
    // CHECK: %[[P3:.*]] = llvm.load volatile
    %p = attn_gpu.map %z : (!attn_gpu.fragment<64x16xf32>) -> !attn_gpu.fragment<64x16xf32> {
    ^bb0(%x: f32, %i: i32, %j: i32):
      %y = llvm.load volatile %in : !llvm.ptr<1> -> f32
      attn_gpu.yield %y : f32
    }
    %a = attn_gpu.splat %zero : f32 to !attn_gpu.fragment<64x8xf32>
    // CHECK: %[[GROUP:.*]] = arith.shrui %[[LANE:.*]], %c2_i32
    // CHECK: %[[QUAD:.*]] = arith.andi %[[LANE]], %c3_i32
    // CHECK: %[[ROW:.*]] = arith.muli %[[QUAD]], %c2_i32
    // CHECK: %[[IN:.*]] = arith.andi %[[GROUP]], %c3_i32
    // CHECK: %[[OFFSET:.*]] = arith.muli %[[IN]], %c4_i32
    // CHECK-DAG: arith.muli %[[QUAD]], %c256_i32
    // CHECK-DAG: %[[NEXT:.*]] = arith.addi %[[ROW]], %c1_i32
    // CHECK-DAG: arith.muli %[[NEXT]], %c128_i32
    // CHECK: %[[A0:.*]] = nvvm.convert.float.to.tf32 %[[P0]]
    // CHECK: %[[A1:.*]] = nvvm.convert.float.to.tf32 %[[P2]]
    // CHECK: %[[A2:.*]] = nvvm.convert.float.to.tf32 %[[P1]]
    // CHECK: %[[A3:.*]] = nvvm.convert.float.to.tf32 %[[P3]]
    // CHECK: llvm.load %{{.*}} : !llvm.ptr<3> -> i32
    // CHECK: llvm.load %{{.*}} : !llvm.ptr<3> -> i32
    // CHECK-COUNT-2: nvvm.convert.float.to.tf32
    // CHECK: nvvm.mma.sync A[%[[A0]], %[[A1]], %[[A2]], %[[A3]]]
    // CHECK-COUNT-2: llvm.load %{{.*}} : !llvm.ptr<3> -> i32
    // CHECK: nvvm.mma.sync
    // CHECK-NOT: nvvm.mma.sync
    // CHECK-NOT: nvvm.ldmatrix
    %o = attn_gpu.mma [%p], %v values into [%a] : (!attn_gpu.fragment<64x16xf32>, !attn_gpu.shared<16x32xf32>, !attn_gpu.fragment<64x8xf32>) -> !attn_gpu.fragment<64x8xf32>
    attn_gpu.foreach %o : !attn_gpu.fragment<64x8xf32> {
    ^bb0(%x: f32, %i: i32, %j: i32):
      llvm.store volatile %x, %out : f32, !llvm.ptr<1>
      attn_gpu.yield
    }
  }
  gpu.return
}

// CHECK-LABEL: llvm.func @copies
gpu.func @copies(%base: !llvm.ptr<1>, %stride: i64, %count: i32) kernel {
  %k = attn_gpu.alloc at 0 : !attn_gpu.shared<16x32xf32>
  %v = attn_gpu.alloc at 2048 : !attn_gpu.shared<16x64xf32>
  attn_gpu.warpgroups 1 blocks = 1 {
  ^bb0(%wg: i32):
    // 20 of 32 columns: five whole chunks of four.
    // CHECK: arith.cmpi slt, %{{.*}}, %c5_i32
    // CHECK: nvvm.cp.async.shared.global %{{.*}}, %{{.*}}, 16, cache = cg
    // CHECK-NOT: nvvm.cp.async.shared
    // CHECK: nvvm.cp.async.wait.group
    attn_gpu.copy_rows %base stride %stride rows %count columns 20 to %k aligned 16 by 1 : !llvm.ptr<1>, !attn_gpu.shared<16x32xf32>
    attn_gpu.await_copies pending 0
    // 37 columns: all of a slab; of the next, one chunk and an element of the other.
    // CHECK-COUNT-4: nvvm.cp.async.shared.global %{{.*}}, %{{.*}}, 4, cache = ca
    // CHECK: arith.cmpi slt, %{{.*}}, %c2_i32
    // CHECK: nvvm.cp.async.shared.global %{{.*}}, %{{.*}}, 4, cache = ca
    // CHECK: arith.cmpi slt, %{{.*}}, %c1_i32
    // CHECK-COUNT-3: nvvm.cp.async.shared.global %{{.*}}, %{{.*}}, 4, cache = ca
    // CHECK-NOT: nvvm.cp.async.shared
    attn_gpu.copy_rows %base stride %stride rows %count columns 37 to %v aligned 4 by 1 : !llvm.ptr<1>, !attn_gpu.shared<16x64xf32>
    // A tile of tf32 is rounded on its way, zeros in the place of what is missing.
    // CHECK: scf.if %{{.*}} -> (vector<4xf32>)
    // CHECK: llvm.load %{{.*}} -> vector<4xf32>
    // CHECK-COUNT-4: nvvm.convert.float.to.tf32 %{{.*}} {rnd = #nvvm.fp_rnd_mode<rna>}
    // CHECK: llvm.store %{{.*}} : vector<4xi32>, !llvm.ptr<3>
    // CHECK-NOT: nvvm.cp.async.shared
    %q = attn_gpu.alloc at 8192 : !attn_gpu.shared<16x32xtf32>
    attn_gpu.copy_rows %base stride %stride rows %count columns 20 to %q aligned 16 by 1 : !llvm.ptr<1>, !attn_gpu.shared<16x32xtf32>
  }
  gpu.return
}

// Values that are not finite, or would not be when rounded: exponents that 0x801000
// carries into the sign.
// CHECK-LABEL: llvm.func @isolate
gpu.func @isolate(%x: f32, %out: !llvm.ptr<1>) kernel {
  %v = attn_gpu.alloc at 0 : !attn_gpu.shared<16x32xf32>
  attn_gpu.warpgroups 1 blocks = 1 {
  ^bb0(%wg: i32):
    %p = attn_gpu.splat %x : f32 to !attn_gpu.fragment<64x16xf32>
    %o = attn_gpu.splat %x : f32 to !attn_gpu.fragment<64x8xf32>
    // 2 KB in chunks of 16 bytes, by 128 threads.
    // CHECK: scf.for %{{.*}} = %{{.*}} to %c128_i32 step %c128_i32
    // CHECK: arith.andi %{{.*}}, %c2147483647_i32
    // CHECK: arith.addi %{{.*}}, %c8392704_i32
    // CHECK: arith.andi %{{.*}}, %c-2147483648_i32
    // CHECK: llvm.call_intrinsic "llvm.nvvm.barrier.cta.red.or.aligned.count"
    // CHECK: nvvm.vote.sync any
    // Two columns of a row.
    // CHECK-COUNT-2: llvm.load %{{.*}} : !llvm.ptr<3> -> i32
    // CHECK: nvvm.convert.float.to.tf32
    // CHECK-COUNT-2: arith.addf
    // CHECK: nvvm.convert.float.to.tf32
    // CHECK-COUNT-2: arith.addf
    // CHECK: arith.shrsi %{{.*}}, %c31_i32
    // CHECK-COUNT-4: llvm.store %{{.*}} : i32, !llvm.ptr<3>
    %r = attn_gpu.isolate %p, %v into %o by %wg of 1 : !attn_gpu.fragment<64x16xf32>, !attn_gpu.shared<16x32xf32>, !attn_gpu.fragment<64x8xf32>
    // The same of tf32.
    // CHECK: arith.addi %{{.*}}, %c8392704_i32
    %w = attn_gpu.alloc at 2048 : !attn_gpu.shared<16x32xtf32>
    %t = attn_gpu.isolate %p, %w into %r by %wg of 1 : !attn_gpu.fragment<64x16xf32>, !attn_gpu.shared<16x32xtf32>, !attn_gpu.fragment<64x8xf32>
    attn_gpu.foreach %t : !attn_gpu.fragment<64x8xf32> {
    ^bb0(%e: f32, %i: i32, %j: i32):
      llvm.store volatile %e, %out : f32, !llvm.ptr<1>
      attn_gpu.yield
    }
  }
  gpu.return
}
}
