// Whole programs around attention.

// RUN: attn-run %s --entry=results --random --compare=math
// RUN: attn-run %s --entry=loop --random --compare=math
// RUN: attn-run %s --entry=elementwise --random --compare=math
// RUN: attn-run %s --entry=slices --random --compare=math
// RUN: attn-run %s --entry=vectors --random --compare=math
// RUN: attn-run %s --entry=powers --random --compare=math
// RUN: attn-run %s --entry=reading --random --compare=math
// RUN: attn-run %s --entry=huge_bias --random --compare=math
// RUN: attn-run %s --entry=least_tile --random --compare=math
// RUN: not attn-run %s --entry=heads --random --shape 0=2x5x8 --shape 1=0x7x8 2>&1 | FileCheck %s --check-prefix=HEADS

// HEADS: the number of heads of query is no multiple of that of key

!t = tensor<5x8xf32>

// One buffer becomes two results, and a view of it a third.
func.func @results(%q: !t, %o: !t) -> (!t, !t, tensor<40xf32>) {
  %0 = attn.sdpa query(%q : !t) key(%q : !t) value(%q : !t) outs(%o : !t) -> !t
  %1 = tensor.collapse_shape %0 [[0, 1]] : !t into tensor<40xf32>
  return %0, %0, %1 : !t, !t, tensor<40xf32>
}

func.func @loop(%q: !t) -> !t {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c3 = arith.constant 3 : index
  %r = scf.for %i = %c0 to %c3 step %c1 iter_args(%x = %q) -> !t {
    %e = tensor.empty() : !t
    %0 = attn.sdpa query(%x : !t) key(%q : !t) value(%q : !t) outs(%e : !t) -> !t
    scf.yield %0 : !t
  }
  return %r : !t
}

func.func @elementwise(%q: !t, %o: !t) -> !t {
  %0 = attn.sdpa query(%q : !t) key(%q : !t) value(%q : !t) outs(%o : !t) -> !t
  %1 = math.tanh %0 : !t
  %2 = arith.addf %1, %q : !t
  return %2 : !t
}

// A slice for each query has no place in a vector.
func.func @slices(%q: !t, %o: !t, %b: tensor<5x5xf32>) -> !t {
  %0 = attn.sdpa query(%q : !t) key(%q : !t) value(%q : !t)
    score(%s: f32, %i: index, %j: index) {
      %row = tensor.extract_slice %b[%i, 0] [1, 5] [1, 1] : tensor<5x5xf32> to tensor<5xf32>
      %x = tensor.extract %row[%j] : tensor<5xf32>
      %y = arith.addf %s, %x : f32
      attn.yield %y : f32
    } outs(%o : !t) -> !t
  return %0 : !t
}

func.func @vectors(%q: !t, %o: !t) -> !t {
  %0 = attn.sdpa query(%q : !t) key(%q : !t) value(%q : !t)
    score(%s: f32, %i: index, %j: index) {
      %c = arith.constant dense<[1.0, 2.0, 3.0, 4.0, 5.0]> : vector<5xf32>
      %x = vector.extract %c[%i] : f32 from vector<5xf32>
      %y = vector.extract %c[%j] : f32 from vector<5xf32>
      %z = arith.mulf %x, %y : f32
      %r = arith.addf %s, %z : f32
      attn.yield %r : f32
    } outs(%o : !t) -> !t
  return %0 : !t
}

func.func @powers(%q: !t, %o: !t, %e: f32) -> !t {
  %two = arith.constant 2 : i32
  %0 = attn.sdpa query(%q : !t) key(%q : !t) value(%q : !t)
    score(%s: f32, %i: index, %j: index) {
      %x = math.fpowi %s, %two : f32, i32
      %y = math.powf %x, %e : f32
      %z = math.erf %y : f32
      attn.yield %z : f32
    } outs(%o : !t) -> !t
  return %0 : !t
}

// The two ops read other values from the same memory.
func.func @reading(%q: !t, %o: !t, %m: memref<5xf32>, %x: f32) -> !t {
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
  %2 = arith.subf %0, %1 : !t
  return %2 : !t
}

// The lowest f32 is finite: a row of it is no row without keys.
func.func @huge_bias(%q: !t, %o: !t) -> !t {
  %b = arith.constant dense<[[-3.40282347e+38], [3.40282347e+38], [0.0], [-3.0e38], [-3.40282347e+38]]> : tensor<5x1xf32>
  %0 = attn.sdpa query(%q : !t) key(%q : !t) value(%q : !t) bias(%b : tensor<5x1xf32>) outs(%o : !t) -> !t
  return %0 : !t
}

#least = #attn.cpu_schedule<vector_size = 4, query_vectors = 1, key_rows = 1, value_rows = 1, block_keys = 1, exp2 = portable>
func.func @least_tile(%q: !t, %o: !t, %b: tensor<5x5xf32>) -> !t {
  %0 = attn.sdpa query(%q : !t) key(%q : !t) value(%q : !t) bias(%b : tensor<5x5xf32>) backend = flash schedule = #least outs(%o : !t) -> !t
  return %0 : !t
}

func.func @heads(%q: tensor<?x5x8xf32>, %k: tensor<?x7x8xf32>) -> tensor<?x5x8xf32> {
  %c0 = arith.constant 0 : index
  %h = tensor.dim %q, %c0 : tensor<?x5x8xf32>
  %e = tensor.empty(%h) : tensor<?x5x8xf32>
  %0 = attn.sdpa query(%q : tensor<?x5x8xf32>) key(%k : tensor<?x7x8xf32>) value(%k : tensor<?x7x8xf32>) outs(%e : tensor<?x5x8xf32>) -> tensor<?x5x8xf32>
  return %0 : tensor<?x5x8xf32>
}
