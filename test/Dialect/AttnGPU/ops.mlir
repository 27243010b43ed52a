// RUN: attn-opt %s --verify-roundtrip | FileCheck %s
// RUN: attn-opt %s --mlir-print-op-generic | attn-opt | FileCheck %s

// CHECK-LABEL: gpu.func @kernel
gpu.module @kernels [#nvvm.target<chip = "sm_90a", features = "+ptx86">] {
  gpu.func @kernel(%map: !attn_gpu.tensor_map, %counter: !llvm.ptr<1>, %out: !llvm.ptr<1>) kernel {
    %c0 = arith.constant 0 : i32
    %zero = arith.constant 0.0 : f32
    // CHECK: attn_gpu.await_prerequisites
    attn_gpu.await_prerequisites
    // CHECK: attn_gpu.alloc at 1024 : !attn_gpu.shared<2x64x64xbf16>
    %q = attn_gpu.alloc at 1024 : !attn_gpu.shared<2x64x64xbf16>
    %k = attn_gpu.alloc at 17408 : !attn_gpu.shared<2x128x64xbf16>
    // CHECK: attn_gpu.pipe at 0 producers 1 consumers 2 : !attn_gpu.pipe<2>
    %kp = attn_gpu.pipe at 0 producers 1 consumers 2 : !attn_gpu.pipe<2>
    %tp = attn_gpu.pipe at 48 producers 1 consumers 256 : !attn_gpu.pipe<1, 2>
    // CHECK: attn_gpu.init_pipes %{{.*}}, %{{.*}} : !attn_gpu.pipe<2>, !attn_gpu.pipe<1, 2>
    attn_gpu.init_pipes %kp, %tp : !attn_gpu.pipe<2>, !attn_gpu.pipe<1, 2>
    // CHECK: attn_gpu.roles producer registers = 40 {
    attn_gpu.roles producer registers = 40 {
      // CHECK: attn_gpu.first_slot : !attn_gpu.slot<2>
      %s = attn_gpu.first_slot : !attn_gpu.slot<2>
      %t = attn_gpu.first_slot : !attn_gpu.slot<1>
      // CHECK: attn_gpu.claim_tile %{{.*}} : !llvm.ptr<1>
      %tile = attn_gpu.claim_tile %counter : !llvm.ptr<1>
      // CHECK: attn_gpu.take_deferred %{{.*}} : !llvm.ptr<1>
      %again = attn_gpu.take_deferred %counter : !llvm.ptr<1>
      // CHECK: attn_gpu.acquire %{{.*}}[%{{.*}}] : !attn_gpu.pipe<2>
      attn_gpu.acquire %kp[%s] : !attn_gpu.pipe<2>
      // CHECK: attn_gpu.expect %{{.*}}[%{{.*}}] bytes 16384 : !attn_gpu.pipe<2>
      attn_gpu.expect %kp[%s] bytes 16384 : !attn_gpu.pipe<2>
      // CHECK: attn_gpu.expect %{{.*}}[%{{.*}}] bytes 128 times %{{.*}} : !attn_gpu.pipe<2>
      attn_gpu.expect %kp[%s] bytes 128 times %tile : !attn_gpu.pipe<2>
      // CHECK: attn_gpu.slot_index %{{.*}} : !attn_gpu.slot<2>
      %i = attn_gpu.slot_index %s : !attn_gpu.slot<2>
      // CHECK: attn_gpu.slice %{{.*}}[%{{.*}}] : !attn_gpu.shared<2x128x64xbf16>
      %kt = attn_gpu.slice %k[%i] : !attn_gpu.shared<2x128x64xbf16>
      // CHECK: attn_gpu.rows %{{.*}}[%{{.*}}] : !attn_gpu.shared<128x64xbf16> -> !attn_gpu.shared<32x64xbf16 of 128>
      %rows = attn_gpu.rows %kt[%i] : !attn_gpu.shared<128x64xbf16> -> !attn_gpu.shared<32x64xbf16 of 128>
      // CHECK: attn_gpu.tma_load %{{.*}}[%{{.*}}, %{{.*}}] to %{{.*}} signals %{{.*}}[%{{.*}}] evict last : !attn_gpu.shared<128x64xbf16>, !attn_gpu.pipe<2>
      attn_gpu.tma_load %map[%c0, %c0] to %kt signals %kp[%s] evict last : !attn_gpu.shared<128x64xbf16>, !attn_gpu.pipe<2>
      // CHECK: attn_gpu.tma_load %{{.*}}[%{{.*}}] to %{{.*}} signals %{{.*}}[%{{.*}}] : !attn_gpu.shared<128x64xbf16>
      attn_gpu.tma_load %map[%c0] to %kt signals %kp[%s] : !attn_gpu.shared<128x64xbf16>, !attn_gpu.pipe<2>
      // CHECK: attn_gpu.send %{{.*}}, %{{.*}} to %{{.*}}[%{{.*}}] : !attn_gpu.pipe<1, 2>
      attn_gpu.send %tile, %tile to %tp[%t] : !attn_gpu.pipe<1, 2>
    // CHECK: } consumers 2 registers = 232 {
    // CHECK-NEXT: ^bb0(%[[WG:.*]]: i32):
    } consumers 2 registers = 232 {
    ^bb0(%wg: i32):
      // CHECK: attn_gpu.turn_init %[[WG]] of 2
      attn_gpu.turn_init %wg of 2
      %s = attn_gpu.first_slot : !attn_gpu.slot<2>
      %t = attn_gpu.first_slot : !attn_gpu.slot<1>
      // CHECK: attn_gpu.receive %{{.*}}[%{{.*}}] : !attn_gpu.pipe<1, 2> -> i32, i32
      %tile:2 = attn_gpu.receive %tp[%t] : !attn_gpu.pipe<1, 2> -> i32, i32
      // CHECK: attn_gpu.await %{{.*}}[%{{.*}}] : !attn_gpu.pipe<2>
      attn_gpu.await %kp[%s] : !attn_gpu.pipe<2>
      %qt = attn_gpu.slice %q[%wg] : !attn_gpu.shared<2x64x64xbf16>
      %kt = attn_gpu.slice %k[%c0] : !attn_gpu.shared<2x128x64xbf16>
      // CHECK: attn_gpu.splat %{{.*}} : f32 to !attn_gpu.fragment<64x64xf32>
      %o = attn_gpu.splat %zero : f32 to !attn_gpu.fragment<64x64xf32>
      // CHECK: attn_gpu.turn_begin %[[WG]] of 2
      attn_gpu.turn_begin %wg of 2
      // CHECK: attn_gpu.wgmma %{{.*}}, %{{.*}} : !attn_gpu.shared<64x64xbf16>, !attn_gpu.shared<128x64xbf16> -> !attn_gpu.in_flight<64x128xf32>
      %a = attn_gpu.wgmma %qt, %kt : !attn_gpu.shared<64x64xbf16>, !attn_gpu.shared<128x64xbf16> -> !attn_gpu.in_flight<64x128xf32>
      // CHECK: attn_gpu.turn_end %[[WG]] of 2
      attn_gpu.turn_end %wg of 2
      // CHECK: attn_gpu.wait pending 0 %{{.*}} : (!attn_gpu.in_flight<64x128xf32>) -> !attn_gpu.fragment<64x128xf32>
      %x = attn_gpu.wait pending 0 %a : (!attn_gpu.in_flight<64x128xf32>) -> !attn_gpu.fragment<64x128xf32>
      // CHECK: attn_gpu.reduce max %{{.*}} : !attn_gpu.fragment<64x128xf32>
      %m0 = attn_gpu.reduce max %x : !attn_gpu.fragment<64x128xf32>
      // CHECK: attn_gpu.reduce max %{{.*}} every 4 from %{{.*}} : !attn_gpu.fragment<64x128xf32>
      %some = attn_gpu.reduce max %x every 4 from %m0 : !attn_gpu.fragment<64x128xf32>
      // CHECK: attn_gpu.combine max %{{.*}} : !attn_gpu.row<f32>
      %m = attn_gpu.combine max %m0 : !attn_gpu.row<f32>
      // CHECK: attn_gpu.map %{{.*}}, %{{.*}} : (!attn_gpu.fragment<64x128xf32>, !attn_gpu.row<f32>) -> !attn_gpu.fragment<64x128xf32> {
      %p = attn_gpu.map %x, %m : (!attn_gpu.fragment<64x128xf32>, !attn_gpu.row<f32>) -> !attn_gpu.fragment<64x128xf32> {
      ^bb0(%e: f32, %r: f32, %i: i32, %j: i32):
        %d = arith.subf %e, %r : f32
        attn_gpu.yield %d : f32
      }
      // CHECK: attn_gpu.map %{{.*}} : (!attn_gpu.row<f32>) -> !attn_gpu.row<i32> {
      %limit = attn_gpu.map %m : (!attn_gpu.row<f32>) -> !attn_gpu.row<i32> {
      ^bb0(%r: f32, %i: i32):
        attn_gpu.yield %i : i32
      }
      // CHECK: attn_gpu.keep_columns %{{.*}} to %{{.*}} : !attn_gpu.fragment<64x128xf32>
      %p1 = attn_gpu.keep_columns %p to %limit : !attn_gpu.fragment<64x128xf32>
      // CHECK: attn_gpu.keep_columns %{{.*}} from %{{.*}} to %{{.*}} : !attn_gpu.fragment<64x128xf32>
      %p2 = attn_gpu.keep_columns %p1 from %limit to %limit : !attn_gpu.fragment<64x128xf32>
      // CHECK: attn_gpu.reduce add %{{.*}} from %{{.*}} : !attn_gpu.fragment<64x128xf32>
      %l = attn_gpu.reduce add %p2 from %m : !attn_gpu.fragment<64x128xf32>
      // CHECK: attn_gpu.pack %{{.*}} : !attn_gpu.fragment<64x128xf32> to !attn_gpu.fragment<64x128xbf16>
      %pp = attn_gpu.pack %p2 : !attn_gpu.fragment<64x128xf32> to !attn_gpu.fragment<64x128xbf16>
      // CHECK: attn_gpu.load_matrix %{{.*}} : !attn_gpu.shared<64x64xbf16> -> !attn_gpu.fragment<64x48xbf16>
      %qf = attn_gpu.load_matrix %qt : !attn_gpu.shared<64x64xbf16> -> !attn_gpu.fragment<64x48xbf16>
      // CHECK: attn_gpu.isolate %{{.*}}, %{{.*}} into %{{.*}} by %[[WG]] of 2 : !attn_gpu.fragment<64x128xf32>, !attn_gpu.shared<128x64xbf16>, !attn_gpu.fragment<64x64xf32>
      %clean = attn_gpu.isolate %p2, %kt into %o by %wg of 2 : !attn_gpu.fragment<64x128xf32>, !attn_gpu.shared<128x64xbf16>, !attn_gpu.fragment<64x64xf32>
      %adds = arith.cmpi ne, %wg, %c0 : i32
      // CHECK: attn_gpu.wgmma %{{.*}}, %{{.*}} values depth 128 into %{{.*}} if %{{.*}} : !attn_gpu.fragment<64x128xbf16>
      %o1 = attn_gpu.wgmma %pp, %kt values depth 128 into %clean if %adds : !attn_gpu.fragment<64x128xbf16>, !attn_gpu.shared<128x64xbf16> -> !attn_gpu.in_flight<64x64xf32>
      // CHECK: attn_gpu.reduce finite %{{.*}} : !attn_gpu.fragment<64x64xf32>
      %finite = attn_gpu.reduce finite %clean : !attn_gpu.fragment<64x64xf32>
      // CHECK: attn_gpu.sched_fence %{{.*}} : !attn_gpu.row<f32>
      attn_gpu.sched_fence %l : !attn_gpu.row<f32>
      %o2 = attn_gpu.wait pending 0 %o1 : (!attn_gpu.in_flight<64x64xf32>) -> !attn_gpu.fragment<64x64xf32>
      // CHECK: attn_gpu.release %{{.*}}[%{{.*}}] : !attn_gpu.pipe<2>
      attn_gpu.release %kp[%s] : !attn_gpu.pipe<2>
      // CHECK: attn_gpu.release %{{.*}}[%{{.*}}] each_thread : !attn_gpu.pipe<1, 2>
      attn_gpu.release %tp[%t] each_thread : !attn_gpu.pipe<1, 2>
      // CHECK: attn_gpu.next_slot %{{.*}} : !attn_gpu.slot<2>
      %s1 = attn_gpu.next_slot %s : !attn_gpu.slot<2>
      %op = attn_gpu.pack %o2 : !attn_gpu.fragment<64x64xf32> to !attn_gpu.fragment<64x64xbf16>
      // CHECK: attn_gpu.store_fragment %{{.*}} to %{{.*}} : !attn_gpu.fragment<64x64xbf16>, !attn_gpu.shared<64x64xbf16>
      attn_gpu.store_fragment %op to %qt : !attn_gpu.fragment<64x64xbf16>, !attn_gpu.shared<64x64xbf16>
      // CHECK: attn_gpu.sync_warpgroup %[[WG]]
      attn_gpu.sync_warpgroup %wg
      // CHECK: attn_gpu.elect {
      attn_gpu.elect {
        // CHECK: attn_gpu.tma_store %{{.*}} to %{{.*}}[%{{.*}}, %{{.*}}] : !attn_gpu.shared<64x64xbf16>
        attn_gpu.tma_store %qt to %map[%c0, %c0] : !attn_gpu.shared<64x64xbf16>
        // CHECK: attn_gpu.tma_store_wait
        attn_gpu.tma_store_wait
      }
      %over = attn_gpu.map %l : (!attn_gpu.row<f32>) -> !attn_gpu.row<i1> {
      ^bb0(%r: f32, %i: i32):
        %b = arith.cmpf ogt, %r, %zero : f32
        attn_gpu.yield %b : i1
      }
      // CHECK: attn_gpu.any %{{.*}} : !attn_gpu.row<i1>
      %any = attn_gpu.any %over : !attn_gpu.row<i1>
      // CHECK: attn_gpu.defer_tile %{{.*}} to %{{.*}} if %{{.*}} : !llvm.ptr<1>, !attn_gpu.row<i1>
      attn_gpu.defer_tile %tile to %counter if %over : !llvm.ptr<1>, !attn_gpu.row<i1>
      // CHECK: attn_gpu.foreach %{{.*}} : !attn_gpu.row<f32> {
      attn_gpu.foreach %l : !attn_gpu.row<f32> {
      ^bb0(%r: f32, %i: i32):
        %ptr = llvm.getelementptr %out[%i] : (!llvm.ptr<1>, i32) -> !llvm.ptr<1>, f32
        llvm.store %r, %ptr : f32, !llvm.ptr<1>
        attn_gpu.yield
      }
    }
    gpu.return
  }
}
