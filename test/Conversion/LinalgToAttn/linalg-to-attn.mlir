// RUN: attn-opt %s --attn-raise-pipeline --split-input-file | FileCheck %s

// linalg.softmax between matmuls, any shape.
// CHECK-LABEL: func.func @softmax_op
// CHECK-SAME: (%[[Q:[a-z0-9]+]]: tensor<?x?x16xf32>, %[[KT:[a-z0-9]+]]: tensor<?x16x?xf32>, %[[V:[a-z0-9]+]]: tensor<?x?x8xf32>
// CHECK: %[[K:.*]] = attn.transpose %[[KT]] [0, 2, 1]
// CHECK: attn.sdpa query(%[[Q]] : tensor<?x?x16xf32>) key(%{{.*}} : tensor<?x?x16xf32>) value(%[[V]] : tensor<?x?x8xf32>) scale = 1.000000e+00
// CHECK-NOT: linalg.softmax
// CHECK-NOT: linalg.batch_matmul
func.func @softmax_op(%q: tensor<?x?x16xf32>, %kt: tensor<?x16x?xf32>, %v: tensor<?x?x8xf32>,
                      %s0: tensor<?x?x?xf32>, %o0: tensor<?x?x8xf32>) -> tensor<?x?x8xf32> {
  %zero = arith.constant 0.0 : f32
  %sz = linalg.fill ins(%zero : f32) outs(%s0 : tensor<?x?x?xf32>) -> tensor<?x?x?xf32>
  %s = linalg.batch_matmul ins(%q, %kt : tensor<?x?x16xf32>, tensor<?x16x?xf32>) outs(%sz : tensor<?x?x?xf32>) -> tensor<?x?x?xf32>
  %p = linalg.softmax dimension(2) ins(%s : tensor<?x?x?xf32>) outs(%s0 : tensor<?x?x?xf32>) -> tensor<?x?x?xf32>
  %oz = linalg.fill ins(%zero : f32) outs(%o0 : tensor<?x?x8xf32>) -> tensor<?x?x8xf32>
  %o = linalg.batch_matmul ins(%p, %v : tensor<?x?x?xf32>, tensor<?x?x8xf32>) outs(%oz : tensor<?x?x8xf32>) -> tensor<?x?x8xf32>
  return %o : tensor<?x?x8xf32>
}

// -----

#lhs = affine_map<(b, i, j, d) -> (b, i, d)>
#rhs = affine_map<(b, i, j, d) -> (b, j, d)>
#out = affine_map<(b, i, j, d) -> (b, i, j)>
#s = affine_map<(b, i, j) -> (b, i, j)>
#bias = affine_map<(b, i, j) -> (i, j)>
#key = affine_map<(b, i, j) -> (b, j)>

// A generic contraction with the key as it lies, softcap, an added bias, a mask
// by select, a window from indices.
// CHECK-LABEL: func.func @everything
// CHECK-SAME: (%[[Q:[a-z0-9]+]]: tensor<2x6x16xf32>, %[[K:[a-z0-9]+]]: tensor<2x6x16xf32>, %[[V:[a-z0-9]+]]: tensor<2x6x8xf32>, %[[B:[a-z0-9]+]]: tensor<6x6xf32>, %[[M:[a-z0-9]+]]: tensor<2x6xi1>
// CHECK-NOT: linalg.generic
// CHECK: attn.sdpa query(%[[Q]] : tensor<2x6x16xf32>) key(%[[K]] : tensor<2x6x16xf32>) value(%[[V]] : tensor<2x6x8xf32>)
// CHECK-SAME: scale = 5.000000e-01 softcap = 3.000000e+01 bias(%[[B]] : tensor<6x6xf32>)
// CHECK-SAME: mask(%{{.*}} : tensor<2x1x6xi1>) structure(#attn.window<3, 0>) masked_row = nan
func.func @everything(%q: tensor<2x6x16xf32>, %k: tensor<2x6x16xf32>, %v: tensor<2x6x8xf32>, %b: tensor<6x6xf32>, %m: tensor<2x6xi1>) -> tensor<2x6x8xf32> {
  %zero = arith.constant 0.0 : f32
  %half = arith.constant 0.5 : f32
  %cap = arith.constant 30.0 : f32
  %inf = arith.constant 0xFF800000 : f32
  %c4 = arith.constant 4 : index
  %e = tensor.empty() : tensor<2x6x6xf32>
  %sz = linalg.fill ins(%zero : f32) outs(%e : tensor<2x6x6xf32>) -> tensor<2x6x6xf32>
  %s = linalg.generic {indexing_maps = [#lhs, #rhs, #out], iterator_types = ["parallel", "parallel", "parallel", "reduction"]}
    ins(%q, %k : tensor<2x6x16xf32>, tensor<2x6x16xf32>) outs(%sz : tensor<2x6x6xf32>) {
  ^bb0(%x: f32, %y: f32, %a: f32):
    %t = arith.mulf %x, %y : f32
    %u = arith.addf %a, %t : f32
    linalg.yield %u : f32
  } -> tensor<2x6x6xf32>
  %l = linalg.generic {indexing_maps = [#s, #bias, #key, #s], iterator_types = ["parallel", "parallel", "parallel"]}
    ins(%s, %b, %m : tensor<2x6x6xf32>, tensor<6x6xf32>, tensor<2x6xi1>) outs(%e : tensor<2x6x6xf32>) {
  ^bb0(%x: f32, %y: f32, %keep: i1, %a: f32):
    %i = linalg.index 1 : index
    %j = linalg.index 2 : index
    %scaled = arith.mulf %x, %half : f32
    %d = arith.divf %scaled, %cap : f32
    %th = math.tanh %d : f32
    %capped = arith.mulf %th, %cap : f32
    %biased = arith.addf %capped, %y : f32
    %causal = arith.cmpi sge, %i, %j : index
    %j4 = arith.addi %j, %c4 : index
    %near = arith.cmpi slt, %i, %j4 : index
    %window = arith.andi %causal, %near : i1
    %k0 = arith.andi %window, %keep : i1
    %masked = arith.select %k0, %biased, %inf : f32
    linalg.yield %masked : f32
  } -> tensor<2x6x6xf32>
  %p = linalg.softmax dimension(2) ins(%l : tensor<2x6x6xf32>) outs(%e : tensor<2x6x6xf32>) -> tensor<2x6x6xf32>
  %eo = tensor.empty() : tensor<2x6x8xf32>
  %oz = linalg.fill ins(%zero : f32) outs(%eo : tensor<2x6x8xf32>) -> tensor<2x6x8xf32>
  %o = linalg.batch_matmul ins(%p, %v : tensor<2x6x6xf32>, tensor<2x6x8xf32>) outs(%oz : tensor<2x6x8xf32>) -> tensor<2x6x8xf32>
  return %o : tensor<2x6x8xf32>
}

// -----

// A finite sentinel averages all values where a row sees nothing.
// CHECK-LABEL: func.func @sentinel
// CHECK: mask(%{{.*}} : tensor<6x6xi1>) masked_row = uniform
func.func @sentinel(%q: tensor<6x16xf32>, %kt: tensor<16x6xf32>, %v: tensor<6x8xf32>, %m: tensor<6x6xi1>) -> tensor<6x8xf32> {
  %zero = arith.constant 0.0 : f32
  %low = arith.constant -1.0e9 : f32
  %e = tensor.empty() : tensor<6x6xf32>
  %sz = linalg.fill ins(%zero : f32) outs(%e : tensor<6x6xf32>) -> tensor<6x6xf32>
  %s = linalg.matmul ins(%q, %kt : tensor<6x16xf32>, tensor<16x6xf32>) outs(%sz : tensor<6x6xf32>) -> tensor<6x6xf32>
  %l = linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i, j)>], iterator_types = ["parallel", "parallel"]}
    ins(%s, %m : tensor<6x6xf32>, tensor<6x6xi1>) outs(%e : tensor<6x6xf32>) {
  ^bb0(%x: f32, %keep: i1, %a: f32):
    %t = arith.select %keep, %x, %low : f32
    linalg.yield %t : f32
  } -> tensor<6x6xf32>
  %p = linalg.softmax dimension(1) ins(%l : tensor<6x6xf32>) outs(%e : tensor<6x6xf32>) -> tensor<6x6xf32>
  %eo = tensor.empty() : tensor<6x8xf32>
  %oz = linalg.fill ins(%zero : f32) outs(%eo : tensor<6x8xf32>) -> tensor<6x8xf32>
  %o = linalg.matmul ins(%p, %v : tensor<6x6xf32>, tensor<6x8xf32>) outs(%oz : tensor<6x8xf32>) -> tensor<6x8xf32>
  return %o : tensor<6x8xf32>
}

// -----

// The batch and heads of PyTorch with a dynamic batch: the collapsed size is a
// product, that of the logits the quotient, and whether they broadcast is asked
// in between.
// CHECK-LABEL: func.func @dynamic_batch
// CHECK-SAME: %[[Q:[a-z0-9]+]]: tensor<?x4x5x8xf32>, %[[K:[a-z0-9]+]]: tensor<?x4x5x8xf32>, %[[V:[a-z0-9]+]]: tensor<?x4x5x8xf32>
// CHECK: attn.sdpa query(%[[Q]] {{.*}} key(%[[K]] {{.*}} value(%[[V]] {{.*}} scale = 1.000000e+00
// CHECK-NOT: linalg.batch_matmul
func.func @dynamic_batch(%q: tensor<?x4x5x8xf32>, %k: tensor<?x4x5x8xf32>, %v: tensor<?x4x5x8xf32>) -> tensor<?x4x5x8xf32> {
  %zero = arith.constant 0.0 : f32
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c4 = arith.constant 4 : index
  %dim = tensor.dim %q, %c0 : tensor<?x4x5x8xf32>
  %qc = tensor.collapse_shape %q [[0, 1], [2], [3]] : tensor<?x4x5x8xf32> into tensor<?x5x8xf32>
  %kc = tensor.collapse_shape %k [[0, 1], [2], [3]] : tensor<?x4x5x8xf32> into tensor<?x5x8xf32>
  %vc = tensor.collapse_shape %v [[0, 1], [2], [3]] : tensor<?x4x5x8xf32> into tensor<?x5x8xf32>
  %n = affine.apply affine_map<()[s0] -> (s0 * 4)>()[%dim]
  %te = tensor.empty(%n) : tensor<?x8x5xf32>
  %kt = linalg.transpose ins(%kc : tensor<?x5x8xf32>) outs(%te : tensor<?x8x5xf32>) permutation = [0, 2, 1]
  %se = tensor.empty(%n) : tensor<?x5x5xf32>
  %sz = linalg.fill ins(%zero : f32) outs(%se : tensor<?x5x5xf32>) -> tensor<?x5x5xf32>
  %s = linalg.batch_matmul ins(%qc, %kt : tensor<?x5x8xf32>, tensor<?x8x5xf32>) outs(%sz : tensor<?x5x5xf32>) -> tensor<?x5x5xf32>
  %b = arith.divsi %n, %c4 : index
  %x = tensor.expand_shape %s [[0, 1], [2], [3]] output_shape [%b, 4, 5, 5] : tensor<?x5x5xf32> into tensor<?x4x5x5xf32>
  %pe = tensor.empty(%b) : tensor<?x4x5x5xf32>
  %p = linalg.softmax dimension(3) ins(%x : tensor<?x4x5x5xf32>) outs(%pe : tensor<?x4x5x5xf32>) -> tensor<?x4x5x5xf32>
  %be = tensor.empty(%dim) : tensor<?x4x5x5xf32>
  %pb = linalg.generic {indexing_maps = [affine_map<(d0, d1, d2, d3) -> (d0, d1, d2, d3)>], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} outs(%be : tensor<?x4x5x5xf32>) {
  ^bb0(%out: f32):
    %i0 = linalg.index 0 : index
    %i1 = linalg.index 1 : index
    %i2 = linalg.index 2 : index
    %i3 = linalg.index 3 : index
    %isOne = arith.cmpi eq, %b, %c1 : index
    %i = arith.select %isOne, %c0, %i0 : index
    %element = tensor.extract %p[%i, %i1, %i2, %i3] : tensor<?x4x5x5xf32>
    linalg.yield %element : f32
  } -> tensor<?x4x5x5xf32>
  %pc = tensor.collapse_shape %pb [[0, 1], [2], [3]] : tensor<?x4x5x5xf32> into tensor<?x5x5xf32>
  %oe = tensor.empty(%n) : tensor<?x5x8xf32>
  %oz = linalg.fill ins(%zero : f32) outs(%oe : tensor<?x5x8xf32>) -> tensor<?x5x8xf32>
  %o = linalg.batch_matmul ins(%pc, %vc : tensor<?x5x5xf32>, tensor<?x5x8xf32>) outs(%oz : tensor<?x5x8xf32>) -> tensor<?x5x8xf32>
  %r = tensor.expand_shape %o [[0, 1], [2], [3]] output_shape [%b, 4, 5, 8] : tensor<?x5x8xf32> into tensor<?x4x5x8xf32>
  return %r : tensor<?x4x5x8xf32>
}

// -----

// Operands that are unpacked or padded are operands.
// CHECK-LABEL: func.func @packed_operands
// CHECK: %[[Q:.*]] = linalg.unpack
// CHECK: %[[K:.*]] = tensor.pad
// CHECK: attn.sdpa query(%[[Q]] : tensor<2x3x5x8xf32>) key(%[[K]] : tensor<2x3x7x8xf32>) value(%arg2 : tensor<2x3x7x8xf32>)
func.func @packed_operands(%qp: tensor<2x3x3x2x2x4xf32>, %k0: tensor<2x3x7x6xf32>, %v: tensor<2x3x7x8xf32>) -> tensor<2x3x5x8xf32> {
  %zero = arith.constant 0.0 : f32
  %eq = tensor.empty() : tensor<2x3x5x8xf32>
  %q = linalg.unpack %qp inner_dims_pos = [2, 3] inner_tiles = [2, 4] into %eq : tensor<2x3x3x2x2x4xf32> -> tensor<2x3x5x8xf32>
  %k = tensor.pad %k0 low[0, 0, 0, 1] high[0, 0, 0, 1] {
  ^bb0(%a: index, %b: index, %c: index, %d: index):
    tensor.yield %zero : f32
  } : tensor<2x3x7x6xf32> to tensor<2x3x7x8xf32>
  %e0 = tensor.empty() : tensor<2x3x5x7xf32>
  %e1 = tensor.empty() : tensor<2x3x5x8xf32>
  %i0 = linalg.fill ins(%zero : f32) outs(%e0 : tensor<2x3x5x7xf32>) -> tensor<2x3x5x7xf32>
  %i1 = linalg.fill ins(%zero : f32) outs(%e1 : tensor<2x3x5x8xf32>) -> tensor<2x3x5x8xf32>
  %s = linalg.generic {indexing_maps = [affine_map<(b,h,i,j,d)->(b,h,i,d)>, affine_map<(b,h,i,j,d)->(b,h,j,d)>, affine_map<(b,h,i,j,d)->(b,h,i,j)>], iterator_types = ["parallel","parallel","parallel","parallel","reduction"]} ins(%q, %k : tensor<2x3x5x8xf32>, tensor<2x3x7x8xf32>) outs(%i0 : tensor<2x3x5x7xf32>) {
  ^bb0(%a: f32, %b: f32, %o: f32):
    %m = arith.mulf %a, %b : f32
    %n = arith.addf %o, %m : f32
    linalg.yield %n : f32
  } -> tensor<2x3x5x7xf32>
  %p = linalg.softmax dimension(3) ins(%s : tensor<2x3x5x7xf32>) outs(%e0 : tensor<2x3x5x7xf32>) -> tensor<2x3x5x7xf32>
  %r = linalg.generic {indexing_maps = [affine_map<(b,h,i,j,d)->(b,h,i,j)>, affine_map<(b,h,i,j,d)->(b,h,j,d)>, affine_map<(b,h,i,j,d)->(b,h,i,d)>], iterator_types = ["parallel","parallel","parallel","reduction","parallel"]} ins(%p, %v : tensor<2x3x5x7xf32>, tensor<2x3x7x8xf32>) outs(%i1 : tensor<2x3x5x8xf32>) {
  ^bb0(%a: f32, %b: f32, %o: f32):
    %m = arith.mulf %a, %b : f32
    %n = arith.addf %o, %m : f32
    linalg.yield %n : f32
  } -> tensor<2x3x5x8xf32>
  return %r : tensor<2x3x5x8xf32>
}
