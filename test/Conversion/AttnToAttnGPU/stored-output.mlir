// RUN: attn-opt %s --convert-attn-to-attn-gpu --canonicalize --cse | FileCheck %s

// With one tile of queries, its memory is given back before the last product, in
// tiles that are computed again, too.
// CHECK-LABEL: gpu.func @attn_fwd_bf16_full_d256
// CHECK: attn_gpu.roles producer
// CHECK: attn_gpu.acquire %[[PIPE:.*]][%{{.*}}] : !attn_gpu.pipe<1>
// CHECK: consumers
// CHECK: attn_gpu.await %[[PIPE]][%[[SLOT:.*]]] : !attn_gpu.pipe<1>
// CHECK: scf.if
// CHECK: scf.for
// CHECK: }
// CHECK: attn_gpu.release %[[PIPE]][%[[SLOT]]] : !attn_gpu.pipe<1>
// CHECK: } else {
// CHECK: scf.for
// CHECK: }
// CHECK: attn_gpu.release %[[PIPE]][%[[SLOT]]] : !attn_gpu.pipe<1>
// CHECK-NEXT: attn_gpu.await
// CHECK-NOT: attn_gpu.tma_store %
// CHECK: attn_gpu.store_rows %{{.*}} aligned 16 : !attn_gpu.fragment<64x256xbf16>
// The last message has a slot of queries that nothing comes into; its phase is awaited.
// CHECK: } else {
// CHECK-NEXT: attn_gpu.await %[[PIPE]][%[[LAST:.*]]] : !attn_gpu.pipe<1>
// CHECK-NEXT: attn_gpu.sync_warpgroup
// CHECK-NEXT: attn_gpu.release %[[PIPE]][%[[LAST]]] : !attn_gpu.pipe<1>
func.func @stored_output(%q: memref<4x500x256xbf16>, %k: memref<4x512x256xbf16>, %o: memref<4x500x256xbf16>) {
  attn.sdpa query(%q : memref<4x500x256xbf16>) key(%k : memref<4x512x256xbf16>) value(%k : memref<4x512x256xbf16>)
    backend = flash outs(%o : memref<4x500x256xbf16>)
  return
}
