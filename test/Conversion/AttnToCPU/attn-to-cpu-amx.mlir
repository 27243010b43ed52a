// RUN: attn-opt %s --convert-attn-to-cpu --split-input-file | FileCheck %s

#schedule = #attn.cpu_schedule<vector_size = 16, query_vectors = 2, key_rows = 8, value_rows = 8, block_keys = 64, exp2 = avx512, query_groups = 2, dot = amx>

// Values are transposed by pairs and keys copied once for all queries, 64 keys at a
// time: rows of 40 columns are not whole.
// CHECK-LABEL: func.func @full(
// CHECK: %[[VALUES:.*]] = memref.alloc({{.*}}) {alignment = 64 : i64} : memref<?x32x32xbf16>
// CHECK: %[[KEYS:.*]] = memref.alloc({{.*}}) {alignment = 64 : i64} : memref<?x64xbf16>
// CHECK: scf.parallel
// CHECK:   call @attn_fwd_bf16_full_d40x24_q64_k64_pack({{.*}}, %[[KEYS]], %[[VALUES]],
// CHECK: scf.parallel
// CHECK:   call @attn_fwd_bf16_full_d40x24_q64_k64({{.*}}, %[[KEYS]], %[[VALUES]],
// CHECK-LABEL: func.func private @attn_fwd_bf16_full_d40x24_q64_k64_pack
// CHECK-SAME: %[[PACKEDKEY:[^ :]*]]: memref<?x64xbf16>, %[[PACKED:[^ :]*]]: memref<?x32x32xbf16>, %{{[^ ]*}}: index)
// CHECK: vector.store %{{.*}}, %[[PACKED]][{{.*}} : memref<?x32x32xbf16>, vector<32xbf16>
// CHECK: memref.store %{{.*}}, %[[PACKEDKEY]]

// Products in tile registers, two by two of them.
// CHECK-LABEL: func.func private @attn_fwd_bf16_full_d40x24_q64_k64
// CHECK-SAME: %[[KEY:[^ :]*]]: memref<?x64xbf16>, %[[VALUE:[^ :]*]]: memref<?x32x32xbf16>, %{{[^ ]*}}: index)
// CHECK-DAG: %[[QUERY:.*]] = memref.view %{{.*}} : memref<8192xi8> to memref<2x32x64xbf16>
// CHECK-DAG: %[[P:.*]] = memref.view %{{.*}} : memref<4096xi8> to memref<32x64xbf16>
// CHECK: memref.prefetch {{.*}}, write, locality<2>, data : memref<?x24xbf16>
// CHECK: memref.prefetch {{.*}}, read, locality<2>, data : memref<?x40xbf16>
// CHECK-COUNT-4: amx.tile_zero : !amx.tile<16x16xf32>
// CHECK:     scf.for {{.*}} -> (!amx.tile<16x16xf32>, !amx.tile<16x16xf32>, !amx.tile<16x16xf32>, !amx.tile<16x16xf32>)
// CHECK:       %[[A:.*]] = amx.tile_load %[[KEY]]{{.*}} {attn.streamed}
// CHECK:       %[[B0:.*]] = amx.tile_load %[[QUERY]][%[[GROUP:[^,]*]],
// CHECK-NOT:   streamed
// CHECK:       amx.tile_mulf %[[A]], %[[B0]],
// CHECK:       %[[B1:.*]] = amx.tile_load %[[QUERY]][%[[GROUP]],
// CHECK:       amx.tile_mulf %[[A]], %[[B1]],
// CHECK:       amx.tile_load %[[KEY]]
// CHECK-COUNT-2: amx.tile_mulf
// CHECK-COUNT-4: amx.tile_store %[[LOGITS:.*]][
// The maxima are of products, and nothing is stored before the differences are scaled.
// CHECK:     scf.for
// CHECK-COUNT-16: vector.load %[[LOGITS]]
// CHECK-NOT: arith.mulf
// CHECK-NOT: vector.store
// CHECK:       scf.yield
// Where a maximum has grown much, keys before it are multiplied with their values, and
// the sums are rescaled.
// CHECK:   scf.for {{.*}} -> (index, index, index, vector<16xf32>, vector<16xf32>)
// CHECK:     vector.reduction <or>
// CHECK:     scf.if {{.*}} -> (index, index)
// CHECK:       amx.tile_load %[[OUT:.*]][%[[GROUP]], {{.*}} : memref<2x32x32xf32>
// CHECK:         amx.tile_load %[[VALUE]]{{.*}} {attn.streamed}
// CHECK:         amx.tile_load %[[P]]
// CHECK-COUNT-4: amx.tile_store %[[OUT]][%[[GROUP]],
// CHECK:       math.exp2
// CHECK:       arith.mulf
// CHECK:       vector.store {{.*}}, %[[OUT]]
// Beside large maxima the difference is taken before it is scaled.
// CHECK:     arith.cmpf ugt
// CHECK:     scf.if
// CHECK:       arith.subf
// CHECK:       arith.mulf
// CHECK:       math.exp2
// CHECK:     } else {
// CHECK:       %[[POWER:.*]] = vector.fma
// CHECK:       math.exp2 %[[POWER]]
// CHECK:       arith.truncf {{.*}} : vector<32xf32> to vector<32xbf16>
// The values of what is left.
// CHECK:   amx.tile_load %[[OUT]][%[[GROUP]],
// CHECK-COUNT-4: amx.tile_store %[[OUT]][%[[GROUP]],
func.func @full(%q: memref<?x40xbf16>, %k: memref<?x40xbf16>, %v: memref<?x24xbf16>, %o: memref<?x24xbf16>) {
  attn.sdpa query(%q : memref<?x40xbf16>) key(%k : memref<?x40xbf16>) value(%v : memref<?x24xbf16>) backend = flash schedule = #schedule outs(%o : memref<?x24xbf16>)
  return
}

// -----

#schedule = #attn.cpu_schedule<vector_size = 16, query_vectors = 1, key_rows = 8, value_rows = 8, block_keys = 32, exp2 = avx512, dot = amx>

// Where a value may be NaN or infinite beside a mask products are on vectors.
// A group's keys begin with a whole tile of 32.
// Of a block those before, among and behind the keys that all of the group's queries
// see, which are the second of three.
// CHECK-LABEL: func.func private @attn_fwd_bf16_window
// CHECK: arith.remsi
// CHECK: scf.for %[[NUMBER:.*]] = %{{.*}} to %c3{{(_[0-9]+)?}} step
// CHECK: %[[ISANY:.*]] = arith.cmpi sgt,
// CHECK: %[[ISFULL:.*]] = arith.cmpi eq, %[[NUMBER]], %c1{{(_[0-9]+)?}} : index
// CHECK: scf.if %[[ISANY]] {
// CHECK: scf.if %[[ISFULL]] {
// CHECK: amx.tile_mulf
// CHECK: scf.if
// CHECK: arith.cmpf une
// CHECK: vector.fma
// CHECK: } else {
// CHECK: amx.tile_mulf
func.func @window(%q: memref<77x16xbf16>, %k: memref<77x16xbf16>, %v: memref<77x16xbf16>, %o: memref<77x16xbf16>) {
  attn.sdpa query(%q : memref<77x16xbf16>) key(%k : memref<77x16xbf16>) value(%v : memref<77x16xbf16>) structure(#attn.window<7, 0>) backend = flash schedule = #schedule outs(%o : memref<77x16xbf16>)
  return
}

// -----

#schedule = #attn.cpu_schedule<vector_size = 16, query_vectors = 2, key_rows = 8, value_rows = 8, block_keys = 64, exp2 = avx512_short, dot = amx>

// Keys are read in place, but for a last tile that is not whole; one tile of queries
// has no use for values packed before. The short exponential is for probabilities
// only: sums of blocks are rescaled by the other one.
// CHECK-LABEL: func.func @few(
// CHECK-NOT: memref.alloc(
// CHECK: return
// CHECK-LABEL: func.func private @attn_fwd_bf16_full_d64_q32_k64
// CHECK-DAG: %[[COPY:.*]] = memref.alloca() {{.*}} : memref<64x64xbf16>
// CHECK: %[[KEYS:.*]] = scf.if %{{.*}} -> (memref<?x64xbf16, strided<[?, 1], offset: ?>>) {
// CHECK: memref.subview
// CHECK-NEXT: memref.cast
// CHECK-NEXT: scf.yield
// CHECK: } else {
// CHECK: memref.cast %[[COPY]]
// CHECK: amx.tile_load %[[KEYS]]
// CHECK-COUNT-2: math.exp2 {{.*}} {attn.exp2_form = "avx512"}
// CHECK-COUNT-4: math.exp2 {{.*}} {attn.exp2_form = "avx512_short"}
func.func @few(%q: memref<32x64xbf16>, %k: memref<?x64xbf16>, %v: memref<?x64xbf16>, %o: memref<32x64xbf16>) {
  attn.sdpa query(%q : memref<32x64xbf16>) key(%k : memref<?x64xbf16>) value(%v : memref<?x64xbf16>) backend = flash schedule = #schedule outs(%o : memref<32x64xbf16>)
  return
}

// -----

#schedule = #attn.cpu_schedule<vector_size = 16, query_vectors = 2, key_rows = 8, value_rows = 8, block_keys = 64, exp2 = avx512, dot = amx>

// Heads that share keys share their values too. A negative scale turns the order of
// products around, so that they are scaled first.
// CHECK-LABEL: func.func @grouped(
// CHECK: memref.alloc({{.*}}) {alignment = 64 : i64} : memref<2x3x?x64x32xbf16>
// CHECK-LABEL: func.func private @attn_fwd_bf16_full_d64_q32_k64_pack
// CHECK-LABEL: func.func private @attn_fwd_bf16_full_d64_q32_k64
// CHECK-COUNT-4: amx.tile_store %[[LOGITS:.*]][
// CHECK: arith.mulf
// CHECK: vector.store %{{.*}}, %[[LOGITS]]
// Outputs are stored between products for the next columns.
// CHECK: scf.for {{.*}} -> (!amx.tile<16x16xf32>
// CHECK: scf.yield
// CHECK: amx.tile_store %[[OUT:.*]][
// CHECK-NOT: amx.tile_store
// CHECK: amx.tile_mulf
// CHECK-NOT: amx.tile_mulf
// CHECK: amx.tile_store %[[OUT]][
func.func @grouped(%q: memref<2x6x32x64xbf16>, %k: memref<2x3x50x64xbf16>, %v: memref<2x3x50x64xbf16>, %o: memref<2x6x32x64xbf16>) {
  attn.sdpa query(%q : memref<2x6x32x64xbf16>) key(%k : memref<2x3x50x64xbf16>) value(%v : memref<2x3x50x64xbf16>) scale = -0.5 backend = flash schedule = #schedule outs(%o : memref<2x6x32x64xbf16>)
  return
}

// -----

#schedule = #attn.cpu_schedule<vector_size = 16, query_vectors = 2, key_rows = 8, value_rows = 8, block_keys = 64, exp2 = avx512, dot = amx>

// Few of the keys may be in use: nothing is packed for all.
// CHECK-LABEL: func.func @lengths(
// CHECK-NOT: memref.alloc(
// CHECK: return
func.func @lengths(%q: memref<2x1x77x64xbf16>, %k: memref<2x1x4096x64xbf16>, %v: memref<2x1x4096x64xbf16>, %l: memref<2xi32>, %o: memref<2x1x77x64xbf16>) {
  attn.sdpa query(%q : memref<2x1x77x64xbf16>) key(%k : memref<2x1x4096x64xbf16>) value(%v : memref<2x1x4096x64xbf16>) key_lengths(%l : memref<2xi32>) backend = flash schedule = #schedule outs(%o : memref<2x1x77x64xbf16>)
  return
}

// -----

#schedule = #attn.cpu_schedule<vector_size = 16, query_vectors = 2, key_rows = 8, value_rows = 8, block_keys = 64, exp2 = avx512, dot = amx>

// f16 as sums of two bf16: three copies of keys (high, low, high where it is finite),
// made once; four products for logits, three for outputs. A product with the values
// that checks them is on f32.
// CHECK-LABEL: func.func @f16(
// CHECK: memref.alloc({{.*}}) {alignment = 64 : i64} : memref<?x64x32xbf16>
// CHECK: memref.alloc({{.*}}) {alignment = 64 : i64} : memref<?x64xbf16>
// CHECK-LABEL: func.func private @attn_fwd_f16_causal_d64_q32_k64_pack
// CHECK: %[[HIGH:.*]] = arith.truncf %[[WIDE:.*]] : vector<16xf32> to vector<16xbf16>
// CHECK: %[[WIDE1:.*]] = arith.extf %{{.*}} : vector<16xbf16> to vector<16xf32>
// CHECK: %[[LOW:.*]] = arith.subf %{{.*}}, %[[WIDE1]]
// CHECK: %[[FINITE:.*]] = arith.cmpf ord, %[[LOW]], %[[LOW]]
// CHECK: arith.select %[[FINITE]], %[[LOW]],
// CHECK-LABEL: func.func private @attn_fwd_f16_causal_d64_q32_k64
// CHECK-DAG: memref.view %{{.*}} : memref<12288xi8> to memref<3x32x64xbf16>
// CHECK-DAG: memref.view %{{.*}} : memref<8192xi8> to memref<64x64xbf16>
// CHECK-NOT: memref<192x64xbf16>
// CHECK: scf.for {{.*}} -> (!amx.tile<16x16xf32>
// CHECK-COUNT-16: amx.tile_mulf
// CHECK-NOT: amx.tile_mulf
// CHECK: scf.for {{.*}} -> (!amx.tile<16x16xf32>
// CHECK-COUNT-12: amx.tile_mulf
// CHECK-NOT: amx.tile_mulf
// CHECK: scf.yield
func.func @f16(%q: memref<77x64xf16>, %k: memref<77x64xf16>, %v: memref<77x64xf16>, %o: memref<77x64xf16>) {
  attn.sdpa query(%q : memref<77x64xf16>) key(%k : memref<77x64xf16>) value(%v : memref<77x64xf16>) structure(#attn.causal<top_left>) backend = flash schedule = #schedule outs(%o : memref<77x64xf16>)
  return
}

// -----

#schedule = #attn.cpu_schedule<vector_size = 16, query_vectors = 2, key_rows = 8, value_rows = 8, block_keys = 128, exp2 = avx512, dot = amx>

// Keys are read in place if they begin a line of the cache and rows and tiles are whole,
// which both functions ask.
// CHECK-LABEL: func.func private @attn_fwd_bf16_full_d64_q32_k64_pack
// CHECK: %[[POINTER:.*]] = memref.extract_aligned_pointer_as_index
// CHECK: arith.remsi
// CHECK: %[[ONLINES:.*]] = arith.andi
// CHECK: %[[INPLACE:.*]] = arith.andi %[[ONLINES]],
// CHECK: scf.if %[[INPLACE]] {
// CHECK-NEXT: } else {
// CHECK: vector.store {{.*}} vector<16xbf16>
// CHECK-LABEL: func.func private @attn_fwd_bf16_full_d64_q32_k128
// CHECK: memref.extract_aligned_pointer_as_index
// CHECK: %[[KEY:.*]] = arith.select {{.*}} : memref<?x64xbf16, strided<[?, 1], offset: ?>>
// Of a block with two parts the first one's exponentials are beside products of the
// second one's keys; where a block has more, products with values are there too.
// CHECK: scf.for {{.*}} -> (index, index, index, vector<16xf32>, vector<16xf32>)
// CHECK: scf.if {{.*}} -> (vector<16xf32>, vector<16xf32>, vector<16xf32>, vector<16xf32>, index)
// CHECK: } else {
// CHECK: scf.if {{.*}} -> (vector<16xf32>, vector<16xf32>)
// CHECK-COUNT-4: amx.tile_zero
// CHECK-NOT: scf.for
// CHECK: amx.tile_load %[[KEY]]
// CHECK: amx.tile_mulf
// CHECK-NOT: amx.tile_mulf
// CHECK-COUNT-2: math.exp2
// CHECK-NOT: math.exp2
// CHECK: vector.store
// CHECK-NOT: amx.tile_store
// CHECK: amx.tile_mulf
// CHECK-NOT: scf.for
// CHECK-COUNT-4: amx.tile_store
// CHECK-NOT: scf.for
// CHECK-COUNT-4: amx.tile_load %[[OUT:.*]][
// CHECK-NOT: scf.for
// CHECK: amx.tile_mulf
// CHECK: math.exp2
// CHECK: amx.tile_mulf
// CHECK-COUNT-4: amx.tile_store %[[OUT]][
// CHECK: } else {
// CHECK: amx.tile_mulf
func.func @mixed(%q: memref<?x64xbf16>, %k: memref<?x64xbf16>, %v: memref<?x64xbf16>, %o: memref<?x64xbf16>) {
  attn.sdpa query(%q : memref<?x64xbf16>) key(%k : memref<?x64xbf16>) value(%v : memref<?x64xbf16>) backend = flash schedule = #schedule outs(%o : memref<?x64xbf16>)
  return
}

// -----

#schedule = #attn.cpu_schedule<vector_size = 16, query_vectors = 2, key_rows = 8, value_rows = 8, block_keys = 128, exp2 = avx512_short, dot = amx>

// Probabilities that bf16 is enough for are words, behind the products of the next keys.
// What is relative to a maximum of no keys is NaN.
// CHECK-LABEL: func.func private @attn_fwd_bf16_full_d32_q32_k128
// CHECK: scf.for {{.*}} -> (index, index, index)
// CHECK:   arith.cmpf ole
// CHECK:   %[[RAW:.*]] = vector.fma
// CHECK:   %[[NAN:.*]] = arith.constant dense<0x7FC00000> : vector<16xf32>
// CHECK:   %[[OFFSET:.*]] = arith.select %{{.*}}, %[[RAW]], %[[NAN]]
// CHECK:   amx.tile_mulf
// CHECK:   %[[SUM:.*]] = vector.fma %{{.*}}, %{{.*}}, %[[OFFSET]]
// CHECK:   arith.bitcast %[[SUM]] : vector<16xf32> to vector<16xi32>
// CHECK:   arith.ori
// CHECK:   arith.andi
// CHECK:   %[[P:.*]] = attn.exp2_words
// CHECK:   vector.bitcast %[[P]] : vector<32xbf16> to vector<16xi32>
// CHECK:   x86vector.avx512.dot %{{.*}}, %[[P]], %{{.*}}
// CHECK:   amx.tile_mulf
// Where bits differ the maxima are looked at, and probabilities are made in f32.
// CHECK:   vector.reduction <or>
// CHECK:   arith.cmpf ogt
// CHECK:     math.exp2
// CHECK:     arith.truncf {{.*}} : vector<32xf32> to vector<32xbf16>
func.func @words(%q: memref<?x32xbf16>, %k: memref<?x32xbf16>, %v: memref<?x32xbf16>, %o: memref<?x32xbf16>) {
  attn.sdpa query(%q : memref<?x32xbf16>) key(%k : memref<?x32xbf16>) value(%v : memref<?x32xbf16>) backend = flash schedule = #schedule outs(%o : memref<?x32xbf16>)
  return
}

// -----

#schedule = #attn.cpu_schedule<vector_size = 16, query_vectors = 2, key_rows = 8, value_rows = 8, block_keys = 1024, exp2 = avx512_short, dot = amx>

// Where values are not beside exponentials they are multiplied every 512 keys of a block.
// CHECK-LABEL: func.func private @attn_fwd_bf16_full_d128_q32_k1024
// CHECK: scf.for {{.*}} -> (index, index, index)
// CHECK:   attn.exp2_words
// CHECK:   %[[ISTURN:.*]] = arith.cmpi eq, %{{.*}}, %c512{{(_[0-9]+)?}} : index
// CHECK:   scf.if %[[ISTURN]] {
// CHECK:     amx.tile_mulf
// CHECK:   arith.select %[[ISTURN]],
func.func @turns(%q: memref<?x128xbf16>, %k: memref<?x128xbf16>, %v: memref<?x128xbf16>, %o: memref<?x128xbf16>) {
  attn.sdpa query(%q : memref<?x128xbf16>) key(%k : memref<?x128xbf16>) value(%v : memref<?x128xbf16>) backend = flash schedule = #schedule outs(%o : memref<?x128xbf16>)
  return
}
