// RUN: attn-opt %s --attn-raise-pipeline --split-input-file | FileCheck %s
// RUN: attn-opt %s --attn-raise-pipeline=recompute=true --split-input-file | FileCheck %s --check-prefix=RECOMPUTE
// RUN: attn-opt %s --attn-raise-pipeline --split-input-file --remarks-filter=attn-fusion 2>&1 >/dev/null | FileCheck %s --check-prefix=REMARK

// Layers in a loop; the mask and its constants come from outside.
// CHECK-LABEL: func.func @loop(
// CHECK-NOT: linalg.softmax
// CHECK: scf.for {{.*}} iter_args(%[[X:[a-z0-9]+]] = %arg0)
// CHECK: attn.sdpa query(%[[X]] : tensor<5x4xf32>) key(%arg1 : tensor<7x4xf32>) value(%arg2 : tensor<7x4xf32>) scale = 1.000000e+00 mask(%{{.*}} : tensor<5x7xi1>) masked_row = uniform
// CHECK: scf.yield
func.func @loop(%q: tensor<5x4xf32>, %k: tensor<7x4xf32>, %v: tensor<7x4xf32>, %raw: tensor<5x7xi32>, %layers: index) -> tensor<5x4xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %zero = arith.constant 0.0 : f32
  %none = arith.constant 0 : i32
  %low = arith.constant -1.0e9 : f32
  %e0 = tensor.empty() : tensor<5x7xf32>
  %e1 = tensor.empty() : tensor<5x4xf32>
  %eb = tensor.empty() : tensor<5x7xi1>
  %mask = linalg.map ins(%raw : tensor<5x7xi32>) outs(%eb : tensor<5x7xi1>)
    (%m: i32, %out: i1) {
      %c = arith.cmpi ne, %m, %none : i32
      linalg.yield %c : i1
    }
  %init = linalg.fill ins(%zero : f32) outs(%e0 : tensor<5x7xf32>) -> tensor<5x7xf32>
  %out = linalg.fill ins(%zero : f32) outs(%e1 : tensor<5x4xf32>) -> tensor<5x4xf32>
  %r = scf.for %i = %c0 to %layers step %c1 iter_args(%x = %q) -> tensor<5x4xf32> {
    %s = linalg.matmul indexing_maps = [affine_map<(i, j, d) -> (i, d)>, affine_map<(i, j, d) -> (j, d)>, affine_map<(i, j, d) -> (i, j)>] ins(%x, %k : tensor<5x4xf32>, tensor<7x4xf32>) outs(%init : tensor<5x7xf32>) -> tensor<5x7xf32>
    %masked = linalg.map ins(%mask, %s : tensor<5x7xi1>, tensor<5x7xf32>) outs(%e0 : tensor<5x7xf32>)
      (%m: i1, %a: f32, %u: f32) {
        %t = arith.select %m, %a, %low : f32
        linalg.yield %t : f32
      }
    %p = linalg.softmax dimension(1) ins(%masked : tensor<5x7xf32>) outs(%e0 : tensor<5x7xf32>) -> tensor<5x7xf32>
    %o = linalg.matmul ins(%p, %v : tensor<5x7xf32>, tensor<7x4xf32>) outs(%out : tensor<5x4xf32>) -> tensor<5x4xf32>
    scf.yield %o : tensor<5x4xf32>
  }
  return %r : tensor<5x4xf32>
}

// -----

// One of two attentions, the other of which is not fused, and one in a function
// that is called.
// CHECK-LABEL: func.func @branch(
// CHECK: scf.if
// CHECK: attn.sdpa
// CHECK: } else {
// CHECK: func.call @layer(
func.func @branch(%c: i1, %q: tensor<5x4xf32>, %k: tensor<4x7xf32>, %v: tensor<7x4xf32>) -> tensor<5x4xf32> {
  %zero = arith.constant 0.0 : f32
  %e0 = tensor.empty() : tensor<5x7xf32>
  %e1 = tensor.empty() : tensor<5x4xf32>
  %init = linalg.fill ins(%zero : f32) outs(%e0 : tensor<5x7xf32>) -> tensor<5x7xf32>
  %out = linalg.fill ins(%zero : f32) outs(%e1 : tensor<5x4xf32>) -> tensor<5x4xf32>
  %r = scf.if %c -> tensor<5x4xf32> {
    %s = linalg.matmul ins(%q, %k : tensor<5x4xf32>, tensor<4x7xf32>) outs(%init : tensor<5x7xf32>) -> tensor<5x7xf32>
    %p = linalg.softmax dimension(1) ins(%s : tensor<5x7xf32>) outs(%e0 : tensor<5x7xf32>) -> tensor<5x7xf32>
    %o = linalg.matmul ins(%p, %v : tensor<5x7xf32>, tensor<7x4xf32>) outs(%out : tensor<5x4xf32>) -> tensor<5x4xf32>
    scf.yield %o : tensor<5x4xf32>
  } else {
    %o = func.call @layer(%q, %k, %v) : (tensor<5x4xf32>, tensor<4x7xf32>, tensor<7x4xf32>) -> tensor<5x4xf32>
    scf.yield %o : tensor<5x4xf32>
  }
  return %r : tensor<5x4xf32>
}

// CHECK-LABEL: func.func private @layer(
// CHECK: attn.sdpa
func.func private @layer(%q: tensor<5x4xf32>, %k: tensor<4x7xf32>, %v: tensor<7x4xf32>) -> tensor<5x4xf32> {
  %zero = arith.constant 0.0 : f32
  %e0 = tensor.empty() : tensor<5x7xf32>
  %e1 = tensor.empty() : tensor<5x4xf32>
  %init = linalg.fill ins(%zero : f32) outs(%e0 : tensor<5x7xf32>) -> tensor<5x7xf32>
  %out = linalg.fill ins(%zero : f32) outs(%e1 : tensor<5x4xf32>) -> tensor<5x4xf32>
  %s = linalg.matmul ins(%q, %k : tensor<5x4xf32>, tensor<4x7xf32>) outs(%init : tensor<5x7xf32>) -> tensor<5x7xf32>
  %p = linalg.softmax dimension(1) ins(%s : tensor<5x7xf32>) outs(%e0 : tensor<5x7xf32>) -> tensor<5x7xf32>
  %o = linalg.matmul ins(%p, %v : tensor<5x7xf32>, tensor<7x4xf32>) outs(%out : tensor<5x4xf32>) -> tensor<5x4xf32>
  return %o : tensor<5x4xf32>
}

// -----

// The logits are computed once; fused, each iteration would compute them again.
// REMARK: Function=across | Op=scf.for, Reason="the logits are computed once, and the second matmul is in a loop, which would repeat them", Step=uses, Suggestion="move the second matmul out of the loop, or let the pass recompute the logits (recompute=true)"
// RECOMPUTE-LABEL: func.func @across(
// RECOMPUTE: scf.for
// RECOMPUTE: attn.sdpa
// CHECK-LABEL: func.func @across(
// CHECK-NOT: attn.sdpa
// CHECK: return
func.func @across(%q: tensor<5x4xf32>, %k: tensor<4x7xf32>, %v: tensor<7x4xf32>, %n: index) -> tensor<5x4xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %zero = arith.constant 0.0 : f32
  %e0 = tensor.empty() : tensor<5x7xf32>
  %e1 = tensor.empty() : tensor<5x4xf32>
  %init = linalg.fill ins(%zero : f32) outs(%e0 : tensor<5x7xf32>) -> tensor<5x7xf32>
  %out = linalg.fill ins(%zero : f32) outs(%e1 : tensor<5x4xf32>) -> tensor<5x4xf32>
  %s = linalg.matmul ins(%q, %k : tensor<5x4xf32>, tensor<4x7xf32>) outs(%init : tensor<5x7xf32>) -> tensor<5x7xf32>
  %p = linalg.softmax dimension(1) ins(%s : tensor<5x7xf32>) outs(%e0 : tensor<5x7xf32>) -> tensor<5x7xf32>
  %r = scf.for %i = %c0 to %n step %c1 iter_args(%x = %e1) -> tensor<5x4xf32> {
    %o = linalg.matmul ins(%p, %v : tensor<5x7xf32>, tensor<7x4xf32>) outs(%out : tensor<5x4xf32>) -> tensor<5x4xf32>
    scf.yield %o : tensor<5x4xf32>
  }
  return %r : tensor<5x4xf32>
}

// -----

// A mask that a loop carries is what it was before the loop.
// CHECK-LABEL: func.func @carried(
// CHECK-NOT: 5x7x
// CHECK: scf.for {{.*}} iter_args(%[[X:[a-z0-9]+]] = %arg0) -> (tensor<5x4xf32>)
// CHECK: attn.sdpa query(%[[X]] : tensor<5x4xf32>) {{.*}} structure(#attn.causal<top_left>)
// CHECK: return
func.func @carried(%q: tensor<5x4xf32>, %k: tensor<4x7xf32>, %v: tensor<7x4xf32>, %n: index) -> tensor<5x4xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %zero = arith.constant 0.0 : f32
  %inf = arith.constant 0xFF800000 : f32
  %e0 = tensor.empty() : tensor<5x7xf32>
  %em = tensor.empty() : tensor<5x7xi1>
  %e1 = tensor.empty() : tensor<5x4xf32>
  %m = linalg.generic {indexing_maps = [affine_map<(a,b)->(a,b)>], iterator_types = ["parallel","parallel"]} outs(%em : tensor<5x7xi1>) {
    ^bb0(%o: i1):
      %i = linalg.index 0 : index
      %j = linalg.index 1 : index
      %z = arith.cmpi sge, %i, %j : index
      linalg.yield %z : i1
    } -> tensor<5x7xi1>
  %init = linalg.fill ins(%zero : f32) outs(%e0 : tensor<5x7xf32>) -> tensor<5x7xf32>
  %out = linalg.fill ins(%zero : f32) outs(%e1 : tensor<5x4xf32>) -> tensor<5x4xf32>
  %r:2 = scf.for %i = %c0 to %n step %c1 iter_args(%x = %q, %mask = %m) -> (tensor<5x4xf32>, tensor<5x7xi1>) {
    %s = linalg.matmul ins(%x, %k : tensor<5x4xf32>, tensor<4x7xf32>) outs(%init : tensor<5x7xf32>) -> tensor<5x7xf32>
    %s2 = linalg.generic {indexing_maps = [affine_map<(a,b)->(a,b)>, affine_map<(a,b)->(a,b)>, affine_map<(a,b)->(a,b)>], iterator_types = ["parallel","parallel"]} ins(%mask, %s : tensor<5x7xi1>, tensor<5x7xf32>) outs(%e0 : tensor<5x7xf32>) {
    ^bb0(%a: i1, %b: f32, %o: f32):
      %z = arith.select %a, %b, %inf : f32
      linalg.yield %z : f32
    } -> tensor<5x7xf32>
    %p = linalg.softmax dimension(1) ins(%s2 : tensor<5x7xf32>) outs(%e0 : tensor<5x7xf32>) -> tensor<5x7xf32>
    %o = linalg.matmul ins(%p, %v : tensor<5x7xf32>, tensor<7x4xf32>) outs(%out : tensor<5x4xf32>) -> tensor<5x4xf32>
    scf.yield %o, %mask : tensor<5x4xf32>, tensor<5x7xi1>
  }
  return %r#0 : tensor<5x4xf32>
}

// -----

// CHECK-LABEL: func.func @carried_while(
// CHECK-NOT: 5x7x
// CHECK: scf.while
// CHECK: attn.sdpa {{.*}} structure(#attn.causal<top_left>)
// CHECK: return
func.func @carried_while(%q: tensor<5x4xf32>, %k: tensor<4x7xf32>, %v: tensor<7x4xf32>, %n: index) -> tensor<5x4xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %zero = arith.constant 0.0 : f32
  %inf = arith.constant 0xFF800000 : f32
  %e0 = tensor.empty() : tensor<5x7xf32>
  %em = tensor.empty() : tensor<5x7xi1>
  %e1 = tensor.empty() : tensor<5x4xf32>
  %m = linalg.generic {indexing_maps = [affine_map<(a,b)->(a,b)>], iterator_types = ["parallel","parallel"]} outs(%em : tensor<5x7xi1>) {
    ^bb0(%o: i1):
      %i = linalg.index 0 : index
      %j = linalg.index 1 : index
      %z = arith.cmpi sge, %i, %j : index
      linalg.yield %z : i1
    } -> tensor<5x7xi1>
  %init = linalg.fill ins(%zero : f32) outs(%e0 : tensor<5x7xf32>) -> tensor<5x7xf32>
  %out = linalg.fill ins(%zero : f32) outs(%e1 : tensor<5x4xf32>) -> tensor<5x4xf32>
  %r:3 = scf.while (%x0 = %q, %i0 = %c0, %mask0 = %m) : (tensor<5x4xf32>, index, tensor<5x7xi1>) -> (tensor<5x4xf32>, index, tensor<5x7xi1>) {
    %more = arith.cmpi slt, %i0, %n : index
    scf.condition(%more) %x0, %i0, %mask0 : tensor<5x4xf32>, index, tensor<5x7xi1>
  } do {
  ^bb0(%x: tensor<5x4xf32>, %i1: index, %mask: tensor<5x7xi1>):
    %next = arith.addi %i1, %c1 : index
    %s = linalg.matmul ins(%x, %k : tensor<5x4xf32>, tensor<4x7xf32>) outs(%init : tensor<5x7xf32>) -> tensor<5x7xf32>
    %s2 = linalg.generic {indexing_maps = [affine_map<(a,b)->(a,b)>, affine_map<(a,b)->(a,b)>, affine_map<(a,b)->(a,b)>], iterator_types = ["parallel","parallel"]} ins(%mask, %s : tensor<5x7xi1>, tensor<5x7xf32>) outs(%e0 : tensor<5x7xf32>) {
    ^bb0(%a: i1, %b: f32, %o: f32):
      %z = arith.select %a, %b, %inf : f32
      linalg.yield %z : f32
    } -> tensor<5x7xf32>
    %p = linalg.softmax dimension(1) ins(%s2 : tensor<5x7xf32>) outs(%e0 : tensor<5x7xf32>) -> tensor<5x7xf32>
    %o = linalg.matmul ins(%p, %v : tensor<5x7xf32>, tensor<7x4xf32>) outs(%out : tensor<5x4xf32>) -> tensor<5x4xf32>
    scf.yield %o, %next, %mask : tensor<5x4xf32>, index, tensor<5x7xi1>
  }
  return %r#0 : tensor<5x4xf32>
}

// -----

// One that it changes is an operand.
// CHECK-LABEL: func.func @changed(
// CHECK: scf.for {{.*}} iter_args(%{{[a-z0-9]+}} = %arg0, %[[MASK:[a-z0-9]+]] = %{{.*}}) -> (tensor<5x4xf32>, tensor<5x7xi1>)
// CHECK: attn.sdpa {{.*}} mask(%[[MASK]] : tensor<5x7xi1>)
// CHECK: return
func.func @changed(%q: tensor<5x4xf32>, %k: tensor<4x7xf32>, %v: tensor<7x4xf32>, %n: index) -> tensor<5x4xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %zero = arith.constant 0.0 : f32
  %inf = arith.constant 0xFF800000 : f32
  %e0 = tensor.empty() : tensor<5x7xf32>
  %em = tensor.empty() : tensor<5x7xi1>
  %e1 = tensor.empty() : tensor<5x4xf32>
  %m = linalg.generic {indexing_maps = [affine_map<(a,b)->(a,b)>], iterator_types = ["parallel","parallel"]} outs(%em : tensor<5x7xi1>) {
    ^bb0(%o: i1):
      %i = linalg.index 0 : index
      %j = linalg.index 1 : index
      %z = arith.cmpi sge, %i, %j : index
      linalg.yield %z : i1
    } -> tensor<5x7xi1>
  %init = linalg.fill ins(%zero : f32) outs(%e0 : tensor<5x7xf32>) -> tensor<5x7xf32>
  %out = linalg.fill ins(%zero : f32) outs(%e1 : tensor<5x4xf32>) -> tensor<5x4xf32>
  %r:2 = scf.for %i = %c0 to %n step %c1 iter_args(%x = %q, %mask = %m) -> (tensor<5x4xf32>, tensor<5x7xi1>) {
    %s = linalg.matmul ins(%x, %k : tensor<5x4xf32>, tensor<4x7xf32>) outs(%init : tensor<5x7xf32>) -> tensor<5x7xf32>
    %s2 = linalg.generic {indexing_maps = [affine_map<(a,b)->(a,b)>, affine_map<(a,b)->(a,b)>, affine_map<(a,b)->(a,b)>], iterator_types = ["parallel","parallel"]} ins(%mask, %s : tensor<5x7xi1>, tensor<5x7xf32>) outs(%e0 : tensor<5x7xf32>) {
    ^bb0(%a: i1, %b: f32, %o: f32):
      %z = arith.select %a, %b, %inf : f32
      linalg.yield %z : f32
    } -> tensor<5x7xf32>
    %p = linalg.softmax dimension(1) ins(%s2 : tensor<5x7xf32>) outs(%e0 : tensor<5x7xf32>) -> tensor<5x7xf32>
    %o = linalg.matmul ins(%p, %v : tensor<5x7xf32>, tensor<7x4xf32>) outs(%out : tensor<5x4xf32>) -> tensor<5x4xf32>
    %next = arith.xori %mask, %m : tensor<5x7xi1>
    scf.yield %o, %next : tensor<5x4xf32>, tensor<5x7xi1>
  }
  return %r#0 : tensor<5x4xf32>
}
