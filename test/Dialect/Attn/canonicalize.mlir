// RUN: attn-opt %s --canonicalize | FileCheck %s

!q = tensor<2x6x8xf32>
!k = tensor<2x6x8xf32>

// CHECK-LABEL: @constant_scale
// CHECK: attn.sdpa
// CHECK-SAME: scale = 5.000000e-01
func.func @constant_scale(%q: !q, %k: !k, %o: !q) -> !q {
  %s = arith.constant 0.5 : f32
  %0 = attn.sdpa query(%q : !q) key(%k : !k) value(%k : !k) scale(%s : f32) outs(%o : !q) -> !q
  return %0 : !q
}

// CHECK-LABEL: @default_scale
// CHECK: attn.sdpa
// CHECK-NOT: scale
// CHECK: outs
func.func @default_scale(%q: tensor<6x16xf32>, %o: tensor<6x16xf32>) -> tensor<6x16xf32> {
  %0 = attn.sdpa query(%q : tensor<6x16xf32>) key(%q : tensor<6x16xf32>) value(%q : tensor<6x16xf32>) scale = 0.25 outs(%o : tensor<6x16xf32>) -> tensor<6x16xf32>
  return %0 : tensor<6x16xf32>
}

// CHECK-LABEL: @neutral_operands
// CHECK: attn.sdpa
// CHECK-NOT: mask(
// CHECK-NOT: bias(
// CHECK: outs
func.func @neutral_operands(%q: !q, %k: !k, %o: !q) -> !q {
  %m = arith.constant dense<true> : tensor<6x6xi1>
  %b = arith.constant dense<0.0> : tensor<6xf16>
  %0 = attn.sdpa query(%q : !q) key(%k : !k) value(%k : !k) bias(%b : tensor<6xf16>) mask(%m : tensor<6x6xi1>) outs(%o : !q) -> !q
  return %0 : !q
}

// A mask of falses is not neutral.
// CHECK-LABEL: @false_mask
// CHECK: mask(
func.func @false_mask(%q: !q, %k: !k, %o: !q) -> !q {
  %m = arith.constant dense<false> : tensor<6x6xi1>
  %0 = attn.sdpa query(%q : !q) key(%k : !k) value(%k : !k) mask(%m : tensor<6x6xi1>) outs(%o : !q) -> !q
  return %0 : !q
}

// CHECK-LABEL: @nested_all_of
// CHECK: structure(#attn.all_of<[#attn.window<3, 0>, #attn.prefix<4>]>)
func.func @nested_all_of(%q: !q, %k: !k, %o: !q) -> !q {
  %0 = attn.sdpa query(%q : !q) key(%k : !k) value(%k : !k)
    structure(#attn.all_of<[#attn.all_of<[#attn.causal<bottom_right>, #attn.window<-1, -1>]>, #attn.causal<top_left>, #attn.prefix<4>, #attn.window<3, -1>]>) outs(%o : !q) -> !q
  return %0 : !q
}

// CHECK-LABEL: @all_of_nothing
// CHECK-NOT: structure
// CHECK: return
func.func @all_of_nothing(%q: tensor<5x8xf32>, %k: tensor<?x8xf32>) -> tensor<5x8xf32> {
  %0 = attn.sdpa query(%q : tensor<5x8xf32>) key(%k : tensor<?x8xf32>) value(%k : tensor<?x8xf32>) structure(#attn.all_of<[]>) outs(%q : tensor<5x8xf32>) -> tensor<5x8xf32>
  return %0 : tensor<5x8xf32>
}

// One query at the bottom right sees everything.
// CHECK-LABEL: @decode
// CHECK-NOT: structure
// CHECK: return
func.func @decode(%q: tensor<1x8xf32>, %k: tensor<9x8xf32>, %o: tensor<1x8xf32>) -> tensor<1x8xf32> {
  %0 = attn.sdpa query(%q : tensor<1x8xf32>) key(%k : tensor<9x8xf32>) value(%k : tensor<9x8xf32>) structure(#attn.causal<bottom_right>) outs(%o : tensor<1x8xf32>) -> tensor<1x8xf32>
  return %0 : tensor<1x8xf32>
}

// CHECK-LABEL: @keep_causal
// CHECK: structure(#attn.causal<top_left>)
// CHECK-NOT: keep
func.func @keep_causal(%q: !q, %k: !k, %o: !q) -> !q {
  %0 = attn.sdpa query(%q : !q) key(%k : !k) value(%k : !k)
    keep(%h: index, %i: index, %j: index) {
      %i64 = arith.index_cast %i : index to i64
      %j64 = arith.index_cast %j : index to i64
      %d = arith.subi %j64, %i64 : i64
      %c0 = arith.constant 0 : i64
      %p = arith.cmpi sle, %d, %c0 : i64
      attn.yield %p : i1
    } outs(%o : !q) -> !q
  return %0 : !q
}

// Dynamic lengths: the offset is the difference of the lengths.
// CHECK-LABEL: @keep_bottom_right
// CHECK: structure(#attn.causal<bottom_right>)
// CHECK-NOT: keep
func.func @keep_bottom_right(%q: tensor<?x8xf32>, %k: tensor<?x8xf32>, %o: tensor<?x8xf32>) -> tensor<?x8xf32> {
  %c0 = arith.constant 0 : index
  %lq = tensor.dim %q, %c0 : tensor<?x8xf32>
  %lk = tensor.dim %k, %c0 : tensor<?x8xf32>
  %0 = attn.sdpa query(%q : tensor<?x8xf32>) key(%k : tensor<?x8xf32>) value(%k : tensor<?x8xf32>)
    keep(%i: index, %j: index) {
      %past = arith.subi %lk, %lq : index
      %ip = arith.addi %i, %past : index
      %p = arith.cmpi sge, %ip, %j : index
      attn.yield %p : i1
    } outs(%o : tensor<?x8xf32>) -> tensor<?x8xf32>
  return %0 : tensor<?x8xf32>
}

// CHECK-LABEL: @keep_window_and_rest
// CHECK: structure(#attn.window<2, 3>)
// CHECK: keep
// CHECK-NEXT: %[[NE:.*]] = arith.cmpi ne
// CHECK-NEXT: attn.yield %[[NE]]
func.func @keep_window_and_rest(%q: tensor<?x8xf32>, %k: tensor<?x8xf32>, %o: tensor<?x8xf32>, %x: index) -> tensor<?x8xf32> {
  %c2 = arith.constant 2 : index
  %c4 = arith.constant 4 : index
  %0 = attn.sdpa query(%q : tensor<?x8xf32>) key(%k : tensor<?x8xf32>) value(%k : tensor<?x8xf32>)
    structure(#attn.window<2, -1>)
    keep(%i: index, %j: index) {
      %i4 = arith.addi %i, %c4 : index
      %p0 = arith.cmpi slt, %j, %i4 : index
      %p1 = arith.cmpi ne, %j, %x : index
      %p = arith.andi %p0, %p1 : i1
      attn.yield %p : i1
    } outs(%o : tensor<?x8xf32>) -> tensor<?x8xf32>
  return %0 : tensor<?x8xf32>
}

// CHECK-LABEL: @keep_prefix
// CHECK: structure(#attn.prefix<4>)
// CHECK-NOT: keep
func.func @keep_prefix(%q: !q, %k: !k, %o: !q) -> !q {
  %c4 = arith.constant 4 : index
  %0 = attn.sdpa query(%q : !q) key(%k : !k) value(%k : !k)
    keep(%h: index, %i: index, %j: index) {
      %p0 = arith.cmpi sle, %j, %i : index
      %p1 = arith.cmpi slt, %j, %c4 : index
      %p = arith.ori %p0, %p1 : i1
      attn.yield %p : i1
    } outs(%o : !q) -> !q
  return %0 : !q
}

// Beyond the bounds that a window may have.
// CHECK-LABEL: @keep_far
// CHECK-NOT: structure
// CHECK: keep
func.func @keep_far(%q: tensor<?x8xf32>, %k: tensor<?x8xf32>, %o: tensor<?x8xf32>) -> tensor<?x8xf32> {
  %c = arith.constant 2305843009213693951 : index
  %0 = attn.sdpa query(%q : tensor<?x8xf32>) key(%k : tensor<?x8xf32>) value(%k : tensor<?x8xf32>)
    keep(%i: index, %j: index) {
      %after = arith.addi %i, %c : index
      %before = arith.subi %j, %c : index
      %p = arith.cmpi sle, %before, %after : index
      attn.yield %p : i1
    } outs(%o : tensor<?x8xf32>) -> tensor<?x8xf32>
  return %0 : tensor<?x8xf32>
}

// Coefficients at the limit of 64 bits: -2^63 i is not +-i, and j <= 2^63 - 1
// has no length that is one more.
// CHECK-LABEL: @keep_limits
// CHECK-NOT: structure
// CHECK: keep
func.func @keep_limits(%q: tensor<?x8xf32>, %k: tensor<?x8xf32>, %o: tensor<?x8xf32>) -> tensor<?x8xf32> {
  %m = arith.constant 1152921504606846976 : index
  %n = arith.constant -8 : index
  %l = arith.constant 2305843009213693951 : index
  %c3 = arith.constant 3 : index
  %0 = attn.sdpa query(%q : tensor<?x8xf32>) key(%k : tensor<?x8xf32>) value(%k : tensor<?x8xf32>)
    keep(%i: index, %j: index) {
      %im = arith.muli %i, %m : index
      %in = arith.muli %im, %n : index
      %p0 = arith.cmpi sle, %j, %in : index
      %j0 = arith.subi %j, %l : index
      %j1 = arith.subi %j0, %l : index
      %j2 = arith.subi %j1, %l : index
      %j3 = arith.subi %j2, %l : index
      %p1 = arith.cmpi sle, %j3, %c3 : index
      %p2 = arith.cmpi sle, %j, %i : index
      %p3 = arith.ori %p1, %p2 : i1
      %p = arith.andi %p0, %p3 : i1
      attn.yield %p : i1
    } outs(%o : tensor<?x8xf32>) -> tensor<?x8xf32>
  return %0 : tensor<?x8xf32>
}

// Each value is looked at once: there are 2^60 paths to %i.
// CHECK-LABEL: @keep_chain
// CHECK-NOT: structure
// CHECK: keep
func.func @keep_chain(%q: tensor<?x8xf32>, %k: tensor<?x8xf32>, %o: tensor<?x8xf32>) -> tensor<?x8xf32> {
  %0 = attn.sdpa query(%q : tensor<?x8xf32>) key(%k : tensor<?x8xf32>) value(%k : tensor<?x8xf32>)
    keep(%i: index, %j: index) {
      %x1 = arith.addi %i, %i : index
      %x2 = arith.addi %x1, %x1 : index
      %x3 = arith.addi %x2, %x2 : index
      %x4 = arith.addi %x3, %x3 : index
      %x5 = arith.addi %x4, %x4 : index
      %x6 = arith.addi %x5, %x5 : index
      %x7 = arith.addi %x6, %x6 : index
      %x8 = arith.addi %x7, %x7 : index
      %x9 = arith.addi %x8, %x8 : index
      %x10 = arith.addi %x9, %x9 : index
      %x11 = arith.addi %x10, %x10 : index
      %x12 = arith.addi %x11, %x11 : index
      %x13 = arith.addi %x12, %x12 : index
      %x14 = arith.addi %x13, %x13 : index
      %x15 = arith.addi %x14, %x14 : index
      %x16 = arith.addi %x15, %x15 : index
      %x17 = arith.addi %x16, %x16 : index
      %x18 = arith.addi %x17, %x17 : index
      %x19 = arith.addi %x18, %x18 : index
      %x20 = arith.addi %x19, %x19 : index
      %x21 = arith.addi %x20, %x20 : index
      %x22 = arith.addi %x21, %x21 : index
      %x23 = arith.addi %x22, %x22 : index
      %x24 = arith.addi %x23, %x23 : index
      %x25 = arith.addi %x24, %x24 : index
      %x26 = arith.addi %x25, %x25 : index
      %x27 = arith.addi %x26, %x26 : index
      %x28 = arith.addi %x27, %x27 : index
      %x29 = arith.addi %x28, %x28 : index
      %x30 = arith.addi %x29, %x29 : index
      %x31 = arith.addi %x30, %x30 : index
      %x32 = arith.addi %x31, %x31 : index
      %x33 = arith.addi %x32, %x32 : index
      %x34 = arith.addi %x33, %x33 : index
      %x35 = arith.addi %x34, %x34 : index
      %x36 = arith.addi %x35, %x35 : index
      %x37 = arith.addi %x36, %x36 : index
      %x38 = arith.addi %x37, %x37 : index
      %x39 = arith.addi %x38, %x38 : index
      %x40 = arith.addi %x39, %x39 : index
      %x41 = arith.addi %x40, %x40 : index
      %x42 = arith.addi %x41, %x41 : index
      %x43 = arith.addi %x42, %x42 : index
      %x44 = arith.addi %x43, %x43 : index
      %x45 = arith.addi %x44, %x44 : index
      %x46 = arith.addi %x45, %x45 : index
      %x47 = arith.addi %x46, %x46 : index
      %x48 = arith.addi %x47, %x47 : index
      %x49 = arith.addi %x48, %x48 : index
      %x50 = arith.addi %x49, %x49 : index
      %x51 = arith.addi %x50, %x50 : index
      %x52 = arith.addi %x51, %x51 : index
      %x53 = arith.addi %x52, %x52 : index
      %x54 = arith.addi %x53, %x53 : index
      %x55 = arith.addi %x54, %x54 : index
      %x56 = arith.addi %x55, %x55 : index
      %x57 = arith.addi %x56, %x56 : index
      %x58 = arith.addi %x57, %x57 : index
      %x59 = arith.addi %x58, %x58 : index
      %x60 = arith.addi %x59, %x59 : index
      %p = arith.cmpi sle, %j, %x60 : index
      attn.yield %p : i1
    } outs(%o : tensor<?x8xf32>) -> tensor<?x8xf32>
  return %0 : tensor<?x8xf32>
}

// A strict mask is no causal mask.
// CHECK-LABEL: @keep_strict
// CHECK-NOT: structure
// CHECK: keep
func.func @keep_strict(%q: !q, %k: !k, %o: !q) -> !q {
  %0 = attn.sdpa query(%q : !q) key(%k : !k) value(%k : !k)
    keep(%h: index, %i: index, %j: index) {
      %p = arith.cmpi slt, %j, %i : index
      attn.yield %p : i1
    } outs(%o : !q) -> !q
  return %0 : !q
}

// Unsigned comparison of a difference that may be negative is no window.
// CHECK-LABEL: @keep_unsigned
// CHECK-NOT: structure
// CHECK: keep
func.func @keep_unsigned(%q: !q, %k: !k, %o: !q) -> !q {
  %c2 = arith.constant 2 : index
  %0 = attn.sdpa query(%q : !q) key(%k : !k) value(%k : !k)
    keep(%h: index, %i: index, %j: index) {
      %d = arith.subi %i, %j : index
      %p = arith.cmpi ule, %d, %c2 : index
      attn.yield %p : i1
    } outs(%o : !q) -> !q
  return %0 : !q
}

// CHECK-LABEL: @score_identity
// CHECK-NOT: score
// CHECK: return
func.func @score_identity(%q: !q, %k: !k, %o: !q) -> !q {
  %0 = attn.sdpa query(%q : !q) key(%k : !k) value(%k : !k)
    score(%s: f32, %h: index, %i: index, %j: index) { attn.yield %s : f32 } outs(%o : !q) -> !q
  return %0 : !q
}

// CHECK-LABEL: @score_scale
// CHECK: scale = 1.000000e+00
// CHECK-NOT: score
func.func @score_scale(%q: !q, %k: !k, %o: !q) -> !q {
  %c = arith.constant 4.0 : f32
  %0 = attn.sdpa query(%q : !q) key(%k : !k) value(%k : !k) scale = 0.25
    score(%s: f32, %h: index, %i: index, %j: index) {
      %t = arith.mulf %s, %c : f32
      attn.yield %t : f32
    } outs(%o : !q) -> !q
  return %0 : !q
}

// CHECK-LABEL: @score_softcap
// CHECK: softcap = 3.000000e+01
// CHECK-NOT: score
func.func @score_softcap(%q: !q, %k: !k, %o: !q) -> !q {
  %c = arith.constant 30.0 : f32
  %0 = attn.sdpa query(%q : !q) key(%k : !k) value(%k : !k)
    score(%s: f32, %h: index, %i: index, %j: index) {
      %a = arith.divf %s, %c : f32
      %t = math.tanh %a : f32
      %u = arith.mulf %c, %t : f32
      attn.yield %u : f32
    } outs(%o : !q) -> !q
  return %0 : !q
}

// With a bias the score comes too late to be a scale.
// CHECK-LABEL: @score_after_bias
// CHECK: score
func.func @score_after_bias(%q: !q, %k: !k, %o: !q, %b: tensor<6xf32>) -> !q {
  %c = arith.constant 4.0 : f32
  %0 = attn.sdpa query(%q : !q) key(%k : !k) value(%k : !k) bias(%b : tensor<6xf32>)
    score(%s: f32, %h: index, %i: index, %j: index) {
      %t = arith.mulf %s, %c : f32
      attn.yield %t : f32
    } outs(%o : !q) -> !q
  return %0 : !q
}

// CHECK-LABEL: @score_mask
// CHECK: structure(#attn.causal<top_left>)
// CHECK-NOT: score
// CHECK-NOT: keep
func.func @score_mask(%q: !q, %k: !k, %o: !q) -> !q {
  %inf = arith.constant 0xFF800000 : f32
  %0 = attn.sdpa query(%q : !q) key(%k : !k) value(%k : !k)
    score(%s: f32, %h: index, %i: index, %j: index) {
      %p = arith.cmpi sge, %i, %j : index
      %t = arith.select %p, %s, %inf : f32
      attn.yield %t : f32
    } outs(%o : !q) -> !q
  return %0 : !q
}

// Even a row that sees a key is without keys if all its logits are -inf.
// CHECK-LABEL: @masked_row
// CHECK: masked_row = nan
func.func @masked_row(%q: !q, %k: !k, %o: !q) -> !q {
  %0 = attn.sdpa query(%q : !q) key(%k : !k) value(%k : !k) structure(#attn.causal<top_left>) masked_row = nan outs(%o : !q) -> !q
  return %0 : !q
}

// CHECK-LABEL: @tensor_cast
// CHECK-SAME: (%[[Q:.*]]: tensor<5x8xf32>, %[[O:.*]]: tensor<5x8xf32>)
// CHECK: %[[R:.*]] = attn.sdpa query(%[[Q]] : tensor<5x8xf32>) key(%[[Q]] : tensor<5x8xf32>)
// CHECK-SAME: score(%{{.*}}: f32, %{{.*}}: index, %{{.*}}: index)
// CHECK: outs(%[[O]] : tensor<5x8xf32>) -> tensor<5x8xf32>
// CHECK: %[[C:.*]] = tensor.cast %[[R]] : tensor<5x8xf32> to tensor<?x8xf32>
// CHECK: return %[[C]]
func.func @tensor_cast(%q: tensor<5x8xf32>, %o: tensor<5x8xf32>) -> tensor<?x8xf32> {
  %w = tensor.cast %q : tensor<5x8xf32> to tensor<?x8xf32>
  %p = tensor.cast %o : tensor<5x8xf32> to tensor<?x8xf32>
  %0 = attn.sdpa query(%w : tensor<?x8xf32>) key(%w : tensor<?x8xf32>) value(%w : tensor<?x8xf32>)
    score(%s: f32, %i: index, %j: index) {
      %a = math.absf %s : f32
      attn.yield %a : f32
    } outs(%p : tensor<?x8xf32>) -> tensor<?x8xf32>
  return %0 : tensor<?x8xf32>
}

// Without regions, too.
// CHECK-LABEL: @tensor_cast_plain
// CHECK: attn.sdpa query(%{{.*}} : tensor<5x8xf32>)
func.func @tensor_cast_plain(%q: tensor<5x8xf32>, %o: tensor<?x8xf32>) -> tensor<?x8xf32> {
  %w = tensor.cast %q : tensor<5x8xf32> to tensor<?x8xf32>
  %0 = attn.sdpa query(%w : tensor<?x8xf32>) key(%w : tensor<?x8xf32>) value(%w : tensor<?x8xf32>) outs(%o : tensor<?x8xf32>) -> tensor<?x8xf32>
  return %0 : tensor<?x8xf32>
}

// CHECK-LABEL: @keep_distance
// CHECK: structure(#attn.window<3, 3>)
// CHECK-NOT: keep
func.func @keep_distance(%q: !q, %k: !k, %o: !q) -> !q {
  %c3 = arith.constant 3 : index
  %0 = attn.sdpa query(%q : !q) key(%k : !k) value(%k : !k)
    keep(%h: index, %i: index, %j: index) {
      %d = arith.subi %i, %j : index
      %a = math.absi %d : index
      %p = arith.cmpi sle, %a, %c3 : index
      attn.yield %p : i1
    } outs(%o : !q) -> !q
  return %0 : !q
}

// not (i < j or false), spelled with xor and select.
// CHECK-LABEL: @keep_negated
// CHECK: structure(#attn.causal<top_left>)
// CHECK-NOT: keep
func.func @keep_negated(%q: !q, %k: !k, %o: !q) -> !q {
  %true = arith.constant true
  %false = arith.constant false
  %0 = attn.sdpa query(%q : !q) key(%k : !k) value(%k : !k)
    keep(%h: index, %i: index, %j: index) {
      %p0 = arith.cmpi slt, %i, %j : index
      %p1 = arith.ori %p0, %false : i1
      %p = arith.xori %p1, %true : i1
      %r = arith.select %p, %true, %false : i1
      attn.yield %r : i1
    } outs(%o : !q) -> !q
  return %0 : !q
}

// CHECK-LABEL: @keep_all
// CHECK-NOT: structure
// CHECK-NOT: keep
// CHECK: return
func.func @keep_all(%q: !q, %k: !k, %o: !q) -> !q {
  %true = arith.constant true
  %0 = attn.sdpa query(%q : !q) key(%k : !k) value(%k : !k)
    keep(%h: index, %i: index, %j: index) { attn.yield %true : i1 } outs(%o : !q) -> !q
  return %0 : !q
}

// CHECK-LABEL: @keep_static_bottom_right
// CHECK: structure(#attn.causal<bottom_right>)
// CHECK-NOT: keep
func.func @keep_static_bottom_right(%q: tensor<5x8xf32>, %k: tensor<9x8xf32>, %o: tensor<5x8xf32>) -> tensor<5x8xf32> {
  %c4 = arith.constant 4 : index
  %0 = attn.sdpa query(%q : tensor<5x8xf32>) key(%k : tensor<9x8xf32>) value(%k : tensor<9x8xf32>)
    keep(%i: index, %j: index) {
      %l = arith.addi %i, %c4 : index
      %p = arith.cmpi ule, %j, %l : index
      attn.yield %p : i1
    } outs(%o : tensor<5x8xf32>) -> tensor<5x8xf32>
  return %0 : tensor<5x8xf32>
}

// An unsigned extension makes a large number of a negative difference.
// CHECK-LABEL: @keep_extui
// CHECK-NOT: structure
// CHECK: keep
func.func @keep_extui(%q: !q, %k: !k, %o: !q) -> !q {
  %c5 = arith.constant 5 : i64
  %0 = attn.sdpa query(%q : !q) key(%k : !k) value(%k : !k)
    keep(%h: index, %i: index, %j: index) {
      %i32 = arith.index_cast %i : index to i32
      %j32 = arith.index_cast %j : index to i32
      %d = arith.subi %i32, %j32 : i32
      %e = arith.extui %d : i32 to i64
      %p = arith.cmpi sle, %e, %c5 : i64
      attn.yield %p : i1
    } outs(%o : !q) -> !q
  return %0 : !q
}

// CHECK-LABEL: @score_divided
// CHECK: scale = 6.250000e-02
// CHECK-NOT: score
func.func @score_divided(%q: !q, %k: !k, %o: !q) -> !q {
  %c = arith.constant 4.0 : f32
  %0 = attn.sdpa query(%q : !q) key(%k : !k) value(%k : !k) scale = 0.25
    score(%s: f32, %h: index, %i: index, %j: index) {
      %t = arith.divf %s, %c : f32
      attn.yield %t : f32
    } outs(%o : !q) -> !q
  return %0 : !q
}

// The scale that is there is not known.
// CHECK-LABEL: @score_times_unknown
// CHECK: score
func.func @score_times_unknown(%q: !q, %k: !k, %o: !q, %x: f32) -> !q {
  %c = arith.constant 4.0 : f32
  %0 = attn.sdpa query(%q : !q) key(%k : !k) value(%k : !k) scale(%x : f32)
    score(%s: f32, %h: index, %i: index, %j: index) {
      %t = arith.mulf %s, %c : f32
      attn.yield %t : f32
    } outs(%o : !q) -> !q
  return %0 : !q
}

// The product would be no f32.
// CHECK-LABEL: @score_overflow
// CHECK: score
func.func @score_overflow(%q: !q, %k: !k, %o: !q) -> !q {
  %c = arith.constant 3.0e38 : f32
  %0 = attn.sdpa query(%q : !q) key(%k : !k) value(%k : !k) scale = 4.0
    score(%s: f32, %h: index, %i: index, %j: index) {
      %t = arith.mulf %s, %c : f32
      attn.yield %t : f32
    } outs(%o : !q) -> !q
  return %0 : !q
}

// Another factor inside the tangent than outside.
// CHECK-LABEL: @score_no_softcap
// CHECK-NOT: softcap
// CHECK: score
func.func @score_no_softcap(%q: !q, %k: !k, %o: !q) -> !q {
  %c = arith.constant 30.0 : f32
  %e = arith.constant 31.0 : f32
  %0 = attn.sdpa query(%q : !q) key(%k : !k) value(%k : !k)
    score(%s: f32, %h: index, %i: index, %j: index) {
      %a = arith.divf %s, %e : f32
      %t = math.tanh %a : f32
      %u = arith.mulf %c, %t : f32
      attn.yield %u : f32
    } outs(%o : !q) -> !q
  return %0 : !q
}

// The predicate reads the logit: no mask.
// CHECK-LABEL: @score_relu
// CHECK: score
// CHECK-NOT: keep
func.func @score_relu(%q: !q, %k: !k, %o: !q) -> !q {
  %inf = arith.constant 0xFF800000 : f32
  %zero = arith.constant 0.0 : f32
  %0 = attn.sdpa query(%q : !q) key(%k : !k) value(%k : !k)
    score(%s: f32, %h: index, %i: index, %j: index) {
      %p = arith.cmpf ogt, %s, %zero : f32
      %t = arith.select %p, %s, %inf : f32
      attn.yield %t : f32
    } outs(%o : !q) -> !q
  return %0 : !q
}

// CHECK-LABEL: @infinite_scale
// CHECK: scale(%{{.*}} : f32)
func.func @infinite_scale(%q: !q, %k: !k, %o: !q) -> !q {
  %c = arith.constant 0x7F800000 : f32
  %0 = attn.sdpa query(%q : !q) key(%k : !k) value(%k : !k) scale(%c : f32) outs(%o : !q) -> !q
  return %0 : !q
}

// CHECK-LABEL: @bias_not_neutral
// CHECK: bias(
func.func @bias_not_neutral(%q: !q, %k: !k, %o: !q) -> !q {
  %b = arith.constant dense<[0.0, 0.0, 1.0, 0.0, 0.0, 0.0]> : tensor<6xf16>
  %0 = attn.sdpa query(%q : !q) key(%k : !k) value(%k : !k) bias(%b : tensor<6xf16>) outs(%o : !q) -> !q
  return %0 : !q
}

// -----

// CHECK-LABEL: func.func @transposes
// CHECK-SAME: %[[X:.*]]: tensor<2x3x4xf32>
// CHECK: %[[T:.*]] = attn.transpose %[[X]] [2, 1, 0]
// CHECK: return %[[X]], %[[T]]
func.func @transposes(%x: tensor<2x3x4xf32>) -> (tensor<2x3x4xf32>, tensor<4x3x2xf32>) {
  %0 = attn.transpose %x [1, 2, 0] : tensor<2x3x4xf32> -> tensor<3x4x2xf32>
  %1 = attn.transpose %0 [2, 0, 1] : tensor<3x4x2xf32> -> tensor<2x3x4xf32>
  %2 = attn.transpose %0 [1, 0, 2] : tensor<3x4x2xf32> -> tensor<4x3x2xf32>
  return %1, %2 : tensor<2x3x4xf32>, tensor<4x3x2xf32>
}

// -----

// bottom_right counts from the end of the keys in use, which lengths that are known
// do not tell.
// CHECK-LABEL: @key_lengths
// CHECK: structure(#attn.causal<bottom_right>)
// CHECK-SAME: keep
func.func @key_lengths(%q: tensor<1x5x8xf32>, %n: tensor<i32>, %o: tensor<1x5x8xf32>) -> tensor<1x5x8xf32> {
  %0 = attn.sdpa query(%q : tensor<1x5x8xf32>) key(%q : tensor<1x5x8xf32>) value(%q : tensor<1x5x8xf32>)
    key_lengths(%n : tensor<i32>) structure(#attn.causal<bottom_right>)
    keep(%h: index, %i: index, %j: index) {
      %c1 = arith.constant 1 : index
      %c5 = tensor.dim %q, %c1 : tensor<1x5x8xf32>
      %d = arith.addi %i, %c5 : index
      %e = arith.subi %d, %c1 : index
      %keep = arith.cmpi ne, %j, %e : index
      attn.yield %keep : i1
    } outs(%o : tensor<1x5x8xf32>) -> tensor<1x5x8xf32>
  return %0 : tensor<1x5x8xf32>
}

// Results of rows that nobody uses are dropped; what comes before one that is
// used stays.
// CHECK-LABEL: func.func @unused_rows
// CHECK: attn.sdpa {{.*}} outs(%arg2 : tensor<6x8xf32>) -> tensor<6x8xf32>
func.func @unused_rows(%q: tensor<6x8xf32>, %k: tensor<6x8xf32>, %o: tensor<6x8xf32>, %l: tensor<6xf32>) -> tensor<6x8xf32> {
  %0:3 = attn.sdpa query(%q : tensor<6x8xf32>) key(%k : tensor<6x8xf32>) value(%k : tensor<6x8xf32>) structure(#attn.causal<top_left>) outs(%o, %l, %l : tensor<6x8xf32>, tensor<6xf32>, tensor<6xf32>) -> tensor<6x8xf32>, tensor<6xf32>, tensor<6xf32>
  return %0#0 : tensor<6x8xf32>
}

// CHECK-LABEL: func.func @unused_maxima
// CHECK: %[[R:.*]]:2 = attn.sdpa
// CHECK-SAME: score(%[[S:.*]]: f32, %{{.*}}: index, %{{.*}}: index) {
// CHECK: math.absf %[[S]]
// CHECK: outs(%arg2, %arg3 : tensor<6x8xf32>, tensor<6xf32>) -> tensor<6x8xf32>, tensor<6xf32>
// CHECK: return %[[R]]#1
func.func @unused_maxima(%q: tensor<6x8xf32>, %k: tensor<6x8xf32>, %o: tensor<6x8xf32>, %l: tensor<6xf32>) -> tensor<6xf32> {
  %0:3 = attn.sdpa query(%q : tensor<6x8xf32>) key(%k : tensor<6x8xf32>) value(%k : tensor<6x8xf32>)
    score(%s: f32, %i: index, %j: index) {
      %t = math.absf %s : f32
      attn.yield %t : f32
    } outs(%o, %l, %l : tensor<6x8xf32>, tensor<6xf32>, tensor<6xf32>) -> tensor<6x8xf32>, tensor<6xf32>, tensor<6xf32>
  return %0#1 : tensor<6xf32>
}

// CHECK-LABEL: func.func @used_maxima
// CHECK: %[[R:.*]]:3 = attn.sdpa
// CHECK: return %[[R]]#2
func.func @used_maxima(%q: tensor<6x8xf32>, %k: tensor<6x8xf32>, %o: tensor<6x8xf32>, %l: tensor<6xf32>) -> tensor<6xf32> {
  %0:3 = attn.sdpa query(%q : tensor<6x8xf32>) key(%k : tensor<6x8xf32>) value(%k : tensor<6x8xf32>) outs(%o, %l, %l : tensor<6x8xf32>, tensor<6xf32>, tensor<6xf32>) -> tensor<6x8xf32>, tensor<6xf32>, tensor<6xf32>
  return %0#2 : tensor<6xf32>
}

// Memory may be read by others.
// CHECK-LABEL: func.func @memory
// CHECK: outs(%arg1, %arg2, %arg3 : memref<6x8xf32>, memref<6xf32>, memref<6xf32>)
func.func @memory(%q: memref<6x8xf32>, %o: memref<6x8xf32>, %l: memref<6xf32>, %m: memref<6xf32>) {
  attn.sdpa query(%q : memref<6x8xf32>) key(%q : memref<6x8xf32>) value(%q : memref<6x8xf32>) outs(%o, %l, %m : memref<6x8xf32>, memref<6xf32>, memref<6xf32>)
  return
}

// -----

// Nor do the numbers of rows of a ragged batch say how long its sequences are.
// CHECK-LABEL: @cu_seqlens
// CHECK: structure(#attn.causal<bottom_right>)
// CHECK-SAME: keep
func.func @cu_seqlens(%q: tensor<1x?x8xf32>, %k: tensor<1x?x8xf32>, %c: tensor<3xi32>, %o: tensor<1x?x8xf32>) -> tensor<1x?x8xf32> {
  %c1 = arith.constant 1 : index
  %lq = tensor.dim %q, %c1 : tensor<1x?x8xf32>
  %lk = tensor.dim %k, %c1 : tensor<1x?x8xf32>
  %0 = attn.sdpa query(%q : tensor<1x?x8xf32>) key(%k : tensor<1x?x8xf32>) value(%k : tensor<1x?x8xf32>)
    cu_seqlens(%c, %c : tensor<3xi32>, tensor<3xi32>) structure(#attn.causal<bottom_right>)
    keep(%s: index, %h: index, %i: index, %j: index) {
      %offset = arith.subi %lk, %lq : index
      %end = arith.addi %i, %offset : index
      %keep = arith.cmpi sle, %j, %end : index
      attn.yield %keep : i1
    } outs(%o : tensor<1x?x8xf32>) -> tensor<1x?x8xf32>
  return %0 : tensor<1x?x8xf32>
}

// -----

// Positions are those within a sequence, in masks as in regions.
// CHECK-LABEL: @raise_ragged
// CHECK: structure(#attn.causal<top_left>)
// CHECK-NOT: keep
func.func @raise_ragged(%q: tensor<1x5x8xf32>, %c: tensor<3xi32>, %o: tensor<1x5x8xf32>) -> tensor<1x5x8xf32> {
  %0 = attn.sdpa query(%q : tensor<1x5x8xf32>) key(%q : tensor<1x5x8xf32>) value(%q : tensor<1x5x8xf32>)
    cu_seqlens(%c, %c : tensor<3xi32>, tensor<3xi32>)
    keep(%s: index, %h: index, %i: index, %j: index) {
      %keep = arith.cmpi sle, %j, %i : index
      attn.yield %keep : i1
    } outs(%o : tensor<1x5x8xf32>) -> tensor<1x5x8xf32>
  return %0 : tensor<1x5x8xf32>
}
