// RUN: attn-opt %s --split-input-file --convert-attn-to-attn-gpu=few-queries=on --canonicalize --cse | FileCheck %s
// RUN: attn-opt %s --split-input-file --convert-attn-to-attn-gpu=few-queries=on --remarks-filter=attn-schedule -o /dev/null 2>&1 | FileCheck %s --check-prefix=REMARK
// RUN: attn-opt %s --split-input-file --convert-attn-to-attn-gpu="chip=sm_80 few-queries=on" --canonicalize --cse | FileCheck %s --check-prefix=AMPERE
// RUN: attn-opt %s --split-input-file --convert-attn-to-attn-gpu=few-queries=grouped --canonicalize --cse --remarks-filter=attn-schedule 2>&1 | FileCheck %s --check-prefix=TWO
// RUN: attn-opt %s --split-input-file --convert-attn-to-attn-gpu="chip=sm_80 few-queries=grouped" --canonicalize --cse | FileCheck %s --check-prefix=AMPERE2

// Heads that share keys are rows of one tile, as many as have room; how many that are is
// known late. A copy brings their queries, and keys are read once for all.
// REMARK: tile 64x128 of several heads, 1 consumers
// TWO: tile 128x128 of several heads, 2 consumers
// CHECK-LABEL: func.func @any
// CHECK-SAME: %[[Q:.*]]: memref<?x?x?x128xbf16>, %[[K:[a-z0-9]*]]:
// CHECK-DAG: %[[C1:.*]] = arith.constant 1 : index
// CHECK-DAG: %[[C64:.*]] = arith.constant 64 : index
// CHECK-DAG: %[[C65536:.*]] = arith.constant 65536 : index
// CHECK: %[[ROWTILES:.*]] = arith.ceildivsi %[[QUERIES:.*]], %[[C64]]
// CHECK: %[[SHARING:.*]] = arith.divsi
// CHECK: %[[GROUP:.*]] = arith.maxsi %[[SHARING]], %[[C1]]
// CHECK: %[[SOME:.*]] = arith.maxsi %[[QUERIES]], %[[C1]]
// CHECK: %[[PERHEAD:.*]] = arith.minsi %[[SOME]], %[[C64]]
// CHECK: %[[ROOM:.*]] = arith.divsi %[[C64]], %[[PERHEAD]]
// CHECK: %[[HEADS:.*]] = arith.minsi %[[ROOM]], %[[GROUP]]
// CHECK: %[[OFTILE:.*]] = arith.minsi %[[HEADS]], %[[GROUP]]
// CHECK: %[[PARTS:.*]] = arith.ceildivsi %[[GROUP]], %[[OFTILE]]
// CHECK: attn_gpu.encode_tensor_map {{.*}} box [64, %[[PERHEAD]], %[[HEADS]], 1] element bf16
// CHECK-COUNT-2: attn_gpu.encode_tensor_map {{.*}} box [64, 128, 1, 1] element bf16
// CHECK: arith.ceildivsi %[[C65536]], %[[PERHEAD]]
// The copy brings as many rows as there are.
// CHECK: gpu.func @attn_fwd_bf16_causal_d128_q64_k128(
// CHECK: %[[ROWS:.*]] = arith.muli %[[HEADS:arg[0-9]*]], %[[PERHEAD:arg[0-9]*]] overflow<nsw> : i32
// CHECK: attn_gpu.expect %{{.*}} bytes 256 times %[[ROWS]]
// A row is of its head, found without a division.
// CHECK: arith.shrui
// Splits leave rows where they belong, for heads follow one another there; outputs have
// their own strides.
// CHECK: attn_gpu.store_rows %{{.*}} to %{{.*}} stride %{{[a-z0-9_]*}} rows {{.*}} : !attn_gpu.fragment<64x128xf32>
// CHECK: attn_gpu.store_rows %{{.*}} to %{{.*}} stride %{{[a-z0-9_]*}} groups(%[[PERHEAD]] stride %{{.*}}) rows {{.*}} : !attn_gpu.fragment<64x128xbf16>

// Each of two consumers has heads of its own, the second perhaps none.
// TWO-LABEL: func.func @any
// TWO: %[[HEADS:.*]] = arith.minsi
// TWO: %[[TWICE:.*]] = arith.muli %{{.*}}, %c2
// TWO: attn_gpu.encode_tensor_map {{.*}} box [64, %[[PERHEAD:.*]], %[[HEADS:.*]], 1] element bf16
// TWO: gpu.func @attn_fwd_bf16_causal_d128_q128_k128(
// TWO: attn_gpu.expect %{{.*}} bytes 512 times
// TWO: attn_gpu.tma_load %{{.*}}[%c0_i32, %[[QUERY:.*]], %[[HEAD:.*]], %[[BATCH:.*]]] to
// TWO: attn_gpu.tma_load %{{.*}}[%c64_i32, %[[QUERY]], %[[HEAD]], %[[BATCH]]] to
// TWO: %[[NEXT:.*]] = arith.addi %[[HEAD]], %{{.*}} overflow<nsw> : i32
// TWO: attn_gpu.tma_load %{{.*}}[%c0_i32, %[[QUERY]], %[[NEXT]], %[[BATCH]]] to
// AMPERE2-LABEL: func.func @any
// AMPERE2: attn_gpu.warpgroups 1
// AMPERE2-COUNT-2: attn_gpu.copy_rows %{{.*}} stride %{{.*}} groups(

// AMPERE-LABEL: func.func @any
// AMPERE: attn_gpu.copy_rows %{{.*}} stride %{{.*}} groups(%{{.*}} stride %{{.*}}) rows %{{.*}} columns 128 to
// AMPERE: attn_gpu.copy_rows %{{.*}} stride %{{[a-z0-9_]*}} rows %{{.*}} columns 128 to
func.func @any(%q: memref<?x?x?x128xbf16>, %k: memref<?x?x?x128xbf16>, %o: memref<?x?x?x128xbf16>, %l: memref<?x?x?xf32>) {
  attn.sdpa query(%q : memref<?x?x?x128xbf16>) key(%k : memref<?x?x?x128xbf16>) value(%k : memref<?x?x?x128xbf16>)
    structure(#attn.causal<bottom_right>) backend = flash outs(%o, %l : memref<?x?x?x128xbf16>, memref<?x?x?xf32>)
  return
}

// -----

// Of seven heads of five queries all have room in a tile; a mask and a sink have the head
// of their row.
// REMARK: tile 64x{{[0-9]*}} of several heads
// CHECK-LABEL: func.func @each
// CHECK: attn_gpu.encode_tensor_map {{.*}} box [64, 5, 7, 1] element f16
// CHECK: gpu.func @
// CHECK: attn_gpu.expect %{{.*}} bytes 128 times %c35_i32
// CHECK: attn_gpu.map
// CHECK: ^bb0(%[[LOGIT:.*]]: f32, %[[I:.*]]: i32, %[[J:.*]]: i32):
// CHECK: %[[ROW:.*]] = arith.minsi %[[I]], %{{.*}} : i32
// CHECK: %[[SCALED:.*]] = arith.muli %[[ROW]], %c13108_i32
// CHECK: %[[BEHIND:.*]] = arith.shrui %[[SCALED]], %c16_i32
// CHECK: %[[HEAD:.*]] = arith.addi %{{.*}}, %[[BEHIND]] overflow<nsw> : i32
// CHECK: %[[BEFORE:.*]] = arith.muli %[[BEHIND]], %c5_i32
// CHECK: arith.subi %[[ROW]], %[[BEFORE]]
// CHECK: arith.extsi %[[HEAD]] : i32 to i64
func.func @each(%q: memref<2x14x5x64xf16>, %k: memref<2x2x5000x64xf16>, %m: memref<14x5x5000xi1>, %s: memref<14xf32>, %o: memref<2x14x5x64xf16>) {
  attn.sdpa query(%q : memref<2x14x5x64xf16>) key(%k : memref<2x2x5000x64xf16>) value(%k : memref<2x2x5000x64xf16>)
    mask(%m : memref<14x5x5000xi1>) sinks(%s : memref<14xf32>) backend = flash outs(%o : memref<2x14x5x64xf16>)
  return
}

// -----

// f32 is split on its way.
// AMPERE-LABEL: func.func @f32
// AMPERE: attn_gpu.split_rows %{{.*}} stride %{{.*}} groups(%{{.*}} stride %{{.*}}) rows
// AMPERE: attn_gpu.split_rows %{{.*}} stride %{{[a-z0-9_]*}} rows
func.func @f32(%q: memref<2x8x4x64xf32>, %k: memref<2x2x5000x64xf32>, %o: memref<2x8x4x64xf32>) {
  attn.sdpa query(%q : memref<2x8x4x64xf32>) key(%k : memref<2x2x5000x64xf32>) value(%k : memref<2x2x5000x64xf32>)
    backend = flash outs(%o : memref<2x8x4x64xf32>)
  return
}

// -----

// Two consumers, of which each has one head of 33 queries, where that is known.
// REMARK: tile 128x{{[0-9]*}} of several heads, 2 consumers
// TWO-LABEL: func.func @pair
func.func @pair(%q: memref<2x8x33x64xf16>, %k: memref<2x2x5000x64xf16>) {
  attn.sdpa query(%q : memref<2x8x33x64xf16>) key(%k : memref<2x2x5000x64xf16>) value(%k : memref<2x2x5000x64xf16>)
    backend = flash outs(%q : memref<2x8x33x64xf16>)
  return
}

// -----

// Not where each head has keys of its own, there are no heads, or rows have documents.
// REMARK-COUNT-3: tile 64x{{[0-9]*}}, 1 consumers
// REMARK-NOT: several
// CHECK-LABEL: func.func @apart
func.func @apart(%q: memref<2x8x?x64xf16>, %k: memref<2x8x5000x64xf16>, %q2: memref<?x64xf16>, %k2: memref<5000x64xf16>, %k4: memref<2x2x5000x64xf16>, %dq: memref<2x?xi32>, %dk: memref<2x5000xi32>) {
  attn.sdpa query(%q : memref<2x8x?x64xf16>) key(%k : memref<2x8x5000x64xf16>) value(%k : memref<2x8x5000x64xf16>)
    backend = flash outs(%q : memref<2x8x?x64xf16>)
  attn.sdpa query(%q2 : memref<?x64xf16>) key(%k2 : memref<5000x64xf16>) value(%k2 : memref<5000x64xf16>)
    backend = flash outs(%q2 : memref<?x64xf16>)
  attn.sdpa query(%q : memref<2x8x?x64xf16>) key(%k4 : memref<2x2x5000x64xf16>) value(%k4 : memref<2x2x5000x64xf16>)
    documents(%dq, %dk : memref<2x?xi32>, memref<2x5000xi32>)
    structure(#attn.document) backend = flash outs(%q : memref<2x8x?x64xf16>)
  return
}
