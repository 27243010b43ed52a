// RUN: attn-opt %s --convert-attn-to-attn-gpu --canonicalize --cse | FileCheck %s
// RUN: attn-opt %s --convert-attn-to-attn-gpu=query-registers=off --canonicalize --cse | FileCheck %s --check-prefix=OFF
// RUN: attn-opt %s --convert-attn-to-attn-gpu --remarks-filter=attn-schedule -o /dev/null 2>&1 | FileCheck %s --check-prefix=REMARK
// RUN: not attn-opt %s --convert-attn-to-attn-gpu="chip=sm_90 query-registers=on" -o /dev/null 2>&1 | FileCheck %s --check-prefix=WARPS

// Queries of a tile are read once where blocks are few and small; code for tiles
// that need care reads them where they are.
// CHECK-LABEL: gpu.func @attn_fwd_bf16_window_d40
// CHECK: attn_gpu.wgmma %{{.*}} : !attn_gpu.shared<64x64xbf16>, !attn_gpu.shared<32x64xbf16 of 64>
// CHECK-NOT: attn_gpu.load_matrix
// CHECK: %[[QUERIES:.*]] = attn_gpu.load_matrix %{{.*}} : !attn_gpu.shared<64x64xbf16> -> !attn_gpu.fragment<64x48xbf16>
// CHECK: attn_gpu.wgmma %[[QUERIES]], %{{.*}} depth 48 : !attn_gpu.fragment<64x48xbf16>, !attn_gpu.shared<64x64xbf16>
// CHECK: scf.for
// CHECK: attn_gpu.wgmma %[[QUERIES]],
// CHECK-NOT: attn_gpu.load_matrix
// OFF-NOT: attn_gpu.load_matrix
// REMARK: 6 stages, 2 of queries held in registers, optimistic softmax
// WARPS: error: the kernels of this GPU read queries with each product
func.func @window(%q: memref<4x?x40xbf16>, %k: memref<4x?x40xbf16>, %o: memref<4x?x40xbf16>) {
  attn.sdpa query(%q : memref<4x?x40xbf16>) key(%k : memref<4x?x40xbf16>) value(%k : memref<4x?x40xbf16>) structure(#attn.window<300, 0>) backend = flash outs(%o : memref<4x?x40xbf16>)
  return
}

// With no mask blocks are larger, which leave no registers for that.
// CHECK-LABEL: gpu.func @attn_fwd_bf16_full_d64
// CHECK-NOT: attn_gpu.load_matrix
// CHECK: gpu.return
func.func @full(%q: memref<4x?x64xbf16>, %k: memref<4x?x64xbf16>, %o: memref<4x?x64xbf16>) {
  attn.sdpa query(%q : memref<4x?x64xbf16>) key(%k : memref<4x?x64xbf16>) value(%k : memref<4x?x64xbf16>) backend = flash outs(%o : memref<4x?x64xbf16>)
  return
}
