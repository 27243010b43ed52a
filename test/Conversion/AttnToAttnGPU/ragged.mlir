// RUN: attn-opt %s --split-input-file --convert-attn-to-attn-gpu --canonicalize --cse | FileCheck %s
// RUN: attn-opt %s --split-input-file --convert-attn-to-attn-gpu=chip=sm_80 --canonicalize --cse | FileCheck %s --check-prefix=AMPERE
// RUN: not attn-opt %s --split-input-file --convert-attn-to-attn-gpu=output=copied 2>&1 | FileCheck %s --check-prefix=COPIED

// COPIED: error: outputs of another type, of ragged batches, of split keys and of several heads in a tile are stored from registers

// As many tiles as sequences may need: 1000 / 128, one for each of 7 sequences, one
// for rows behind them; the host reads no lengths. A search finds the sequence of a
// row of tiles; keys and values are those from its first row on; outputs are stored
// row by row.
// CHECK-LABEL: func.func @ragged
// CHECK-NOT: memref.load
// CHECK-NOT: attn.assert
// CHECK-COUNT-3: attn_gpu.encode_tensor_map
// CHECK-NOT: attn_gpu.encode_tensor_map
// CHECK: attn_gpu.scratch
// CHECK: gpu.launch_func
// CHECK: gpu.func @attn_fwd_bf16_causal_varlen_d128
// CHECK: attn_gpu.roles producer
// An empty tile is not taken.
// CHECK: attn_gpu.claim_tile
// CHECK: scf.while
// CHECK: scf.while
// CHECK: attn_gpu.claim_tile
// CHECK: attn_gpu.tma_load
// CHECK: consumers
// CHECK: scf.while
// CHECK: attn_gpu.store_rows
// CHECK-NOT: attn_gpu.tma_store

// AMPERE-LABEL: func.func @ragged
// AMPERE: %[[TILES:.*]] = arith.constant 60 : index
// AMPERE-NOT: memref.load
// AMPERE: gpu.launch_func {{.*}} blocks in (%[[TILES]],
// AMPERE: gpu.func
// AMPERE: scf.while
// AMPERE: attn_gpu.copy_rows
func.func @ragged(%q: memref<4x1000x128xbf16>, %k: memref<2x900x128xbf16>, %c: memref<8xi32>, %o: memref<4x1000x128xbf16>) {
  attn.sdpa query(%q : memref<4x1000x128xbf16>) key(%k : memref<2x900x128xbf16>) value(%k : memref<2x900x128xbf16>)
    cu_seqlens(%c, %c : memref<8xi32>, memref<8xi32>) structure(#attn.causal<bottom_right>)
    backend = flash outs(%o : memref<4x1000x128xbf16>)
  return
}

// -----

// No rows, no launch.
// CHECK-LABEL: func.func @empty
// CHECK-NOT: gpu.launch_func
// CHECK: return
// AMPERE-LABEL: func.func @empty
func.func @empty(%q: memref<4x0x64xbf16>, %k: memref<4x9x64xbf16>, %c: memref<3xi64>, %o: memref<4x0x64xbf16>) {
  attn.sdpa query(%q : memref<4x0x64xbf16>) key(%k : memref<4x9x64xbf16>) value(%k : memref<4x9x64xbf16>)
    cu_seqlens(%c, %c : memref<3xi64>, memref<3xi64>)
    backend = flash outs(%o : memref<4x0x64xbf16>)
  return
}
