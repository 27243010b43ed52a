// RUN: attn-opt %s --split-input-file --convert-attn-to-attn-gpu --remarks-filter=attn-schedule -o /dev/null 2>&1 | FileCheck %s

// What the cost model chooses.

// Any length: three consumers hide each other's exponentials.
// CHECK: Schedule {{.*}}tile 192x128, 3 consumers, 3 stages, 2 of queries, optimistic softmax, sections of 1 heads, turns, 32/160 registers
func.func @d64(%q: memref<4x?x64xbf16>, %k: memref<4x?x64xbf16>, %v: memref<4x?x64xbf16>, %o: memref<4x?x64xbf16>) {
  attn.sdpa query(%q : memref<4x?x64xbf16>) key(%k : memref<4x?x64xbf16>) value(%v : memref<4x?x64xbf16>)  backend = flash outs(%o : memref<4x?x64xbf16>)
  return
}

// -----

// Row maxima are known to the standard softmax alone.
// CHECK: Schedule {{.*}}standard softmax
func.func @maxima(%q: memref<4x?x64xbf16>, %k: memref<4x?x64xbf16>, %v: memref<4x?x64xbf16>, %o: memref<4x?x64xbf16>, %l: memref<4x?xf32>) {
  attn.sdpa query(%q : memref<4x?x64xbf16>) key(%k : memref<4x?x64xbf16>) value(%v : memref<4x?x64xbf16>)  backend = flash outs(%o, %l, %l : memref<4x?x64xbf16>, memref<4x?xf32>, memref<4x?xf32>)
  return
}

// -----

// Short causal rows: a smaller tile wastes less of the diagonal.
// CHECK: Schedule {{.*}}tile 128x128, 2 consumers, 2 stages, 2 of queries, optimistic softmax, sections of 8 to 32 heads, turns, 40/232 registers, outputs copied, 64 keys of the last block where no more are needed
func.func @d64_short(%q: memref<4x1024x64xbf16>, %k: memref<4x?x64xbf16>, %v: memref<4x?x64xbf16>, %o: memref<4x1024x64xbf16>) {
  attn.sdpa query(%q : memref<4x1024x64xbf16>) key(%k : memref<4x?x64xbf16>) value(%v : memref<4x?x64xbf16>) structure(#attn.causal<top_left>) backend = flash outs(%o : memref<4x1024x64xbf16>)
  return
}

// -----

// Long ones.
// CHECK: Schedule {{.*}}tile 192x128, 3 consumers
func.func @d64_long(%q: memref<4x4096x64xbf16>, %k: memref<4x?x64xbf16>, %v: memref<4x?x64xbf16>, %o: memref<4x4096x64xbf16>) {
  attn.sdpa query(%q : memref<4x4096x64xbf16>) key(%k : memref<4x?x64xbf16>) value(%v : memref<4x?x64xbf16>) structure(#attn.causal<top_left>) backend = flash outs(%o : memref<4x4096x64xbf16>)
  return
}

// -----

// Windows have few blocks: small ones, several in flight.
// CHECK: Schedule {{.*}}tile 192x64, 3 consumers, 6 stages, {{.*}}, no turns
func.func @d64_window(%q: memref<4x4096x64xbf16>, %k: memref<4x?x64xbf16>, %v: memref<4x?x64xbf16>, %o: memref<4x4096x64xbf16>) {
  attn.sdpa query(%q : memref<4x4096x64xbf16>) key(%k : memref<4x?x64xbf16>) value(%v : memref<4x?x64xbf16>) structure(#attn.window<100, 0>) backend = flash outs(%o : memref<4x4096x64xbf16>)
  return
}

// -----

// CHECK: Schedule {{.*}}tile 192x64, 3 consumers, 4 stages, {{.*}}sections of 32 heads
func.func @d128_documents(%q: memref<4x?x128xbf16>, %d: memref<?xi32>) {
  attn.sdpa query(%q : memref<4x?x128xbf16>) key(%q : memref<4x?x128xbf16>) value(%q : memref<4x?x128xbf16>) documents(%d, %d : memref<?xi32>, memref<?xi32>) structure(#attn.document) backend = flash outs(%q : memref<4x?x128xbf16>)
  return
}

// -----

// CHECK: Schedule {{.*}}tile 192x64, 3 consumers, 4 stages
func.func @d128_window(%q: memref<4x?x128xbf16>) {
  attn.sdpa query(%q : memref<4x?x128xbf16>) key(%q : memref<4x?x128xbf16>) value(%q : memref<4x?x128xbf16>) structure(#attn.window<100, 100>) backend = flash outs(%q : memref<4x?x128xbf16>)
  return
}

// -----

// Ragged batches as well; half a block where nothing but their ends cuts it.
// CHECK: Schedule {{.*}}tile 192x64, 3 consumers, 4 stages, {{.*}}outputs stored, 32 keys of the last block
func.func @d128_ragged(%q: memref<4x?x128xbf16>, %n: memref<?xi32>) {
  attn.sdpa query(%q : memref<4x?x128xbf16>) key(%q : memref<4x?x128xbf16>) value(%q : memref<4x?x128xbf16>) cu_seqlens(%n, %n : memref<?xi32>, memref<?xi32>) backend = flash outs(%q : memref<4x?x128xbf16>)
  return
}

// -----

// CHECK: Schedule {{.*}}tile 192x64, 3 consumers, 4 stages, {{.*}}outputs stored, {{[0-9]+}} bytes
func.func @d128_ragged_causal(%q: memref<4x?x128xbf16>, %n: memref<?xi32>) {
  attn.sdpa query(%q : memref<4x?x128xbf16>) key(%q : memref<4x?x128xbf16>) value(%q : memref<4x?x128xbf16>) cu_seqlens(%n, %n : memref<?xi32>, memref<?xi32>) structure(#attn.causal<top_left>) backend = flash outs(%q : memref<4x?x128xbf16>)
  return
}

// -----

// A tile of 192 queries would waste much of these.
// CHECK: Schedule {{.*}}tile 128x64, 2 consumers, 4 stages
func.func @d128_short_window(%q: memref<4x300x128xbf16>) {
  attn.sdpa query(%q : memref<4x300x128xbf16>) key(%q : memref<4x300x128xbf16>) value(%q : memref<4x300x128xbf16>) structure(#attn.window<100, 100>) backend = flash outs(%q : memref<4x300x128xbf16>)
  return
}

// -----

// What is decided per element takes registers.
// CHECK: Schedule {{.*}}tile 128x128, 2 consumers
func.func @d64_mask(%q: memref<4x4096x64xbf16>, %k: memref<4x?x64xbf16>, %v: memref<4x?x64xbf16>, %o: memref<4x4096x64xbf16>, %m: memref<1x?xi1>) {
  attn.sdpa query(%q : memref<4x4096x64xbf16>) key(%k : memref<4x?x64xbf16>) value(%v : memref<4x?x64xbf16>) mask(%m : memref<1x?xi1>) backend = flash outs(%o : memref<4x4096x64xbf16>)
  return
}

// -----

// No more consumers than queries.
// CHECK: Schedule {{.*}}tile 64x128, 1 consumers
func.func @one_tile(%q: memref<4x64x128xbf16>, %k: memref<4x?x128xbf16>, %v: memref<4x?x128xbf16>, %o: memref<4x64x128xbf16>) {
  attn.sdpa query(%q : memref<4x64x128xbf16>) key(%k : memref<4x?x128xbf16>) value(%v : memref<4x?x128xbf16>)  backend = flash outs(%o : memref<4x64x128xbf16>)
  return
}

// -----

// CHECK: Schedule {{.*}}tile 128x128, 2 consumers, 2 stages, 2 of queries, optimistic softmax, sections of 1 heads, turns, 40/232 registers, outputs copied, 197632 bytes
func.func @d128(%q: memref<4x?x128xbf16>, %k: memref<4x?x128xbf16>, %v: memref<4x?x128xbf16>, %o: memref<4x?x128xbf16>) {
  attn.sdpa query(%q : memref<4x?x128xbf16>) key(%k : memref<4x?x128xbf16>) value(%v : memref<4x?x128xbf16>)  backend = flash outs(%o : memref<4x?x128xbf16>)
  return
}

// -----

// Shared memory bounds the blocks, and leaves room for one tile of queries: the
// next one comes while outputs are stored.
// CHECK: Schedule {{.*}}tile 128x64, 2 consumers, 2 stages, 1 of queries, {{.*}}, outputs stored
func.func @d256(%q: memref<4x?x256xbf16>, %k: memref<4x?x256xbf16>, %v: memref<4x?x256xbf16>, %o: memref<4x?x256xbf16>) {
  attn.sdpa query(%q : memref<4x?x256xbf16>) key(%k : memref<4x?x256xbf16>) value(%v : memref<4x?x256xbf16>)  backend = flash outs(%o : memref<4x?x256xbf16>)
  return
}

// -----

// The same.
// CHECK: Schedule {{.*}}tile 128x64, 2 consumers
func.func @d256_causal(%q: memref<4x?x256xbf16>, %k: memref<4x?x256xbf16>, %v: memref<4x?x256xbf16>, %o: memref<4x?x256xbf16>) {
  attn.sdpa query(%q : memref<4x?x256xbf16>) key(%k : memref<4x?x256xbf16>) value(%v : memref<4x?x256xbf16>) structure(#attn.causal<top_left>) backend = flash outs(%o : memref<4x?x256xbf16>)
  return
}

// -----

// Values wider than keys.
// CHECK: Schedule {{.*}}tile 128x
func.func @wide(%q: memref<4x?x64xbf16>, %k: memref<4x?x64xbf16>, %v: memref<4x?x256xbf16>, %o: memref<4x?x256xbf16>) {
  attn.sdpa query(%q : memref<4x?x64xbf16>) key(%k : memref<4x?x64xbf16>) value(%v : memref<4x?x256xbf16>)  backend = flash outs(%o : memref<4x?x256xbf16>)
  return
}

// -----

// F16.
// CHECK: Schedule {{.*}}tile 128x128, 2 consumers, 2 stages, 2 of queries, optimistic softmax
func.func @half(%q: memref<4x?x128xf16>, %k: memref<4x?x128xf16>, %v: memref<4x?x128xf16>, %o: memref<4x?x128xf16>) {
  attn.sdpa query(%q : memref<4x?x128xf16>) key(%k : memref<4x?x128xf16>) value(%v : memref<4x?x128xf16>)  backend = flash outs(%o : memref<4x?x128xf16>)
  return
}
