// What --verify-fusion says where the two sides are not the same: pairs as
// attn-outline-fusions leaves them, with a wrong second side.
// RUN: not attn-run %s --random --verify-fusion 2>&1 | FileCheck %s

// CHECK-DAG: fusion negated: DIFFERS; random: relative Frobenius error 2.00e+00 above
// CHECK-DAG: fusion leaking: DIFFERS; NaN under the mask: relative Frobenius error INF
// CHECK-DAG: fusion isolating: ok, relative Frobenius error {{.*}}, NaN under the mask stays there
// CHECK-DAG: fusion dynamic: not run, its shapes are dynamic
// CHECK-DAG: error: a fusion differs from what it replaced

func.func private @negated_before(%x: tensor<4x8xf32>) -> tensor<4x8xf32>
    attributes {attn.fused_as = @negated_after, attn.not_fused} {
  return %x : tensor<4x8xf32>
}
func.func private @negated_after(%x: tensor<4x8xf32>) -> tensor<4x8xf32> {
  %e = tensor.empty() : tensor<4x8xf32>
  %0 = linalg.negf ins(%x : tensor<4x8xf32>) outs(%e : tensor<4x8xf32>) -> tensor<4x8xf32>
  return %0 : tensor<4x8xf32>
}

func.func private @leaking_before(%q: tensor<1x4x8xf32>, %k: tensor<1x6x8xf32>, %v: tensor<1x6x8xf32>, %m: tensor<4x6xi1>) -> tensor<1x4x8xf32>
    attributes {attn.fused_as = @leaking_after, attn.not_fused} {
  %e = tensor.empty() : tensor<1x4x8xf32>
  %0 = attn.sdpa query(%q : tensor<1x4x8xf32>) key(%k : tensor<1x6x8xf32>) value(%v : tensor<1x6x8xf32>) mask(%m : tensor<4x6xi1>) outs(%e : tensor<1x4x8xf32>) -> tensor<1x4x8xf32>
  return %0 : tensor<1x4x8xf32>
}
// The last four values times zero are added.
func.func private @leaking_after(%q: tensor<1x4x8xf32>, %k: tensor<1x6x8xf32>, %v: tensor<1x6x8xf32>, %m: tensor<4x6xi1>) -> tensor<1x4x8xf32> {
  %e = tensor.empty() : tensor<1x4x8xf32>
  %0 = attn.sdpa query(%q : tensor<1x4x8xf32>) key(%k : tensor<1x6x8xf32>) value(%v : tensor<1x6x8xf32>) mask(%m : tensor<4x6xi1>) outs(%e : tensor<1x4x8xf32>) -> tensor<1x4x8xf32>
  %zero = arith.constant 0.0 : f32
  %s = tensor.extract_slice %v[0, 2, 0] [1, 4, 8] [1, 1, 1] : tensor<1x6x8xf32> to tensor<1x4x8xf32>
  %1 = linalg.map ins(%0, %s : tensor<1x4x8xf32>, tensor<1x4x8xf32>) outs(%e : tensor<1x4x8xf32>)
    (%a: f32, %b: f32, %out: f32) {
      %p = arith.mulf %b, %zero : f32
      %t = arith.addf %a, %p : f32
      linalg.yield %t : f32
    }
  return %1 : tensor<1x4x8xf32>
}

func.func private @isolating_before(%q: tensor<1x4x8xf32>, %k: tensor<1x6x8xf32>, %v: tensor<1x6x8xf32>, %m: tensor<4x6xi1>) -> tensor<1x4x8xf32>
    attributes {attn.fused_as = @isolating_after, attn.not_fused} {
  %e = tensor.empty() : tensor<1x4x8xf32>
  %0 = attn.sdpa query(%q : tensor<1x4x8xf32>) key(%k : tensor<1x6x8xf32>) value(%v : tensor<1x6x8xf32>) mask(%m : tensor<4x6xi1>) outs(%e : tensor<1x4x8xf32>) -> tensor<1x4x8xf32>
  return %0 : tensor<1x4x8xf32>
}
func.func private @isolating_after(%q: tensor<1x4x8xf32>, %k: tensor<1x6x8xf32>, %v: tensor<1x6x8xf32>, %m: tensor<4x6xi1>) -> tensor<1x4x8xf32> {
  %e = tensor.empty() : tensor<1x4x8xf32>
  %0 = attn.sdpa query(%q : tensor<1x4x8xf32>) key(%k : tensor<1x6x8xf32>) value(%v : tensor<1x6x8xf32>) mask(%m : tensor<4x6xi1>) outs(%e : tensor<1x4x8xf32>) -> tensor<1x4x8xf32>
  return %0 : tensor<1x4x8xf32>
}

// Nothing tells the sizes of what the entry does not compute.
func.func private @dynamic_before(%x: tensor<?xf32>) -> tensor<?xf32>
    attributes {attn.fused_as = @dynamic_after, attn.not_fused} {
  return %x : tensor<?xf32>
}
func.func private @dynamic_after(%x: tensor<?xf32>) -> tensor<?xf32> {
  return %x : tensor<?xf32>
}

func.func @main(%x: tensor<4x8xf32>, %q: tensor<1x4x8xf32>, %k: tensor<1x6x8xf32>, %v: tensor<1x6x8xf32>, %m: tensor<4x6xi1>, %d: tensor<3xf32>)
    -> (tensor<4x8xf32>, tensor<1x4x8xf32>, tensor<1x4x8xf32>, tensor<?xf32>) {
  %0 = call @negated_before(%x) : (tensor<4x8xf32>) -> tensor<4x8xf32>
  %1 = call @leaking_before(%q, %k, %v, %m) : (tensor<1x4x8xf32>, tensor<1x6x8xf32>, tensor<1x6x8xf32>, tensor<4x6xi1>) -> tensor<1x4x8xf32>
  %2 = call @isolating_before(%q, %k, %v, %m) : (tensor<1x4x8xf32>, tensor<1x6x8xf32>, tensor<1x6x8xf32>, tensor<4x6xi1>) -> tensor<1x4x8xf32>
  %c = tensor.cast %d : tensor<3xf32> to tensor<?xf32>
  %3 = call @dynamic_before(%c) : (tensor<?xf32>) -> tensor<?xf32>
  return %0, %1, %2, %3 : tensor<4x8xf32>, tensor<1x4x8xf32>, tensor<1x4x8xf32>, tensor<?xf32>
}
