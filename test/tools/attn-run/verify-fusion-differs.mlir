// What --verify-fusion says where the two sides are not the same: pairs as
// attn-outline-fusions leaves them, with a wrong second side.
// RUN: not attn-run %s --random --verify-fusion 2>&1 | FileCheck %s

// CHECK-DAG: fusion negated: DIFFERS; random: relative Frobenius error 2.00e+00 above
// CHECK-DAG: fusion leaking: DIFFERS; NaN under the mask: relative Frobenius error INF
// CHECK-DAG: fusion isolating: ok, relative Frobenius error {{.*}}, NaN under the mask stays there
// CHECK-DAG: fusion zeroed: DIFFERS; rows without keys: relative Frobenius error INF above
// CHECK-DAG: fusion averaged: DIFFERS; rows without keys: relative Frobenius error
// CHECK-DAG: fusion biased: DIFFERS; rows without keys: relative Frobenius error INF above
// CHECK-DAG: fusion lowered: DIFFERS; rows of a bias that is far below zero: relative Frobenius error
// CHECK-DAG: fusion agreeing: ok, relative Frobenius error {{.*}}, rows without keys agree, NaN under the mask stays there
// CHECK-DAG: fusion dynamic: not run, its shapes are dynamic
// CHECK-DAG: fusion failing: not run, no inputs suit it
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

// What the graph makes of rows without keys is no other policy's.
func.func private @zeroed_before(%q: tensor<1x4x8xf32>, %k: tensor<1x6x8xf32>, %v: tensor<1x6x8xf32>, %m: tensor<4x6xi1>) -> tensor<1x4x8xf32>
    attributes {attn.fused_as = @zeroed_after, attn.not_fused} {
  %e = tensor.empty() : tensor<1x4x8xf32>
  %0 = attn.sdpa query(%q : tensor<1x4x8xf32>) key(%k : tensor<1x6x8xf32>) value(%v : tensor<1x6x8xf32>) mask(%m : tensor<4x6xi1>) masked_row = nan outs(%e : tensor<1x4x8xf32>) -> tensor<1x4x8xf32>
  return %0 : tensor<1x4x8xf32>
}
func.func private @zeroed_after(%q: tensor<1x4x8xf32>, %k: tensor<1x6x8xf32>, %v: tensor<1x6x8xf32>, %m: tensor<4x6xi1>) -> tensor<1x4x8xf32> {
  %e = tensor.empty() : tensor<1x4x8xf32>
  %0 = attn.sdpa query(%q : tensor<1x4x8xf32>) key(%k : tensor<1x6x8xf32>) value(%v : tensor<1x6x8xf32>) mask(%m : tensor<4x6xi1>) masked_row = zero outs(%e : tensor<1x4x8xf32>) -> tensor<1x4x8xf32>
  return %0 : tensor<1x4x8xf32>
}
func.func private @averaged_before(%q: tensor<1x4x8xf32>, %k: tensor<1x6x8xf32>, %v: tensor<1x6x8xf32>, %m: tensor<4x6xi1>) -> tensor<1x4x8xf32>
    attributes {attn.fused_as = @averaged_after, attn.not_fused} {
  %e = tensor.empty() : tensor<1x4x8xf32>
  %0 = attn.sdpa query(%q : tensor<1x4x8xf32>) key(%k : tensor<1x6x8xf32>) value(%v : tensor<1x6x8xf32>) mask(%m : tensor<4x6xi1>) masked_row = zero outs(%e : tensor<1x4x8xf32>) -> tensor<1x4x8xf32>
  return %0 : tensor<1x4x8xf32>
}
func.func private @averaged_after(%q: tensor<1x4x8xf32>, %k: tensor<1x6x8xf32>, %v: tensor<1x6x8xf32>, %m: tensor<4x6xi1>) -> tensor<1x4x8xf32> {
  %e = tensor.empty() : tensor<1x4x8xf32>
  %0 = attn.sdpa query(%q : tensor<1x4x8xf32>) key(%k : tensor<1x6x8xf32>) value(%v : tensor<1x6x8xf32>) mask(%m : tensor<4x6xi1>) masked_row = uniform outs(%e : tensor<1x4x8xf32>) -> tensor<1x4x8xf32>
  return %0 : tensor<1x4x8xf32>
}
func.func private @agreeing_before(%q: tensor<1x4x8xf32>, %k: tensor<1x6x8xf32>, %v: tensor<1x6x8xf32>, %m: tensor<4x6xi1>) -> tensor<1x4x8xf32>
    attributes {attn.fused_as = @agreeing_after, attn.not_fused} {
  %e = tensor.empty() : tensor<1x4x8xf32>
  %0 = attn.sdpa query(%q : tensor<1x4x8xf32>) key(%k : tensor<1x6x8xf32>) value(%v : tensor<1x6x8xf32>) mask(%m : tensor<4x6xi1>) masked_row = uniform outs(%e : tensor<1x4x8xf32>) -> tensor<1x4x8xf32>
  return %0 : tensor<1x4x8xf32>
}
func.func private @agreeing_after(%q: tensor<1x4x8xf32>, %k: tensor<1x6x8xf32>, %v: tensor<1x6x8xf32>, %m: tensor<4x6xi1>) -> tensor<1x4x8xf32> {
  %e = tensor.empty() : tensor<1x4x8xf32>
  %0 = attn.sdpa query(%q : tensor<1x4x8xf32>) key(%k : tensor<1x6x8xf32>) value(%v : tensor<1x6x8xf32>) mask(%m : tensor<4x6xi1>) masked_row = uniform outs(%e : tensor<1x4x8xf32>) -> tensor<1x4x8xf32>
  return %0 : tensor<1x4x8xf32>
}
func.func private @biased_before(%q: tensor<1x4x8xf32>, %k: tensor<1x6x8xf32>, %v: tensor<1x6x8xf32>, %m: tensor<4x6xf32>) -> tensor<1x4x8xf32>
    attributes {attn.fused_as = @biased_after, attn.not_fused} {
  %e = tensor.empty() : tensor<1x4x8xf32>
  %0 = attn.sdpa query(%q : tensor<1x4x8xf32>) key(%k : tensor<1x6x8xf32>) value(%v : tensor<1x6x8xf32>) bias(%m : tensor<4x6xf32>) masked_row = nan outs(%e : tensor<1x4x8xf32>) -> tensor<1x4x8xf32>
  return %0 : tensor<1x4x8xf32>
}
func.func private @biased_after(%q: tensor<1x4x8xf32>, %k: tensor<1x6x8xf32>, %v: tensor<1x6x8xf32>, %m: tensor<4x6xf32>) -> tensor<1x4x8xf32> {
  %e = tensor.empty() : tensor<1x4x8xf32>
  %0 = attn.sdpa query(%q : tensor<1x4x8xf32>) key(%k : tensor<1x6x8xf32>) value(%v : tensor<1x6x8xf32>) bias(%m : tensor<4x6xf32>) masked_row = zero outs(%e : tensor<1x4x8xf32>) -> tensor<1x4x8xf32>
  return %0 : tensor<1x4x8xf32>
}
func.func private @lowered_before(%q: tensor<1x4x8xf32>, %k: tensor<1x6x8xf32>, %v: tensor<1x6x8xf32>, %m: tensor<4x6xf32>) -> tensor<1x4x8xf32>
    attributes {attn.fused_as = @lowered_after, attn.not_fused} {
  %limit = arith.constant -1.0e8 : f32
  %minus = arith.constant 0xFF800000 : f32
  %b = tensor.empty() : tensor<4x6xf32>
  // Numbers far below zero are taken for others.
  %1 = linalg.map ins(%m : tensor<4x6xf32>) outs(%b : tensor<4x6xf32>)
    (%a: f32, %out: f32) {
      %low = arith.cmpf olt, %a, %limit : f32
      %index = linalg.index 1 : index
      %i = arith.index_cast %index : index to i32
      %f = arith.sitofp %i : i32 to f32
      %finite = arith.cmpf one, %a, %minus : f32
      %c = arith.andi %low, %finite : i1
      %s = arith.select %c, %f, %a : f32
      linalg.yield %s : f32
    }
  %e = tensor.empty() : tensor<1x4x8xf32>
  %0 = attn.sdpa query(%q : tensor<1x4x8xf32>) key(%k : tensor<1x6x8xf32>) value(%v : tensor<1x6x8xf32>) bias(%1 : tensor<4x6xf32>) outs(%e : tensor<1x4x8xf32>) -> tensor<1x4x8xf32>
  return %0 : tensor<1x4x8xf32>
}
func.func private @lowered_after(%q: tensor<1x4x8xf32>, %k: tensor<1x6x8xf32>, %v: tensor<1x6x8xf32>, %m: tensor<4x6xf32>) -> tensor<1x4x8xf32> {
  %e = tensor.empty() : tensor<1x4x8xf32>
  %0 = attn.sdpa query(%q : tensor<1x4x8xf32>) key(%k : tensor<1x6x8xf32>) value(%v : tensor<1x6x8xf32>) bias(%m : tensor<4x6xf32>) outs(%e : tensor<1x4x8xf32>) -> tensor<1x4x8xf32>
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

// Nothing to compare with where the graph fails on all inputs.
func.func private @failing_before(%x: tensor<4x8xf32>) -> tensor<4x8xf32>
    attributes {attn.fused_as = @failing_after, attn.not_fused} {
  %false = arith.constant false
  cf.assert %false, "never"
  return %x : tensor<4x8xf32>
}
func.func private @failing_after(%x: tensor<4x8xf32>) -> tensor<4x8xf32> {
  return %x : tensor<4x8xf32>
}

func.func @main(%x: tensor<4x8xf32>, %q: tensor<1x4x8xf32>, %k: tensor<1x6x8xf32>, %v: tensor<1x6x8xf32>, %m: tensor<4x6xi1>, %d: tensor<3xf32>,
                %b: tensor<4x6xf32>)
    -> (tensor<4x8xf32>, tensor<1x4x8xf32>, tensor<1x4x8xf32>, tensor<?xf32>) {
  %0 = call @negated_before(%x) : (tensor<4x8xf32>) -> tensor<4x8xf32>
  %1 = call @leaking_before(%q, %k, %v, %m) : (tensor<1x4x8xf32>, tensor<1x6x8xf32>, tensor<1x6x8xf32>, tensor<4x6xi1>) -> tensor<1x4x8xf32>
  %2 = call @isolating_before(%q, %k, %v, %m) : (tensor<1x4x8xf32>, tensor<1x6x8xf32>, tensor<1x6x8xf32>, tensor<4x6xi1>) -> tensor<1x4x8xf32>
  %c = tensor.cast %d : tensor<3xf32> to tensor<?xf32>
  %3 = call @dynamic_before(%c) : (tensor<?xf32>) -> tensor<?xf32>
  %4 = call @zeroed_before(%q, %k, %v, %m) : (tensor<1x4x8xf32>, tensor<1x6x8xf32>, tensor<1x6x8xf32>, tensor<4x6xi1>) -> tensor<1x4x8xf32>
  %5 = call @averaged_before(%q, %k, %v, %m) : (tensor<1x4x8xf32>, tensor<1x6x8xf32>, tensor<1x6x8xf32>, tensor<4x6xi1>) -> tensor<1x4x8xf32>
  %6 = call @agreeing_before(%q, %k, %v, %m) : (tensor<1x4x8xf32>, tensor<1x6x8xf32>, tensor<1x6x8xf32>, tensor<4x6xi1>) -> tensor<1x4x8xf32>
  %7 = call @biased_before(%q, %k, %v, %b) : (tensor<1x4x8xf32>, tensor<1x6x8xf32>, tensor<1x6x8xf32>, tensor<4x6xf32>) -> tensor<1x4x8xf32>
  %8 = call @lowered_before(%q, %k, %v, %b) : (tensor<1x4x8xf32>, tensor<1x6x8xf32>, tensor<1x6x8xf32>, tensor<4x6xf32>) -> tensor<1x4x8xf32>
  %9 = call @failing_before(%x) : (tensor<4x8xf32>) -> tensor<4x8xf32>
  return %0, %1, %2, %3 : tensor<4x8xf32>, tensor<1x4x8xf32>, tensor<1x4x8xf32>, tensor<?xf32>
}
