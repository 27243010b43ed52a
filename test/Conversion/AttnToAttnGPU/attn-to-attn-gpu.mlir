// RUN: attn-opt %s --split-input-file --convert-attn-to-attn-gpu=softmax=standard --canonicalize --cse | FileCheck %s
// RUN: attn-opt %s --split-input-file --convert-attn-to-attn-gpu --canonicalize --cse | FileCheck %s --check-prefix=OPTIMISTIC
// RUN: attn-opt %s --split-input-file --convert-attn-to-attn-gpu="softmax=standard turns=on" --canonicalize --cse | FileCheck %s --check-prefix=TURNS
// RUN: attn-opt %s --split-input-file --convert-attn-to-attn-gpu --remarks-filter=attn-schedule -o /dev/null 2>&1 | FileCheck %s --check-prefix=REMARK
// RUN: attn-opt %s --split-input-file --convert-attn-to-attn-gpu="softmax=standard consumers=2 block-keys=64 stages=3 query-stages=1 section-heads=4 turns=off output=stored" --remarks-filter=attn-schedule -o /dev/null 2>&1 | FileCheck %s --check-prefix=FORCED

// REMARK: Schedule {{.*}}tile 128x128, 2 consumers, 2 stages, 2 of queries, optimistic softmax, sections of 1 heads, turns, 40/232 registers, outputs copied, 197632 bytes of shared memory
// FORCED: Schedule {{.*}}tile 128x64, 2 consumers, 3 stages, 1 of queries, standard softmax, sections of 4 heads, no turns, 40/232 registers, outputs stored

// The optimistic form keeps the maximum of the first block. Tiles in which it was
// too far off are deferred, and computed again by the standard form once the
// producer has asked for them.
// OPTIMISTIC-LABEL: gpu.func @attn_fwd_bf16_full_d128_q128_k128
// OPTIMISTIC: attn_gpu.roles producer
// OPTIMISTIC: scf.while
// OPTIMISTIC: attn_gpu.claim_tile
// OPTIMISTIC: arith.select %{{.*}}, %{{.*}}, %c268435456_i32
// OPTIMISTIC: attn_gpu.take_deferred
// OPTIMISTIC: scf.while
// OPTIMISTIC: arith.addi %{{.*}}, %c536870912_i32
// OPTIMISTIC: attn_gpu.send
// OPTIMISTIC: attn_gpu.take_deferred
// OPTIMISTIC: } consumers
// OPTIMISTIC: scf.while
// The careful loop rescales in every step, of 32 keys, the fast one in none.
// OPTIMISTIC: scf.for
// OPTIMISTIC: attn_gpu.await
// OPTIMISTIC: attn_gpu.await
// OPTIMISTIC: scf.for
// OPTIMISTIC: attn_gpu.rows %{{.*}}[%{{.*}}] : !attn_gpu.shared<128x128xbf16> -> !attn_gpu.shared<32x128xbf16 of 128>
// OPTIMISTIC: attn_gpu.wgmma {{.*}} -> !attn_gpu.in_flight<64x32xf32>
// OPTIMISTIC: attn_gpu.reduce max
// Its reference is the maximum of some columns of the first block.
// OPTIMISTIC: attn_gpu.wait pending 0
// OPTIMISTIC: attn_gpu.reduce max %{{[0-9]+}} every 4
// OPTIMISTIC: scf.for
// OPTIMISTIC-NOT: attn_gpu.reduce max
// OPTIMISTIC: attn_gpu.wait pending 1
// OPTIMISTIC-NOT: attn_gpu.reduce max
// OPTIMISTIC: attn_gpu.wait pending 0
// OPTIMISTIC: attn_gpu.defer_tile
// OPTIMISTIC: attn_gpu.store_fragment

// Sizes are arguments of the kernel: one binary for all shapes.
// CHECK-LABEL: func.func @dynamic
// CHECK-SAME: %[[Q:.*]]: memref<?x?x?x128xbf16, strided<[?, ?, ?, 1], offset: ?>>
#dyn = strided<[?, ?, ?, 1], offset: ?>
func.func @dynamic(%q: memref<?x?x?x128xbf16, #dyn>, %k: memref<?x?x?x128xbf16, #dyn>, %v: memref<?x?x?x128xbf16, #dyn>, %o: memref<?x?x?x128xbf16, #dyn>) {
  // CHECK: %[[ROWS:.*]] = arith.ceildivsi %{{.*}}, %c128
  // CHECK: %[[TILES:.*]] = arith.muli %[[ROWS]]
  // CHECK: cf.assert %{{.*}}, "attn.sdpa: too many queries for a kernel"
  // CHECK: cf.assert %{{.*}}, "attn.sdpa: too many tiles for a kernel"
  // CHECK: %[[NONEMPTY:.*]] = arith.cmpi sgt, %[[TILES]], %c0
  // CHECK: scf.if %[[NONEMPTY]] {
  // CHECK: %[[QMAP:.*]] = attn_gpu.encode_tensor_map %{{.*}} sizes(%c128, %{{.*}}, %{{.*}}, %{{.*}}) strides(%c2, %{{.*}}, %{{.*}}, %{{.*}}) box [64, 64, 1, 1] element bf16 swizzle b128
  // CHECK: %[[KMAP:.*]] = attn_gpu.encode_tensor_map {{.*}} box [64, 128, 1, 1]
  // CHECK: %[[COUNTER:.*]] = attn_gpu.scratch %{{.*}} : !llvm.ptr
  // CHECK: %[[SMS:.*]] = attn_gpu.multiprocessor_count
  // CHECK: %[[GRID:.*]] = arith.minsi %[[TILES]], %[[SMS]]
  // CHECK: gpu.launch_func @attn_kernels::@attn_fwd_bf16_full_d128_q128_k128 blocks in (%[[GRID]], %c1, %c1) threads in (%c384, %c1, %c1) dynamic_shared_memory_size %c197632_i32
  // CHECK-SAME: args(%[[QMAP]] : !attn_gpu.tensor_map, %[[KMAP]] : !attn_gpu.tensor_map,
  // CHECK-NOT: attn.sdpa
  attn.sdpa query(%q : memref<?x?x?x128xbf16, #dyn>) key(%k : memref<?x?x?x128xbf16, #dyn>) value(%v : memref<?x?x?x128xbf16, #dyn>)
    backend = flash outs(%o : memref<?x?x?x128xbf16, #dyn>)
  return
}
// CHECK: gpu.module @attn_kernels [#nvvm.target<O = 3, chip = "sm_90a", features = "+ptx86">]
// CHECK: gpu.func @attn_fwd_bf16_full_d128_q128_k128(%[[QM:.*]]: !attn_gpu.tensor_map, %[[KM:.*]]: !attn_gpu.tensor_map, %[[VM:.*]]: !attn_gpu.tensor_map, %[[OM:.*]]: !attn_gpu.tensor_map, %{{.*}}: i32
// CHECK: attn_gpu.init_pipes
// CHECK: attn_gpu.roles producer registers = 40 {
// A message: the tile's number, first query, head and batch.
// CHECK: attn_gpu.send %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}} to %{{.*}} : !attn_gpu.pipe<2, 16>
// CHECK: scf.while
// CHECK: attn_gpu.claim_tile
// Two slabs of keys, then the queries of both consumers, then keys before values.
// CHECK-COUNT-2: attn_gpu.tma_load %[[KM]]
// CHECK-COUNT-4: attn_gpu.tma_load %[[QM]]
// CHECK: scf.for
// CHECK-COUNT-2: attn_gpu.tma_load %[[KM]]
// CHECK-COUNT-2: attn_gpu.tma_load %[[VM]]
// CHECK: attn_gpu.send
// CHECK: } consumers 2 registers = 232 {
// CHECK: attn_gpu.turn_init
// Consumers need not find out where a tile is.
// CHECK-NOT: arith.remui
// CHECK: attn_gpu.receive {{.*}} -> i32, i32, i32, i32
// CHECK-NOT: arith.remui
// CHECK: scf.while
// CHECK-NOT: arith.remui
// The last block, with the end of the keys masked.
// CHECK: attn_gpu.wgmma
// CHECK: attn_gpu.wait pending 0
// CHECK: attn_gpu.elect {
// CHECK-NEXT: attn_gpu.tma_store_wait
// CHECK-NEXT: attn_gpu.release
// CHECK: attn_gpu.keep_columns
// CHECK: attn_gpu.pack
// The others: logits of the next block and output of the last in flight at once.
// CHECK: scf.for
// CHECK: attn_gpu.turn_begin
// CHECK: %[[S:.*]] = attn_gpu.wgmma %{{.*}} : !attn_gpu.shared<64x128xbf16>, !attn_gpu.shared<128x128xbf16> -> !attn_gpu.in_flight<64x128xf32>
// CHECK: %[[O:.*]] = attn_gpu.wgmma %{{.*}} values into %{{.*}} : !attn_gpu.fragment<64x128xbf16>
// CHECK: attn_gpu.turn_end
// CHECK: attn_gpu.wait pending 1 %[[S]]
// CHECK-NOT: attn_gpu.keep_columns
// CHECK: attn_gpu.sched_fence
// CHECK: attn_gpu.wait pending 0 %[[O]]
// CHECK: attn_gpu.receive
// CHECK: attn_gpu.defer_tile
// CHECK: attn_gpu.store_fragment
// CHECK: attn_gpu.sync_warpgroup
// CHECK: attn_gpu.elect
// CHECK-COUNT-2: attn_gpu.tma_store
// Its queries' memory is released under the first block of the next tile.
// CHECK-NEXT: }
// CHECK: attn_gpu.release {{.*}} each_thread : !attn_gpu.pipe<2, 16>
// CHECK: attn_gpu.receive

// -----

// Static sizes are constants of the kernel; one tensor map dimension per dimension.
// CHECK-LABEL: func.func @static
func.func @static(%q: memref<200x24xf16>, %k: memref<100x24xf16>, %v: memref<100x40xf16>, %o: memref<200x40xf16>, %l: memref<200xf32>) {
  // CHECK-NOT: scf.if
  // CHECK: attn_gpu.encode_tensor_map %{{.*}} sizes(%c24, %c200) strides(%c2, %c48) box [64, 64] element f16
  // CHECK: gpu.launch_func @attn_kernels::@attn_fwd_f16_full_d24x40_q128_k128
  // CHECK-SAME: args(%{{[^:]*}} : !attn_gpu.tensor_map, %{{[^:]*}} : !attn_gpu.tensor_map, %{{[^:]*}} : !attn_gpu.tensor_map, %{{[^:]*}} : !attn_gpu.tensor_map, %{{[^:]*}} : !llvm.ptr, %{{[^:]*}} : !llvm.ptr)
  attn.sdpa query(%q : memref<200x24xf16>) key(%k : memref<100x24xf16>) value(%v : memref<100x40xf16>) backend = flash
    outs(%o, %l : memref<200x40xf16>, memref<200xf32>)
  return
}
// CHECK: gpu.func @attn_fwd_f16_full_d24x40_q128_k128
// D in steps of 16, Dv in steps of 8.
// CHECK: attn_gpu.wgmma %{{.*}} depth 32 : !attn_gpu.shared<64x64xf16>
// CHECK: -> !attn_gpu.in_flight<64x40xf32>
// CHECK: attn_gpu.foreach

// -----

// A causal mask: blocks at the diagonal with mask code, the others without.
// CHECK-LABEL: gpu.func @attn_fwd_bf16_causal_d64
// CHECK: consumers
// CHECK: attn_gpu.isolate
// CHECK: scf.for {{.*}} -> (!attn_gpu.slot<2>)
// CHECK: attn_gpu.keep_columns
// CHECK: scf.for
// CHECK: attn_gpu.wait pending 1
// CHECK: attn_gpu.keep_columns %{{.*}} to
// CHECK: scf.for
// CHECK: attn_gpu.wait pending 1
// CHECK-NOT: attn_gpu.keep_columns
// CHECK: attn_gpu.defer_tile
func.func @causal(%q: memref<4x512x64xbf16>, %k: memref<2x512x64xbf16>, %v: memref<2x512x64xbf16>, %o: memref<4x512x64xbf16>) {
  attn.sdpa query(%q : memref<4x512x64xbf16>) key(%k : memref<2x512x64xbf16>) value(%v : memref<2x512x64xbf16>)
    structure(#attn.causal<bottom_right>) backend = flash outs(%o : memref<4x512x64xbf16>)
  return
}

// -----

// A window has a left edge too.
// CHECK-LABEL: gpu.func @attn_fwd_bf16_window_d64
// CHECK: consumers
// CHECK: attn_gpu.keep_columns %{{.*}} from %{{.*}} to
// CHECK: scf.for
// CHECK: attn_gpu.keep_columns %{{.*}} from %{{.*}} to
// CHECK: scf.for
// CHECK: scf.for
// CHECK: attn_gpu.keep_columns %{{.*}} from %{{.*}} to
// CHECK-NOT: attn_gpu.keep_columns
func.func @window(%q: memref<4x512x64xbf16>, %k: memref<4x512x64xbf16>, %v: memref<4x512x64xbf16>, %o: memref<4x512x64xbf16>) {
  attn.sdpa query(%q : memref<4x512x64xbf16>) key(%k : memref<4x512x64xbf16>) value(%v : memref<4x512x64xbf16>)
    structure(#attn.window<100, 3>) backend = flash outs(%o : memref<4x512x64xbf16>)
  return
}

// -----

// What changes logits is inlined in a map, in natural units.
// CHECK-LABEL: gpu.func @attn_fwd_bf16_masked_d64
// CHECK: consumers
// CHECK: attn_gpu.map
// CHECK: llvm.load %{{.*}} : !llvm.ptr<1> -> f16
// CHECK: math.exp2
// CHECK: arith.divf %{{.*}}, %{{.*}} fastmath<arcp>
// CHECK: arith.addf
// CHECK: memref.load
// CHECK: attn_gpu.map
// CHECK: llvm.load %{{.*}} : !llvm.ptr<1> -> i8
// CHECK: arith.cmpi ult
// CHECK: arith.select
func.func @score(%q: memref<4x512x64xbf16>, %k: memref<4x512x64xbf16>, %v: memref<4x512x64xbf16>, %o: memref<4x512x64xbf16>,
    %b: memref<512x512xf16>, %m: memref<4x1x512xi1>, %slopes: memref<4xf32>) {
  attn.sdpa query(%q : memref<4x512x64xbf16>) key(%k : memref<4x512x64xbf16>) value(%v : memref<4x512x64xbf16>)
    softcap = 30.0 bias(%b : memref<512x512xf16>) mask(%m : memref<4x1x512xi1>) backend = flash
    score(%s: f32, %h: index, %i: index, %j: index) {
      %slope = memref.load %slopes[%h] : memref<4xf32>
      %t = arith.addf %s, %slope : f32
      attn.yield %t : f32
    }
    keep(%h: index, %i: index, %j: index) {
      %p = arith.cmpi ult, %i, %j : index
      attn.yield %p : i1
    }
    outs(%o : memref<4x512x64xbf16>)
  return
}

// -----

// An output of another type is stored from registers.
// CHECK-LABEL: gpu.func @attn_fwd_bf16_full_d64
// CHECK: consumers
// CHECK-NOT: attn_gpu.tma_store %
// CHECK: attn_gpu.store_rows %{{.*}} : !attn_gpu.fragment<64x64xf32>
// CHECK-NOT: attn_gpu.tma_store %
func.func @wide_output(%q: memref<4x500x64xbf16>, %k: memref<4x512x64xbf16>, %o: memref<4x500x64xf32>) {
  attn.sdpa query(%q : memref<4x500x64xbf16>) key(%k : memref<4x512x64xbf16>) value(%k : memref<4x512x64xbf16>)
    backend = flash outs(%o : memref<4x500x64xf32>)
  return
}

// -----

// Nothing to launch.
// CHECK-LABEL: func.func @empty
// CHECK-NOT: gpu.launch_func
// CHECK: return
func.func @empty(%q: memref<0x64xbf16>, %k: memref<7x64xbf16>, %o: memref<0x64xbf16>) {
  attn.sdpa query(%q : memref<0x64xbf16>) key(%k : memref<7x64xbf16>) value(%k : memref<7x64xbf16>) backend = flash outs(%o : memref<0x64xbf16>)
  return
}

// -----

// Only the flash backend.
// CHECK-LABEL: func.func @other_backend
// CHECK: attn.sdpa
func.func @other_backend(%q: memref<5x64xbf16>, %o: memref<5x64xbf16>) {
  attn.sdpa query(%q : memref<5x64xbf16>) key(%q : memref<5x64xbf16>) value(%q : memref<5x64xbf16>) backend = math outs(%o : memref<5x64xbf16>)
  return
}

// -----

// A tile that is computed again takes values that are not finite out of the product,
// for they may stand at masked positions. Rows without keys give their logits one
// probability, and all blocks are visited for them.
// CHECK-LABEL: gpu.func @attn_fwd_bf16_causal
// CHECK: } consumers 1
// CHECK: %[[CAREFUL:.*]] = arith.cmpi sge, %{{.*}}, %c536870912_i32
// CHECK: %[[END:.*]] = arith.select %[[CAREFUL]], %c2_i32, %{{.*}}
// CHECK: scf.if %[[CAREFUL]]
// CHECK: scf.for
// CHECK: attn_gpu.wait pending 0
// CHECK: attn_gpu.map
// CHECK: arith.select %{{.*}}, %cst{{.*}}, %{{.*}} : f32
// CHECK: attn_gpu.isolate %{{.*}}, %{{.*}} into %{{.*}} by %{{.*}} of 1
// CHECK: attn_gpu.wgmma {{.*}} values into
// CHECK: } else {
// CHECK-NOT: attn_gpu.isolate
// CHECK: attn_gpu.defer_tile
func.func @uniform(%q: memref<64x64xbf16>, %k: memref<200x64xbf16>) {
  attn.sdpa query(%q : memref<64x64xbf16>) key(%k : memref<200x64xbf16>) value(%k : memref<200x64xbf16>)
    structure(#attn.causal<bottom_right>) masked_row = uniform backend = flash outs(%q : memref<64x64xbf16>)
  return
}

// -----

// A sink is a term of the sum that belongs to no value. Nothing is masked: nothing
// needs isolation.
// CHECK-LABEL: gpu.func @attn_fwd_bf16_full
// CHECK-NOT: attn_gpu.isolate
// CHECK: attn_gpu.defer_tile
// CHECK: %[[LOADED:.*]] = llvm.load %{{.*}} : !llvm.ptr<1> -> bf16
// CHECK: %[[SINK:.*]] = arith.extf %[[LOADED]]
// CHECK: %[[S:.*]] = arith.mulf %[[SINK]]
// CHECK: attn_gpu.map
// CHECK: %[[MAX:.*]] = arith.maxnumf %{{.*}}, %[[S]]
// CHECK: arith.subf %[[S]], %[[MAX]]
func.func @sinks(%q: memref<4x256x64xbf16>, %s: memref<4xbf16>) {
  attn.sdpa query(%q : memref<4x256x64xbf16>) key(%q : memref<4x256x64xbf16>) value(%q : memref<4x256x64xbf16>)
    sinks(%s : memref<4xbf16>) backend = flash outs(%q : memref<4x256x64xbf16>)
  return
}

// -----

// Rows of one consumer need no keys that only those of another see: their blocks are
// released without a product, in the consumer's turn if there are any, when all its
// warps have seen them.
// TURNS-LABEL: gpu.func @attn_fwd_bf16_window_d128
// TURNS: } consumers 3
// TURNS: attn_gpu.isolate
// TURNS: } else {
// TURNS: scf.for {{.*}} -> (!attn_gpu.slot<4>)
// TURNS-NEXT: attn_gpu.await
// TURNS-NEXT: attn_gpu.sync_warpgroup
// TURNS-NEXT: attn_gpu.release
// TURNS: scf.if
// TURNS-NEXT: attn_gpu.turn_begin
// TURNS-NEXT: attn_gpu.turn_end
// TURNS: attn_gpu.await
// TURNS-NEXT: attn_gpu.sync_warpgroup
// TURNS-NEXT: attn_gpu.release
// TURNS-NEXT: attn_gpu.next_slot
// TURNS: scf.if
// TURNS: attn_gpu.wgmma
// The other edge, behind the consumer's last block.
// TURNS: scf.for {{.*}} -> (!attn_gpu.slot<4>)
// TURNS-NEXT: attn_gpu.await
// TURNS-NEXT: attn_gpu.sync_warpgroup
// TURNS-NEXT: attn_gpu.release
// TURNS-NEXT: attn_gpu.turn_begin
// TURNS-NEXT: attn_gpu.turn_end
// TURNS-NEXT: attn_gpu.await
// TURNS-NEXT: attn_gpu.sync_warpgroup
// TURNS-NEXT: attn_gpu.release
// TURNS-NEXT: attn_gpu.next_slot
// TURNS: attn_gpu.defer_tile

// By default consumers of a window do not wait for one another. The next queries
// come before the last values of a tile, and a consumer without blocks gives the
// memory for them back before it waits for those. The first product of values
// writes an output that nothing has been written to. Whether a row has keys is
// asked where some row looks as if it had none.
// CHECK-LABEL: gpu.func @attn_fwd_bf16_window_d128
// CHECK: %[[UNDEF:.*]] = llvm.mlir.undef : f32
// CHECK: attn_gpu.tma_load {{.*}} signals %[[PIPE:[0-9]+]][%{{.*}}] evict first
// CHECK: scf.while
// CHECK: attn_gpu.claim_tile
// CHECK: scf.if
// CHECK: attn_gpu.acquire %[[PIPE]]
// CHECK: attn_gpu.expect %[[PIPE]]
// CHECK: } consumers 3
// CHECK-NOT: attn_gpu.turn
// CHECK: attn_gpu.isolate
// CHECK: scf.if
// CHECK-NEXT: attn_gpu.next_slot
// CHECK-NEXT: attn_gpu.elect
// CHECK-NEXT: attn_gpu.tma_store_wait
// CHECK-NEXT: attn_gpu.release %[[PIPE]]
// CHECK: attn_gpu.splat %[[UNDEF]] : f32 to !attn_gpu.fragment<64x128xf32>
// CHECK: %[[ADDS:.*]] = arith.cmpi ne, %{{.*}}, %c1_i32
// CHECK: attn_gpu.wgmma {{.*}} values into %{{.*}} if %[[ADDS]]
// CHECK: attn_gpu.reduce finite
// CHECK: attn_gpu.any
// CHECK-NEXT: scf.if
// CHECK: attn_gpu.defer_tile
func.func @skipped(%q: memref<1024x128xbf16>) {
  attn.sdpa query(%q : memref<1024x128xbf16>) key(%q : memref<1024x128xbf16>) value(%q : memref<1024x128xbf16>)
    structure(#attn.window<100, 0>) backend = flash outs(%q : memref<1024x128xbf16>)
  return
}

// -----

// Row maxima: a pointer more, stored beside the log-sum-exp. The optimistic
// softmax does not know them, so auto takes the standard one: no tile is deferred
// for a maximum that is too far off.
// CHECK-LABEL: gpu.func @attn_fwd_bf16_full_d64
// CHECK: attn_gpu.foreach %[[ROWS:[0-9]+]]#1
// CHECK: llvm.store
// CHECK: attn_gpu.foreach %[[ROWS]]#2
// CHECK: llvm.store
// OPTIMISTIC-LABEL: gpu.func @attn_fwd_bf16_full_d64
// OPTIMISTIC: attn_gpu.foreach %[[ROWS:[0-9]+]]#1
// OPTIMISTIC: attn_gpu.foreach %[[ROWS]]#2
func.func @maxima(%q: memref<4x?x64xbf16>, %k: memref<4x?x64xbf16>, %v: memref<4x?x64xbf16>, %o: memref<4x?x64xbf16>, %l: memref<4x?xf32>, %m: memref<4x?xf32>) {
  attn.sdpa query(%q : memref<4x?x64xbf16>) key(%k : memref<4x?x64xbf16>) value(%v : memref<4x?x64xbf16>) backend = flash outs(%o, %l, %m : memref<4x?x64xbf16>, memref<4x?xf32>, memref<4x?xf32>)
  return
}

// -----

// Whether the last block has all its keys is asked once a tile where their number is
// known late, and nothing is masked where it has.
// OPTIMISTIC-LABEL: gpu.func @attn_fwd_f16_full_d64
// OPTIMISTIC: } consumers 3
// The careful blocks come first.
// OPTIMISTIC: attn_gpu.wgmma {{.*}} values into
// OPTIMISTIC: attn_gpu.wgmma
// OPTIMISTIC-NEXT: %[[LOGITS:[0-9]+]] = attn_gpu.wait
// OPTIMISTIC: %[[LACKS:.*]] = arith.cmpi slt, %{{.*}}, %c128_i32
// OPTIMISTIC: scf.if %[[LACKS]] -> (!attn_gpu.fragment<64x128xf32>)
// OPTIMISTIC: attn_gpu.keep_columns %[[LOGITS]]
// OPTIMISTIC: } else {
// OPTIMISTIC-NEXT: scf.yield %[[LOGITS]]
// All columns: f16 could not hold what is far above the maximum of some.
// OPTIMISTIC: attn_gpu.reduce max %{{[0-9]+}} : !attn_gpu.fragment<64x128xf32>
func.func @late_keys(%q: memref<4x1024x64xf16>, %k: memref<4x?x64xf16>) {
  attn.sdpa query(%q : memref<4x1024x64xf16>) key(%k : memref<4x?x64xf16>) value(%k : memref<4x?x64xf16>)
    backend = flash outs(%q : memref<4x1024x64xf16>)
  return
}
