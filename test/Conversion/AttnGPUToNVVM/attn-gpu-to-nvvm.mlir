// RUN: attn-opt %s --pass-pipeline="builtin.module(gpu.module(convert-attn-gpu-to-nvvm,canonicalize,cse))" | FileCheck %s

gpu.module @kernels [#nvvm.target<chip = "sm_90a", features = "+ptx86">] {

// CHECK: llvm.mlir.global external @attn_shared() {addr_space = 3 : i32, alignment = 1024 : i64} : !llvm.array<0 x i8>

// A kernel, its tensor maps by value, its roles.
// CHECK-LABEL: llvm.func @roles(
// CHECK-SAME: %{{.*}}: !llvm.ptr {llvm.align = 64 : i64, llvm.byval = !llvm.array<16 x i64>, nvvm.grid_constant}
// CHECK-SAME: gpu.kernel
// CHECK-SAME: nvvm.kernel, nvvm.minctasm = 1 : i32, nvvm.reqntid = array<i32: 384>
// CHECK-SAME: passthrough = {{\[\[}}"denormal-fp-math-f32", "preserve-sign,preserve-sign"]]
gpu.func @roles(%map: !attn_gpu.tensor_map, %counter: !llvm.ptr<1>, %out: !llvm.ptr<1>) kernel {
  // CHECK: %[[TID:.*]] = nvvm.read.ptx.sreg.tid.x
  // CHECK: %[[WG:.*]] = arith.shrui %[[TID]]
  // CHECK: %[[UNIFORM:.*]] = nvvm.shfl.sync idx %{{.*}}, %[[WG]]
  // CHECK: scf.if
  attn_gpu.roles producer registers = 40 {
    // CHECK: nvvm.setmaxregister decrease 40
    // CHECK: scf.if
    // CHECK: %[[COUNT:.*]] = llvm.atomicrmw add %{{.*}}, %{{.*}} monotonic : !llvm.ptr<1>, i32
    // CHECK: %[[GRID:.*]] = nvvm.read.ptx.sreg.nctaid.x
    // CHECK: arith.addi %[[COUNT]], %[[GRID]]
    %tile = attn_gpu.claim_tile %counter : !llvm.ptr<1>
    llvm.store %tile, %out : i32, !llvm.ptr<1>
  // CHECK: } else {
  } consumers 2 registers = 232 {
  ^bb0(%wg: i32):
    // CHECK: nvvm.setmaxregister increase 232
    // CHECK: %[[ME:.*]] = arith.addi %[[UNIFORM]], %c-1
    // The last warpgroup lets the first begin.
    // CHECK: scf.if
    // CHECK-NEXT: nvvm.barrier.arrive id = %c1_i32 number_of_threads = %c256_i32
    attn_gpu.turn_init %wg of 2
    // CHECK: nvvm.barrier id = %{{.*}} number_of_threads = %c256_i32
    attn_gpu.turn_begin %wg of 2
    // CHECK: nvvm.barrier.arrive id = %{{.*}} number_of_threads = %c256_i32
    attn_gpu.turn_end %wg of 2
    // CHECK: nvvm.barrier id = %{{.*}} number_of_threads = %c128_i32
    attn_gpu.sync_warpgroup %wg
    // CHECK: scf.if
    // CHECK: llvm.store %[[ME]]
    attn_gpu.elect {
      llvm.store %wg, %out : i32, !llvm.ptr<1>
    }
  }
  gpu.return
}

// A list linked through the tiles, each of which is on it once.
// CHECK-LABEL: llvm.func @deferral
gpu.func @deferral(%list: !llvm.ptr<1>, %tile: i32, %bad: i1, %out: !llvm.ptr<1>) kernel {
  attn_gpu.roles producer registers = 40 {
    // CHECK: %[[HEAD:.*]] = llvm.getelementptr
    // CHECK: %[[FIRST:.*]] = llvm.atomicrmw xchg %[[HEAD]], %c0_i32
    // CHECK: %[[TILE:.*]] = arith.addi %[[FIRST]], %c-1_i32
    // CHECK: scf.if
    // CHECK: %[[NEXT:.*]] = llvm.atomicrmw xchg %{{.*}}, %c0_i32
    // CHECK: llvm.atomicrmw xchg %[[HEAD]]
    // CHECK: llvm.store %[[TILE]]
    %t = attn_gpu.take_deferred %list : !llvm.ptr<1>
    llvm.store %t, %out : i32, !llvm.ptr<1>
  } consumers 2 registers = 232 {
  ^bb0(%wg: i32):
    %row = attn_gpu.splat %bad : i1 to !attn_gpu.row<i1>
    // CHECK: nvvm.vote.sync any
    // CHECK: scf.if
    // CHECK: llvm.cmpxchg %{{.*}}, %c0_i32, %c1073741824_i32 monotonic monotonic
    // CHECK: scf.if
    // CHECK: llvm.atomicrmw xchg
    // CHECK: llvm.atomicrmw xchg
    attn_gpu.defer_tile %tile to %list if %row : !llvm.ptr<1>, !attn_gpu.row<i1>
  }
  gpu.return
}

// Values that are not finite: each consumer looks at its share of the tile, and all
// of them learn whether there are any. Then each row adds those of the keys that it
// sees, and zeros are written where all have read.
// CHECK-LABEL: llvm.func @isolate
gpu.func @isolate(%x: f32, %out: !llvm.ptr<1>) kernel {
  %v = attn_gpu.alloc at 1024 : !attn_gpu.shared<16x64xf16>
  attn_gpu.roles producer registers = 40 {
  } consumers 2 registers = 232 {
  ^bb0(%wg: i32):
    %p = attn_gpu.splat %x : f32 to !attn_gpu.fragment<64x16xf32>
    %o = attn_gpu.splat %x : f32 to !attn_gpu.fragment<64x8xf32>
    // 2 KB in chunks of 16 bytes, by 256 threads.
    // CHECK: scf.for %{{.*}} = %{{.*}} to %c128_i32 step %c256_i32
    // CHECK: llvm.load %{{.*}} : !llvm.ptr<3> -> vector<4xi32>
    // CHECK: arith.andi %{{.*}}, %c2147450879_i32
    // CHECK: arith.addi %{{.*}}, %c67109888_i32
    // CHECK: %[[ANY:.*]] = llvm.call_intrinsic "llvm.nvvm.barrier.cta.red.or.aligned.count"(%c7_i32, %c256_i32, %{{.*}})
    // CHECK: scf.if %[[ANY]]
    // CHECK: arith.cmpf une
    // CHECK: scf.for %{{.*}} = %c0_i32 to %c16_i32 step %c1_i32
    // CHECK: nvvm.shfl.sync idx
    // CHECK: nvvm.shfl.sync idx
    // CHECK: %[[SEEN:.*]] = nvvm.vote.sync any
    // CHECK: scf.if %[[SEEN]]
    // CHECK: llvm.load %{{.*}} : !llvm.ptr<3> -> i32
    // CHECK-COUNT-4: arith.addf
    // CHECK: nvvm.barrier id = %c7_i32 number_of_threads = %c256_i32
    // CHECK: scf.for
    // CHECK-COUNT-4: llvm.store %{{.*}} : i32, !llvm.ptr<3>
    // CHECK: nvvm.fence.proxy
    // CHECK: nvvm.barrier id = %c7_i32 number_of_threads = %c256_i32
    %r = attn_gpu.isolate %p, %v into %o by %wg of 2 : !attn_gpu.fragment<64x16xf32>, !attn_gpu.shared<16x64xf16>, !attn_gpu.fragment<64x8xf32>
    attn_gpu.foreach %r : !attn_gpu.fragment<64x8xf32> {
    ^bb0(%e: f32, %i: i32, %j: i32):
      llvm.store volatile %e, %out : f32, !llvm.ptr<1>
      attn_gpu.yield
    }
  }
  gpu.return
}

// CHECK-LABEL: llvm.func @math
gpu.func @math(%x: f32, %out: !llvm.ptr<1>) kernel {
  %one = arith.constant 1.0 : f32
  attn_gpu.roles producer registers = 40 {
  } consumers 2 registers = 232 {
  ^bb0(%wg: i32):
    // CHECK: llvm.call_intrinsic "llvm.nvvm.rcp.approx.ftz.f"
    %r = arith.divf %one, %x fastmath<arcp> : f32
    llvm.store volatile %r, %out : f32, !llvm.ptr<1>
    // CHECK: arith.divf
    %d = arith.divf %one, %x : f32
    llvm.store volatile %d, %out : f32, !llvm.ptr<1>
    // CHECK: llvm.call_intrinsic "llvm.nvvm.ex2.approx.ftz.f"
    // CHECK: llvm.call_intrinsic "llvm.nvvm.rcp.approx.ftz.f"
    %t = math.tanh %x : f32
    llvm.store volatile %t, %out : f32, !llvm.ptr<1>
    // bf16 is the upper half of f32; f16 is not.
    %h = arith.truncf %x : f32 to bf16
    // CHECK: %[[BITS:.*]] = arith.bitcast %{{.*}} : bf16 to i16
    // CHECK: %[[WIDE:.*]] = arith.extui %[[BITS]] : i16 to i32
    // CHECK: %[[SHIFTED:.*]] = arith.shli %[[WIDE]], %c16_i32
    // CHECK: arith.bitcast %[[SHIFTED]] : i32 to f32
    %w = arith.extf %h : bf16 to f32
    llvm.store volatile %w, %out : f32, !llvm.ptr<1>
    %g = arith.truncf %x : f32 to f16
    // CHECK: arith.extf %{{.*}} : f16 to f32
    %v = arith.extf %g : f16 to f32
    llvm.store volatile %v, %out : f32, !llvm.ptr<1>
    // CHECK: llvm.call_intrinsic "llvm.nvvm.lg2.approx.ftz.f"
    %l = math.log %x : f32
    llvm.store volatile %l, %out : f32, !llvm.ptr<1>
    // CHECK: llvm.call_intrinsic "llvm.nvvm.ex2.approx.ftz.f"
    %e = math.exp %x : f32
    llvm.store volatile %e, %out : f32, !llvm.ptr<1>
    // CHECK: llvm.call_intrinsic "llvm.nvvm.rsqrt.approx.ftz.f"
    %q = math.rsqrt %x : f32
    llvm.store volatile %q, %out : f32, !llvm.ptr<1>
  }
  gpu.return
}

// CHECK-LABEL: llvm.func @select
gpu.func @select(%c: i1, %x: f32, %y: f32, %out: !llvm.ptr<1>) kernel {
  attn_gpu.roles producer registers = 40 {
  } consumers 2 registers = 232 {
  ^bb0(%wg: i32):
    %a = attn_gpu.splat %x : f32 to !attn_gpu.row<f32>
    %b = attn_gpu.splat %y : f32 to !attn_gpu.row<f32>
    // CHECK: %[[S:.*]] = arith.select %{{.*}}, %{{.*}}, %{{.*}} : f32
    // CHECK: llvm.store %[[S]]
    %s = arith.select %c, %a, %b : !attn_gpu.row<f32>
    attn_gpu.foreach %s : !attn_gpu.row<f32> {
    ^bb0(%e: f32, %i: i32):
      llvm.store %e, %out : f32, !llvm.ptr<1>
      attn_gpu.yield
    }
  }
  gpu.return
}

// Pipes: barriers in shared memory, full ones first.
// CHECK-LABEL: llvm.func @pipes
gpu.func @pipes(%map: !attn_gpu.tensor_map, %out: !llvm.ptr<1>) kernel {
  %c0 = arith.constant 0 : i32
  %t = attn_gpu.alloc at 1024 : !attn_gpu.shared<2x64x64xbf16>
  %p = attn_gpu.pipe at 64 producers 1 consumers 2 : !attn_gpu.pipe<2, 2>
  // CHECK: nvvm.griddepcontrol wait
  attn_gpu.await_prerequisites
  // CHECK: nvvm.mbarrier.init %{{.*}}, %c1_i32
  // CHECK: nvvm.mbarrier.init %{{.*}}, %c2_i32
  // CHECK: nvvm.mbarrier.init %{{.*}}, %c1_i32
  // CHECK: nvvm.mbarrier.init %{{.*}}, %c2_i32
  // CHECK: nvvm.fence.mbarrier.init
  // CHECK: nvvm.barrier0
  attn_gpu.init_pipes %p : !attn_gpu.pipe<2, 2>
  attn_gpu.roles producer registers = 40 {
    %s = attn_gpu.first_slot : !attn_gpu.slot<2>
    // A fresh slot is empty: the wait for the phase before the first.
    // CHECK: scf.while
    // CHECK: nvvm.mbarrier.try_wait %{{.*}}, %c1_i32 : !llvm.ptr<3>, i32 -> i1
    attn_gpu.acquire %p[%s] : !attn_gpu.pipe<2, 2>
    // A held slot waits for a phase more than the others.
    %s1 = attn_gpu.next_slot %s : !attn_gpu.slot<2>
    // CHECK: nvvm.mbarrier.try_wait %{{.*}}, %c0_i32 : !llvm.ptr<3>, i32 -> i1
    attn_gpu.acquire %p[%s1] last_held : !attn_gpu.pipe<2, 2>
    // CHECK: nvvm.mbarrier.try_wait %{{.*}}, %c1_i32 : !llvm.ptr<3>, i32 -> i1
    attn_gpu.acquire %p[%s] last_held : !attn_gpu.pipe<2, 2>
    // CHECK: nvvm.mbarrier.arrive.expect_tx %{{.*}}, %c8192_i32
    attn_gpu.expect %p[%s] bytes 8192 : !attn_gpu.pipe<2, 2>
    // CHECK: %[[BYTES:.*]] = arith.muli %[[ROWS:.*]], %c128_i32 : i32
    // CHECK: nvvm.mbarrier.arrive.expect_tx %{{.*}}, %[[BYTES]]
    %rows = llvm.load %out : !llvm.ptr<1> -> i32
    attn_gpu.expect %p[%s] bytes 128 times %rows : !attn_gpu.pipe<2, 2>
    %tile = attn_gpu.slice %t[%c0] : !attn_gpu.shared<2x64x64xbf16>
    // CHECK: llvm.addrspacecast %{{.*}} : !llvm.ptr<3> to !llvm.ptr<7>
    // CHECK: nvvm.cp.async.bulk.tensor.shared.cluster.global {{.*}} box[%c0_i32, %c0_i32] l2_cache_hint = %{{.*}} : !llvm.ptr<7>, !llvm.ptr
    attn_gpu.tma_load %map[%c0, %c0] to %tile signals %p[%s] evict first : !attn_gpu.shared<64x64xbf16>, !attn_gpu.pipe<2, 2>
    // CHECK: nvvm.cp.async.bulk.tensor.shared.cluster.global {{.*}} box[%c0_i32, %c0_i32, %c0_i32, %c0_i32, %c0_i32] : !llvm.ptr<7>, !llvm.ptr
    attn_gpu.tma_load %map[%c0, %c0, %c0, %c0, %c0] to %tile signals %p[%s] : !attn_gpu.shared<64x64xbf16>, !attn_gpu.pipe<2, 2>
    // CHECK: llvm.store %{{.*}} : i32, !llvm.ptr<3>
    // CHECK: llvm.store %{{.*}} : i32, !llvm.ptr<3>
    // CHECK: nvvm.mbarrier.arrive
    attn_gpu.send %c0, %c0 to %p[%s] : !attn_gpu.pipe<2, 2>
  } consumers 2 registers = 232 {
  ^bb0(%wg: i32):
    %s = attn_gpu.first_slot : !attn_gpu.slot<2>
    // CHECK: scf.while
    // CHECK: nvvm.mbarrier.try_wait %{{.*}}, %c0_i32 : !llvm.ptr<3>, i32 -> i1
    // CHECK: llvm.load %{{.*}} : !llvm.ptr<3> -> i32
    // CHECK: llvm.load %{{.*}} : !llvm.ptr<3> -> i32
    %x, %y = attn_gpu.receive %p[%s] : !attn_gpu.pipe<2, 2> -> i32, i32
    // Each thread arrives.
    // CHECK-NOT: scf.if
    // CHECK: nvvm.mbarrier.arrive
    attn_gpu.release %p[%s] each_thread : !attn_gpu.pipe<2, 2>
    %sum = arith.addi %x, %y : i32
    llvm.store %sum, %out : i32, !llvm.ptr<1>
    // One thread of the warpgroup arrives.
    // CHECK: scf.if
    // CHECK: nvvm.mbarrier.arrive
    attn_gpu.release %p[%s] : !attn_gpu.pipe<2, 2>
    // CHECK: scf.while
    attn_gpu.await %p[%s] : !attn_gpu.pipe<2, 2>
    %tile = attn_gpu.slice %t[%wg] : !attn_gpu.shared<2x64x64xbf16>
    // CHECK: nvvm.cp.async.bulk.tensor.global.shared.cta {{.*}} box[%c0_i32, %c0_i32]
    // CHECK: nvvm.cp.async.bulk.commit.group
    attn_gpu.tma_store %tile to %map[%c0, %c0] : !attn_gpu.shared<64x64xbf16>
    // CHECK: nvvm.cp.async.bulk.wait_group 0 {read}
    attn_gpu.tma_store_wait
  }
  gpu.return
}

// Products: descriptors from 32-bit halves, tied accumulators.
// CHECK-LABEL: llvm.func @products
gpu.func @products(%out: !llvm.ptr<1>) kernel {
  %c0 = arith.constant 0 : i32
  %zero = arith.constant 0.0 : f32
  %q = attn_gpu.alloc at 1024 : !attn_gpu.shared<64x64xf16>
  %k = attn_gpu.alloc at 9216 : !attn_gpu.shared<16x64xf16>
  attn_gpu.roles producer registers = 40 {
  } consumers 2 registers = 232 {
  ^bb0(%wg: i32):
    // The high half, 1073741888, says 1024 bytes for 8 rows and a 128-byte swizzle.
    // CHECK: llvm.inline_asm has_side_effects asm_dialect = att "wgmma.fence.sync.aligned;", ""
    // CHECK: llvm.inline_asm has_side_effects asm_dialect = att "{\0A.reg .pred p;\0A.reg .b64 a, b;\0Asetp.ne.b32 p, 0, 0;\0Amov.b64 a, {$8, 1073741888};\0Amov.b64 b, {$9, 1073741888};\0Awgmma.mma_async.sync.aligned.m64n16k16.f32.f16.f16 {$0, $1, $2, $3, $4, $5, $6, $7}, a, b, p, 1, 1, 0, 0;\0A}", "=f,=f,=f,=f,=f,=f,=f,=f,r,r"
    // CHECK: llvm.inline_asm {{.*}}setp.ne.b32 p, 1, 0;\0Amov.b64 a, {$16, {{.*}}"=f,=f,=f,=f,=f,=f,=f,=f,0,1,2,3,4,5,6,7,r,r"
    // CHECK: nvvm.wgmma.commit.group.sync.aligned
    %a = attn_gpu.wgmma %q, %k depth 32 : !attn_gpu.shared<64x64xf16>, !attn_gpu.shared<16x64xf16> -> !attn_gpu.in_flight<64x16xf32>
    // CHECK: llvm.inline_asm has_side_effects asm_dialect = att "wgmma.wait_group.sync.aligned 0;", "=f,=f,=f,=f,=f,=f,=f,=f,0,1,2,3,4,5,6,7"
    %s = attn_gpu.wait pending 0 %a : (!attn_gpu.in_flight<64x16xf32>) -> !attn_gpu.fragment<64x16xf32>
    // CHECK-COUNT-4: llvm.inline_asm asm_dialect = att "cvt.rn.f16x2.f32 $0, $1, $2;", "=r,f,f"
    %p = attn_gpu.pack %s : !attn_gpu.fragment<64x16xf32> to !attn_gpu.fragment<64x16xf16>
    %o = attn_gpu.splat %zero : f32 to !attn_gpu.fragment<64x8xf32>
    // CHECK: llvm.inline_asm has_side_effects asm_dialect = att "wgmma.fence.sync.aligned;", "=f,=f,=f,=f,0,1,2,3"
    // CHECK: m64n8k16.f32.f16.f16 {$0, $1, $2, $3}, {$8, $9, $10, $11}, b, p, 1, 1, 1;\0A}", "=f,=f,=f,=f,0,1,2,3,r,r,r,r,r"
    %b = attn_gpu.wgmma %p, %k values into %o : !attn_gpu.fragment<64x16xf16>, !attn_gpu.shared<16x64xf16> -> !attn_gpu.in_flight<64x8xf32>
    // CHECK: wgmma.wait_group.sync.aligned 0;
    %o1 = attn_gpu.wait pending 0 %b : (!attn_gpu.in_flight<64x8xf32>) -> !attn_gpu.fragment<64x8xf32>
    // A predicate in place of a constant for the first instruction; the second adds.
    // CHECK: llvm.inline_asm {{.*}}"{\0A.reg .b64 a, b;\0Amov.b64 b, {$12, 1073741888};\0Awgmma{{.*}} b, $13, 1, 1, 1;\0A}", "=f,=f,=f,=f,0,1,2,3,r,r,r,r,r,b"
    // CHECK: llvm.inline_asm {{.*}}setp.ne.b32 p, 1, 0;{{.*}}"=f,=f,=f,=f,0,1,2,3,r,r,r,r,r"
    %adds = arith.cmpi ne, %wg, %c0 : i32
    %k32 = attn_gpu.alloc at 17408 : !attn_gpu.shared<32x64xf16>
    %f32 = attn_gpu.splat %zero : f32 to !attn_gpu.fragment<64x32xf32>
    %pp = attn_gpu.pack %f32 : !attn_gpu.fragment<64x32xf32> to !attn_gpu.fragment<64x32xf16>
    %c = attn_gpu.wgmma %pp, %k32 values into %o1 if %adds : !attn_gpu.fragment<64x32xf16>, !attn_gpu.shared<32x64xf16> -> !attn_gpu.in_flight<64x8xf32>
    %o2 = attn_gpu.wait pending 0 %c : (!attn_gpu.in_flight<64x8xf32>) -> !attn_gpu.fragment<64x8xf32>
    // Whether all are finite: one instruction for each element.
    // CHECK: arith.mulf
    // CHECK: math.fma
    %finite = attn_gpu.reduce finite %s : !attn_gpu.fragment<64x16xf32>
    attn_gpu.foreach %o2, %finite : !attn_gpu.fragment<64x8xf32>, !attn_gpu.row<f32> {
    ^bb0(%o2x: f32, %f: f32, %i: i32, %j: i32):
      %x = arith.addf %o2x, %f : f32
      llvm.store %x, %out : f32, !llvm.ptr<1>
      attn_gpu.yield
    }
  }
  gpu.return
}

// CHECK-LABEL: llvm.func @elements
gpu.func @elements(%x: f32, %n: i32, %out: !llvm.ptr<1>) kernel {
  %t = attn_gpu.alloc at 1024 : !attn_gpu.shared<64x64xbf16>
  attn_gpu.roles producer registers = 40 {
  } consumers 2 registers = 232 {
  ^bb0(%wg: i32):
    %f = attn_gpu.splat %x : f32 to !attn_gpu.fragment<64x16xf32>
    // CHECK-COUNT-8: llvm.call_intrinsic "llvm.nvvm.ex2.approx.ftz.f"
    // CHECK-NOT: llvm.call_intrinsic
    %e = attn_gpu.map %f : (!attn_gpu.fragment<64x16xf32>) -> !attn_gpu.fragment<64x16xf32> {
    ^bb0(%y: f32, %i: i32, %j: i32):
      %ji = arith.addi %j, %i : i32
      %jf = arith.sitofp %ji : i32 to f32
      %z = arith.addf %y, %jf : f32
      %w = math.exp2 %z : f32
      attn_gpu.yield %w : f32
    }
    %end = attn_gpu.splat %n : i32 to !attn_gpu.row<i32>
    // The thread's first column is subtracted once: elements compare with constants.
    // CHECK: %[[END:.*]] = arith.subi %{{.*}}, %{{.*}} : i32
    // CHECK: arith.cmpi sgt, %[[END]], %c0_i32
    // CHECK: arith.select
    // CHECK: arith.cmpi sgt, %[[END]], %c9_i32
    %k = attn_gpu.keep_columns %e to %end : !attn_gpu.fragment<64x16xf32>
    // CHECK-COUNT-6: arith.maxnumf
    %all = attn_gpu.reduce max %k : !attn_gpu.fragment<64x16xf32>
    // CHECK-COUNT-2: arith.maxnumf
    // CHECK-NOT: arith.maxnumf
    %m = attn_gpu.reduce max %k every 4 from %all : !attn_gpu.fragment<64x16xf32>
    // CHECK: nvvm.shfl.sync bfly %{{.*}}, %{{.*}}, %c1_i32
    // CHECK: arith.maxnumf
    // CHECK: nvvm.shfl.sync bfly %{{.*}}, %{{.*}}, %c2_i32
    // CHECK: arith.maxnumf
    %c = attn_gpu.combine max %m : !attn_gpu.row<f32>
    %b = attn_gpu.map %c : (!attn_gpu.row<f32>) -> !attn_gpu.row<i1> {
    ^bb0(%y: f32, %i: i32):
      %g = arith.cmpf ogt, %y, %x : f32
      attn_gpu.yield %g : i1
    }
    // CHECK: nvvm.vote.sync any
    %any = attn_gpu.any %b : !attn_gpu.row<i1>
    scf.if %any {
      // One of the four threads of a row.
      // CHECK: scf.if
      // CHECK: scf.if
      // CHECK-COUNT-2: llvm.store
      attn_gpu.foreach %c : !attn_gpu.row<f32> {
      ^bb0(%y: f32, %i: i32):
        llvm.store %y, %out : f32, !llvm.ptr<1>
        attn_gpu.yield
      }
    }
    // A branch that is never taken.
    // CHECK: arith.cmpf oeq, %{{.*}}, %cst
    // CHECK: scf.if
    // CHECK-NEXT: nvvm.nanosleep
    attn_gpu.sched_fence %c : !attn_gpu.row<f32>
    %p = attn_gpu.pack %k : !attn_gpu.fragment<64x16xf32> to !attn_gpu.fragment<64x16xbf16>
    // CHECK: nvvm.stmatrix %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}} {eltType = #nvvm.ld_st_matrix_elt_type<b16>, layout = #nvvm.mma_layout<row>
    // CHECK: nvvm.fence.proxy {kind = #nvvm.proxy_kind<async.shared>, space = #nvvm.shared_space<cta>}
    attn_gpu.store_fragment %p to %t : !attn_gpu.fragment<64x16xbf16>, !attn_gpu.shared<64x64xbf16>
  }
  gpu.return
}
}

// -----

// What a thread finds is combined over its warp.
// CHECK-LABEL: llvm.func @reduce
// CHECK: nvvm.read.ptx.sreg.tid.x
// CHECK: nvvm.redux.sync min
// CHECK: nvvm.redux.sync max
// CHECK: nvvm.redux.sync add
// CHECK: %[[FLOAT:.*]] = arith.sitofp
// CHECK: %[[OTHER:.*]] = nvvm.shfl.sync bfly %{{.*}}, %[[FLOAT]], %{{.*}}, %{{.*}} : f32 -> f32
// CHECK: arith.addf %[[FLOAT]], %[[OTHER]]
// CHECK-COUNT-4: nvvm.shfl.sync bfly
// CHECK: nvvm.shfl.sync bfly
// CHECK: arith.maxnumf
gpu.module @reductions {
  gpu.func @reduce(%p: !llvm.ptr) kernel {
    attn_gpu.warpgroups 1 blocks = 1 {
    ^bb0(%warpgroup: i32):
      %i = gpu.thread_id x
      %x = arith.index_cast %i : index to i32
      %a = gpu.subgroup_reduce minsi %x uniform : (i32) -> i32
      %b = gpu.subgroup_reduce maxsi %a uniform : (i32) -> i32
      %c = gpu.subgroup_reduce add %b uniform : (i32) -> i32
      llvm.store %c, %p : i32, !llvm.ptr
      %f = arith.sitofp %c : i32 to f32
      %g = gpu.subgroup_reduce add %f uniform : (f32) -> f32
      %h = gpu.subgroup_reduce maxnumf %g uniform : (f32) -> f32
      llvm.store %h, %p : f32, !llvm.ptr
    }
    gpu.return
  }
}
