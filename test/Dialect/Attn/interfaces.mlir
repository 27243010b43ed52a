// RUN: attn-opt %s --cse --split-input-file | FileCheck %s --check-prefix=CSE
// RUN: attn-opt %s --loop-invariant-code-motion --split-input-file | FileCheck %s --check-prefix=LICM
// RUN: attn-opt %s --inline --split-input-file | FileCheck %s --check-prefix=INLINE
// RUN: attn-opt %s --resolve-ranked-shaped-type-result-dims --canonicalize --cse --split-input-file | FileCheck %s --check-prefix=REIFY

!t = tensor<5x8xf32>

// CSE-LABEL: @twice
// CSE-COUNT-1: attn.sdpa
// CSE-NOT: attn.sdpa
func.func @twice(%q: !t, %o: !t) -> (!t, !t) {
  %0 = attn.sdpa query(%q : !t) key(%q : !t) value(%q : !t) outs(%o : !t) -> !t
  %1 = attn.sdpa query(%q : !t) key(%q : !t) value(%q : !t) outs(%o : !t) -> !t
  return %0, %1 : !t, !t
}

// What a region reads may change between two ops.
// CSE-LABEL: @reading_twice
// CSE-COUNT-2: attn.sdpa
func.func @reading_twice(%q: !t, %o: !t, %m: memref<5xf32>, %x: f32) -> (!t, !t) {
  %c0 = arith.constant 0 : index
  %0 = attn.sdpa query(%q : !t) key(%q : !t) value(%q : !t)
    score(%s: f32, %i: index, %j: index) {
      %b = memref.load %m[%j] : memref<5xf32>
      %r = arith.addf %s, %b : f32
      attn.yield %r : f32
    } outs(%o : !t) -> !t
  memref.store %x, %m[%c0] : memref<5xf32>
  %1 = attn.sdpa query(%q : !t) key(%q : !t) value(%q : !t)
    score(%s: f32, %i: index, %j: index) {
      %b = memref.load %m[%j] : memref<5xf32>
      %r = arith.addf %s, %b : f32
      attn.yield %r : f32
    } outs(%o : !t) -> !t
  return %0, %1 : !t, !t
}

// -----

!t = tensor<5x8xf32>

// LICM-LABEL: @invariant
// LICM: attn.sdpa
// LICM: scf.for
func.func @invariant(%q: !t, %o: !t, %n: index) -> !t {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %r = scf.for %i = %c0 to %n step %c1 iter_args(%x = %o) -> !t {
    %0 = attn.sdpa query(%q : !t) key(%q : !t) value(%q : !t) outs(%o : !t) -> !t
    %1 = arith.addf %x, %0 : !t
    scf.yield %1 : !t
  }
  return %r : !t
}

// Dynamic sizes may not agree, which is no failure if the loop does not run.
// LICM-LABEL: @not_speculatable
// LICM: scf.for
// LICM: attn.sdpa
func.func @not_speculatable(%q: tensor<?x8xf32>, %k: tensor<?x8xf32>, %o: tensor<?x8xf32>, %n: index) -> tensor<?x8xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %r = scf.for %i = %c0 to %n step %c1 iter_args(%x = %o) -> tensor<?x8xf32> {
    %0 = attn.sdpa query(%q : tensor<?x8xf32>) key(%k : tensor<?x8xf32>) value(%q : tensor<?x8xf32>) outs(%o : tensor<?x8xf32>) -> tensor<?x8xf32>
    %1 = arith.addf %x, %0 : tensor<?x8xf32>
    scf.yield %1 : tensor<?x8xf32>
  }
  return %r : tensor<?x8xf32>
}

// -----

!t = tensor<5x8xf32>

// A function of one block is inlined into a region, one of several is not.
// INLINE-LABEL: func.func @caller
// INLINE: score(
// INLINE-NEXT: arith.mulf
// INLINE-NEXT: %[[V:.*]] = func.call @branches
// INLINE-NEXT: attn.yield %[[V]]
func.func @caller(%q: !t, %o: !t) -> !t {
  %0 = attn.sdpa query(%q : !t) key(%q : !t) value(%q : !t)
    score(%s: f32, %i: index, %j: index) {
      %a = func.call @square(%s) : (f32) -> f32
      %b = func.call @branches(%a) : (f32) -> f32
      attn.yield %b : f32
    } outs(%o : !t) -> !t
  return %0 : !t
}
func.func private @square(%x: f32) -> f32 {
  %y = arith.mulf %x, %x : f32
  return %y : f32
}
func.func private @branches(%x: f32) -> f32 {
  %zero = arith.constant 0.0 : f32
  %p = arith.cmpf ogt, %x, %zero : f32
  cf.cond_br %p, ^a, ^b
^a:
  return %x : f32
^b:
  return %zero : f32
}

// -----

// REIFY-LABEL: func.func @dims
// REIFY-SAME: (%[[Q:[^:]*]]: tensor<1x?x?x8xf32>, %[[K:[^:]*]]: tensor<?x?x?x8xf32>,
// REIFY-DAG: %[[C0:.*]] = arith.constant 0 : index
// REIFY-DAG: %[[C1:.*]] = arith.constant 1 : index
// REIFY-DAG: %[[C2:.*]] = arith.constant 2 : index
// REIFY-DAG: %[[B:.*]] = tensor.dim %[[K]], %[[C0]]
// REIFY-DAG: %[[H:.*]] = tensor.dim %[[Q]], %[[C1]]
// REIFY-DAG: %[[L:.*]] = tensor.dim %[[Q]], %[[C2]]
// REIFY: return %[[B]], %[[H]], %[[L]], %[[L]], %[[B]]
func.func @dims(%q: tensor<1x?x?x8xf32>, %k: tensor<?x?x?x8xf32>, %o: tensor<?x?x?x8xf32>, %l: tensor<?x?x?xf32>) -> (index, index, index, index, index) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %0:3 = attn.sdpa query(%q : tensor<1x?x?x8xf32>) key(%k : tensor<?x?x?x8xf32>) value(%k : tensor<?x?x?x8xf32>) outs(%o, %l, %l : tensor<?x?x?x8xf32>, tensor<?x?x?xf32>, tensor<?x?x?xf32>) -> tensor<?x?x?x8xf32>, tensor<?x?x?xf32>, tensor<?x?x?xf32>
  %b = tensor.dim %0#0, %c0 : tensor<?x?x?x8xf32>
  %h = tensor.dim %0#0, %c1 : tensor<?x?x?x8xf32>
  %n = tensor.dim %0#0, %c2 : tensor<?x?x?x8xf32>
  %m = tensor.dim %0#1, %c2 : tensor<?x?x?xf32>
  %x = tensor.dim %0#2, %c0 : tensor<?x?x?xf32>
  return %b, %h, %n, %m, %x : index, index, index, index, index
}

// -----

// Cumulative lengths may be wrong, which is no failure if the loop does not run.
// LICM-LABEL: @not_speculatable_ragged
// LICM: scf.for
// LICM: attn.sdpa
func.func @not_speculatable_ragged(%q: tensor<5x8xf32>, %c: tensor<3xi32>, %o: tensor<5x8xf32>, %n: index) -> tensor<5x8xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %r = scf.for %i = %c0 to %n step %c1 iter_args(%x = %o) -> tensor<5x8xf32> {
    %0 = attn.sdpa query(%q : tensor<5x8xf32>) key(%q : tensor<5x8xf32>) value(%q : tensor<5x8xf32>) cu_seqlens(%c, %c : tensor<3xi32>, tensor<3xi32>) outs(%o : tensor<5x8xf32>) -> tensor<5x8xf32>
    %1 = arith.addf %x, %0 : tensor<5x8xf32>
    scf.yield %1 : tensor<5x8xf32>
  }
  return %r : tensor<5x8xf32>
}
