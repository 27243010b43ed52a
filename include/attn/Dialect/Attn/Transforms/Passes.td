//===- Passes.td - Passes of the attn dialect ----------------*- tablegen -*-===//
//
// Part of the attn-mlir project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef ATTN_DIALECT_ATTN_TRANSFORMS_PASSES_TD
#define ATTN_DIALECT_ATTN_TRANSFORMS_PASSES_TD

include "mlir/Pass/PassBase.td"

//===----------------------------------------------------------------------===//
// attn-add-destinations
//===----------------------------------------------------------------------===//

def AttnAddDestinationsPass
    : Pass<"attn-add-destinations", "::mlir::ModuleOp"> {
  let summary = "Let public functions work in the memory of their callers";
  let description = [{
    Turns the tensors at the boundary of every public function with a body into
    memrefs of the caller's: arguments are read from there, results are written
    to memrefs that follow the arguments. Memrefs have any strides, but for the
    last dimension, which is contiguous. Results must not overlap arguments. Where
    a dimension of a result is dynamic, the caller's memref must have its size;
    that is checked when the function runs.

    Bufferization that follows needs no copies of its own at the boundary if
    `eliminate-empty-tensors` runs before it.

    Before:

    ```mlir
    func.func @main(%q: tensor<?x64xf16>) -> tensor<?x64xf16> {
      ...
      return %o : tensor<?x64xf16>
    }
    ```

    After:

    ```mlir
    func.func @main(%q: memref<?x64xf16, strided<[?, 1]>>,
                    %out: memref<?x64xf16, strided<[?, 1]>>) {
      %0 = bufferization.to_tensor %q restrict : ... to tensor<?x64xf16>
      ...
      cf.assert %same_size, "result 0: dimension 0 is not that of its memory"
      bufferization.materialize_in_destination %o in restrict writable %out
      return
    }
    ```
  }];
  let dependentDialects = [
    "::mlir::arith::ArithDialect", "::mlir::bufferization::BufferizationDialect",
    "::mlir::cf::ControlFlowDialect", "::mlir::memref::MemRefDialect",
    "::mlir::tensor::TensorDialect"
  ];
  let statistics = [
    Statistic<"numDestinations", "num-destinations",
              "Number of results that became arguments">
  ];
}

//===----------------------------------------------------------------------===//
// attn-clone-fills
//===----------------------------------------------------------------------===//

def AttnCloneFillsPass
    : InterfacePass<"attn-clone-fills", "::mlir::FunctionOpInterface"> {
  let summary = "Give each tensor that is written to a fill of its own";
  let description = [{
    Operations that accumulate in tensors of one size begin with the same zeros,
    which CSE makes one value of. Bufferization would fill memory once and copy it
    for each of them. With a fill of its own, an operation's memory is written
    once, and a contraction's kernel can do that
    (`convert-contraction-to-vector`).

    Before:

    ```mlir
    %0 = linalg.fill ins(%zero : f32) outs(%empty : tensor<4x8xf32>)
    %1 = linalg.matmul ins(%a, %b : ...) outs(%0 : tensor<4x8xf32>)
    %2 = linalg.matmul ins(%c, %d : ...) outs(%0 : tensor<4x8xf32>)
    ```

    After:

    ```mlir
    %0 = linalg.fill ins(%zero : f32) outs(%empty : tensor<4x8xf32>)
    %1 = linalg.matmul ins(%a, %b : ...) outs(%0 : tensor<4x8xf32>)
    %other = tensor.empty() : tensor<4x8xf32>
    %2 = linalg.fill ins(%zero : f32) outs(%other : tensor<4x8xf32>)
    %3 = linalg.matmul ins(%c, %d : ...) outs(%2 : tensor<4x8xf32>)
    ```
  }];
  let statistics = [
    Statistic<"numCloned", "num-cloned", "Number of fills made">
  ];
}

//===----------------------------------------------------------------------===//
// attn-decompose-softmax
//===----------------------------------------------------------------------===//

def AttnDecomposeSoftmaxPass
    : InterfacePass<"attn-decompose-softmax", "::mlir::FunctionOpInterface"> {
  let summary = "Decompose every linalg.softmax";
  let description = [{
    Upstream has the decomposition of `linalg.softmax`, but no pass that applies
    it. Needed for softmaxes that are no part of an attention.

    Before:

    ```mlir
    %p = linalg.softmax dimension(1) ins(%x : tensor<5x7xf32>)
                                     outs(%e : tensor<5x7xf32>) -> tensor<5x7xf32>
    ```

    After:

    ```mlir
    %max = linalg.generic {...} ins(%x : ...) outs(%m : tensor<5xf32>)
    %exp = linalg.generic {...} ins(%x, %max : ...) outs(%e : tensor<5x7xf32>)
    %sum = linalg.generic {...} ins(%exp : ...) outs(%s : tensor<5xf32>)
    %p = linalg.generic {...} ins(%exp, %sum : ...) outs(%e : tensor<5x7xf32>)
    ```
  }];
  let dependentDialects = [
    "::mlir::arith::ArithDialect", "::mlir::linalg::LinalgDialect",
    "::mlir::math::MathDialect", "::mlir::tensor::TensorDialect"
  ];
  let statistics = [
    Statistic<"numDecomposed", "num-decomposed", "Number of softmaxes">
  ];
}

//===----------------------------------------------------------------------===//
// attn-expand-exp2
//===----------------------------------------------------------------------===//

def AttnExpandExp2Pass
    : InterfacePass<"attn-expand-exp2", "::mlir::FunctionOpInterface"> {
  let summary = "Expand the exponentials of logits";
  let description = [{
    Expands `math.exp2` on vectors of f32 that carry the attribute
    `attn.exp2_form`, which promises an operand of 8 at most (or NaN) and
    allows results below the normal range to be zero. The form `avx512` uses
    vreduceps and vscalefps; `portable` uses plain arithmetic. Their largest
    relative errors over all these f32 are 1.55e-7 (2^-22.6) and
    2.15e-7 (2^-22.1), by test/Integration/CPU/exp2.py. `avx512_short`, for what
    is rounded to bf16, is `avx512` with a polynomial of degree 3 instead of 5:
    7.5e-5 (2^-13.7).

    Replaces `attn.exp2_words` by a look-up of 64 bytes (vpermb), a subtraction
    and a shift.

    Before:

    ```mlir
    %p = math.exp2 %x {attn.exp2_form = "avx512"} : vector<16xf32>
    ```

    After:

    ```mlir
    %f = llvm.call_intrinsic "llvm.x86.avx512.mask.reduce.ps.512"(%x, ...)
    ...
    %p = llvm.call_intrinsic "llvm.x86.avx512.mask.scalef.ps.512"(%poly, %x, ...)
    ```
  }];
  let dependentDialects = [
    "::mlir::arith::ArithDialect", "::mlir::LLVM::LLVMDialect",
    "::mlir::vector::VectorDialect"
  ];
}

def AttnExpandTanhPass
    : InterfacePass<"attn-expand-tanh", "::mlir::FunctionOpInterface"> {
  let summary = "Expand tanh on vectors and in linalg";
  let description = [{
    Expands `math.tanh` on vectors of f32, which kernels have for a softcap and
    score regions for theirs, by upstream's rational approximation; LLVM would
    call libm once for each lane. So are scalars in linalg operations, whose loops
    LLVM vectorizes then, and no others.

    Before:

    ```mlir
    %t = math.tanh %x : vector<16xf32>
    ```

    After:

    ```mlir
    %p = math.fma %x2, %c13, %c11 : vector<16xf32>
    ...
    %t = arith.divf %p6, %q3 : vector<16xf32>
    ```
  }];
  let dependentDialects = [
    "::mlir::arith::ArithDialect", "::mlir::math::MathDialect",
    "::mlir::vector::VectorDialect"
  ];
}

//===----------------------------------------------------------------------===//
// attn-free-early
//===----------------------------------------------------------------------===//

def AttnFreeEarlyPass
    : InterfacePass<"attn-free-early", "::mlir::FunctionOpInterface"> {
  let summary = "Free buffers after their last use";
  let description = [{
    Upstream's deallocation frees buffers where their block ends: for a model of
    many layers, where it returns. This moves each `memref.dealloc` behind the last
    operation that may have to do with the buffer, if that is in the same block as
    the allocation. Every memref that an operation results in may be any memref that
    it is given, or that is used inside of it.

    Before:

    ```mlir
    %a = memref.alloc() : memref<64xf32>
    func.call @first(%a) : (memref<64xf32>) -> ()
    func.call @second() : () -> ()
    memref.dealloc %a : memref<64xf32>
    ```

    After:

    ```mlir
    %a = memref.alloc() : memref<64xf32>
    func.call @first(%a) : (memref<64xf32>) -> ()
    memref.dealloc %a : memref<64xf32>
    func.call @second() : () -> ()
    ```
  }];
}

//===----------------------------------------------------------------------===//
// attn-expand-exp
//===----------------------------------------------------------------------===//

def AttnExpandExpPass
    : InterfacePass<"attn-expand-exp", "::mlir::FunctionOpInterface"> {
  let summary = "Expand exp on vectors and in linalg";
  let description = [{
    Expands `math.exp` of f32 on vectors and in linalg operations, where SiLU,
    sigmoids and softmax have it: LLVM vectorizes loops with a polynomial, where it
    would call libm once for each element. Over all f32 the relative error is below
    2^-22.9; results below the normal range are not flushed, NaN stays NaN. Cody and
    Waite, "Software Manual for the Elementary Functions" (1980).

    Before:

    ```mlir
    %e = math.exp %x : vector<8xf32>
    ```

    After:

    ```mlir
    %shifted = math.fma %clamped, %log2e, %magic : vector<8xf32>
    %n = arith.subf %shifted, %magic : vector<8xf32>
    %r = math.fma %n, %minus_ln2, %clamped : vector<8xf32>
    ...
    %e = arith.mulf %power, %scale : vector<8xf32>
    ```
  }];
  let dependentDialects = [
    "::mlir::arith::ArithDialect", "::mlir::math::MathDialect"
  ];
}

//===----------------------------------------------------------------------===//
// attn-expand-erf
//===----------------------------------------------------------------------===//

def AttnExpandErfPass
    : InterfacePass<"attn-expand-erf", "::mlir::FunctionOpInterface"> {
  let summary = "Expand erf of f32";
  let description = [{
    Expands `math.erf` of f32, which GELU has, by upstream's polynomials: LLVM
    vectorizes loops with them, where it would call libm once for each element.

    Before:

    ```mlir
    %e = math.erf %x : f32
    ```

    After:

    ```mlir
    %p = math.fma %x2, %c5, %c4 : f32
    ...
    %e = arith.divf %numerator, %denominator : f32
    ```
  }];
  let dependentDialects = [
    "::mlir::arith::ArithDialect", "::mlir::math::MathDialect",
    "::mlir::vector::VectorDialect"
  ];
}

//===----------------------------------------------------------------------===//
// attn-split-bf16-conversions
//===----------------------------------------------------------------------===//

def AttnSplitBF16ConversionsPass
    : Pass<"attn-split-bf16-conversions", "::mlir::ModuleOp"> {
  let summary = "Convert between bf16 and f64 by way of f32";
  let description = [{
    For CPUs that have no instructions for bf16: upstream's `arith-expand` knows
    conversions between bf16 and f32 only. Results are those of one rounding: f64 is
    rounded to f32 to odd first.

    Before:

    ```mlir
    %y = arith.extf %x : bf16 to f64
    ```

    After:

    ```mlir
    %0 = arith.extf %x : bf16 to f32
    %y = arith.extf %0 : f32 to f64
    ```
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect"];
}

//===----------------------------------------------------------------------===//
// attn-round-two-vectors
//===----------------------------------------------------------------------===//

def AttnRoundTwoVectorsPass
    : Pass<"attn-round-two-vectors", "::mlir::func::FuncOp"> {
  let summary = "Round two vectors of f32 to bf16 by one AVX-512 instruction";
  let description = [{
    For CPUs with AVX512-BF16. LLVM's code generator takes `vcvtneps2bf16` for each
    half and joins the results, twice as many micro-operations as `vcvtne2ps2bf16`.

    Before:

    ```mlir
    %0 = vector.shuffle %a, %b [0, 1, ..., 31] : vector<16xf32>, vector<16xf32>
    %1 = arith.truncf %0 : vector<32xf32> to vector<32xbf16>
    ```

    After:

    ```mlir
    %1 = llvm.call_intrinsic "llvm.x86.avx512bf16.cvtne2ps2bf16.512"(%b, %a)
        : (vector<16xf32>, vector<16xf32>) -> vector<32xbf16>
    ```
  }];
  let dependentDialects = ["::mlir::LLVM::LLVMDialect"];
}

//===----------------------------------------------------------------------===//
// attn-move-bf16-as-bits
//===----------------------------------------------------------------------===//

def AttnMoveBF16AsBitsPass
    : Pass<"attn-move-bf16-as-bits", "::mlir::ModuleOp"> {
  let summary = "Make all bf16 of the LLVM dialect i16";
  let description = [{
    For CPUs that have no instructions for bf16, when nothing computes with it any
    more: values, functions, constants and memory of bf16 become those of i16.
    LLVM's x86 backend keeps a bf16 that lives across blocks in f32, and rounds it
    back by a function of compiler-rt and of libgcc since GCC 13 (`__truncsfbf2`),
    which other systems do not have. An operation that computes with bf16 is an
    error of the verifier then.

    Before:

    ```mlir
    llvm.func @f(%x: bf16) -> f32 {
      %0 = llvm.bitcast %x : bf16 to i16
    ```

    After:

    ```mlir
    llvm.func @f(%x: i16) -> f32 {
    ```
  }];
}

//===----------------------------------------------------------------------===//
// attn-check-allocations
//===----------------------------------------------------------------------===//

def AttnCheckAllocationsPass
    : InterfacePass<"attn-check-allocations", "::mlir::FunctionOpInterface"> {
  let summary = "Check that the sizes of buffers do not overflow";
  let description = [{
    Puts a `cf.assert` before every `memref.alloc` of a dynamic size: its number of
    bytes, computed in f64, must be below 2^62. Without it a product that wraps
    around would give a buffer that is too small. Whether there is so much memory,
    the allocation itself finds out.

    Before:

    ```mlir
    %0 = memref.alloc(%m, %n) : memref<?x?xf32>
    ```

    After:

    ```mlir
    %bytes = ... // 4.0 * f64(%m) * f64(%n)
    %fits = arith.cmpf olt, %bytes, %limit : f64
    cf.assert %fits, "a buffer of memref<?x?xf32> is larger than memory can be"
    %0 = memref.alloc(%m, %n) : memref<?x?xf32>
    ```
  }];
  let dependentDialects = [
    "::mlir::arith::ArithDialect", "::mlir::cf::ControlFlowDialect"
  ];
}

//===----------------------------------------------------------------------===//
// attn-check-shapes
//===----------------------------------------------------------------------===//

def AttnCheckShapesPass
    : InterfacePass<"attn-check-shapes", "::mlir::FunctionOpInterface"> {
  let summary = "Check the shapes of tensor programs when they run";
  let description = [{
    Puts `cf.assert`s before operations of `tensor` and `linalg` whose shapes,
    slices or indices are known at run time only, so that operands that do not fit
    together end in an error and not in memory of others. `attn.sdpa` has checks of
    its own, which its lowerings make. Uses the interface for run-time verification
    of upstream, with messages of one line, and adds what that does not cover:
    `tensor.expand_shape`, `tensor.insert_slice`, `tensor.reshape`, `linalg.softmax`.
    What is in the body of a structured operation or in a region of `attn.sdpa`, such
    as the index of a gather, is not checked.

    Before:

    ```mlir
    %0 = tensor.cast %x : tensor<?xf32> to tensor<4xf32>
    ```

    After:

    ```mlir
    %size = tensor.dim %x, %c0 : tensor<?xf32>
    %fits = arith.cmpi eq, %size, %c4 : index
    cf.assert %fits, "f.mlir:2:8: 'tensor.cast': size mismatch of dim 0"
    %0 = tensor.cast %x : tensor<?xf32> to tensor<4xf32>
    ```
  }];
  let dependentDialects = [
    "::mlir::affine::AffineDialect", "::mlir::arith::ArithDialect",
    "::mlir::cf::ControlFlowDialect", "::mlir::index::IndexDialect",
    "::mlir::scf::SCFDialect", "::mlir::tensor::TensorDialect"
  ];
}

//===----------------------------------------------------------------------===//
// attn-fuse-elementwise
//===----------------------------------------------------------------------===//

def AttnFoldQueryHeadsPass
    : InterfacePass<"attn-fold-query-heads", "::mlir::FunctionOpInterface"> {
  let summary = "Compute the query heads that share a key head at once";
  let description = [{
    Makes the query heads of one key head queries of one head, where those are 16 at
    most: decoding reads keys and values once for the whole group, and the heads fill
    lanes. The reshapes are views. Holds for every `attn.sdpa` on tensors with
    `backend = flash` and no schedule whose heads and queries are known, whose logits
    differ between heads in nothing but the query (no sinks, documents and regions;
    bias and mask are the same for all heads and queries), and that has no structural
    mask, or `causal<bottom_right>` with one query, which keeps every key.

    Before:

    ```mlir
    %0 = attn.sdpa query(%q : tensor<8x1x64xf32>) key(%k : tensor<2x?x64xf32>)
           value(%v : tensor<2x?x64xf32>) backend = flash outs(%o : tensor<8x1x64xf32>)
           -> tensor<8x1x64xf32>
    ```

    After (and the destination like the query):

    ```mlir
    %c = tensor.collapse_shape %q [[0, 1], [2]]
           : tensor<8x1x64xf32> into tensor<8x64xf32>
    %e = tensor.expand_shape %c [[0, 1], [2]] output_shape [2, 4, 64]
           : tensor<8x64xf32> into tensor<2x4x64xf32>
    %0 = attn.sdpa query(%e : tensor<2x4x64xf32>) key(%k : tensor<2x?x64xf32>)
           value(%v : tensor<2x?x64xf32>) backend = flash outs(%d : tensor<2x4x64xf32>)
           -> tensor<2x4x64xf32>
    ```
  }];
  let dependentDialects = ["::mlir::tensor::TensorDialect"];
  let statistics = [
    Statistic<"numFolded", "num-folded", "Number of ops whose heads were folded">
  ];
}

def AttnFuseElementwisePass
    : InterfacePass<"attn-fuse-elementwise", "::mlir::FunctionOpInterface"> {
  let summary = "Fuse element-wise operations, and transposes into contractions";
  let description = [{
    Fuses an element-wise `linalg.generic` on tensors into its only user, and what
    only moves or widens elements into a contraction that reads it: a
    `linalg.transpose`, or a permutation of another kind, into its indexing maps,
    an `arith.extf` of every element into its body.
    Upstream's `linalg-fuse-elementwise-ops` also moves reshapes through
    contractions and gives them several reduction loops, after which they are no
    matmuls any more; this pass leaves contractions and reshapes alone otherwise.

    Before:

    ```mlir
    %0 = linalg.generic {...} ins(%x : tensor<8xf32>) { arith.mulf ... }
    %1 = linalg.generic {...} ins(%0 : tensor<8xf32>) { math.exp ... }
    ```

    After:

    ```mlir
    %1 = linalg.generic {...} ins(%x : tensor<8xf32>) { arith.mulf; math.exp }
    ```
  }];
  let dependentDialects = [
    "::mlir::affine::AffineDialect", "::mlir::linalg::LinalgDialect",
    "::mlir::tensor::TensorDialect"
  ];
}

//===----------------------------------------------------------------------===//
// attn-parallelize-linalg
//===----------------------------------------------------------------------===//

def AttnParallelizeLinalgPass
    : InterfacePass<"attn-parallelize-linalg", "::mlir::FunctionOpInterface"> {
  let summary = "Run loops of linalg operations on memrefs in parallel";
  let description = [{
    Tiles the parallel loops of linalg operations on memrefs, so that a tile has
    `tile-elements` iterations or somewhat more, and lets tiles run in parallel. An
    operation with no more than one tile, and one in a parallel loop, is left
    alone. The order in which an element's terms are summed does not change.

    Before:

    ```mlir
    linalg.generic {...} ins(%a : memref<1024x512xf32>) outs(%b : memref<1024x512xf32>)
    ```

    After:

    ```mlir
    scf.parallel (%i) = (%c0) to (%c1024) step (%c16) {
      %x = memref.subview %a[%i, 0] [16, 512] [1, 1]
      %y = memref.subview %b[%i, 0] [16, 512] [1, 1]
      linalg.generic {...} ins(%x) outs(%y)
    }
    ```
  }];
  let options = [
    Option<"tileElements", "tile-elements", "int64_t", "8192",
           "Iterations of a tile's loops that are worth a thread">
  ];
  let statistics = [
    Statistic<"numTiled", "num-tiled", "Number of operations tiled">
  ];
  let dependentDialects = [
    "::mlir::affine::AffineDialect", "::mlir::arith::ArithDialect",
    "::mlir::linalg::LinalgDialect", "::mlir::memref::MemRefDialect",
    "::mlir::scf::SCFDialect"
  ];
}

//===----------------------------------------------------------------------===//
// attn-interchange-reductions
//===----------------------------------------------------------------------===//

def AttnInterchangeReductionsPass
    : InterfacePass<"attn-interchange-reductions", "::mlir::FunctionOpInterface"> {
  let summary = "Let the innermost loop of a reduction be along its results";
  let description = [{
    Interchanges the loops of linalg operations on memrefs that reduce, where what
    is adjacent in the result comes of adjacent elements: a depthwise convolution,
    a pooling, a product of a vector and a matrix. LLVM makes vectors of results
    then, where a loop that reduces would read one element of each row. Not where
    the results' last dimension has fewer than eight elements.

    Before:

    ```mlir
    linalg.vecmat ins(%x, %w : memref<16xf32>, memref<16x64xf32>) outs(%y : memref<64xf32>)
    ```

    After:

    ```mlir
    // (k, n): y[n] += x[k] * w[k, n]
    linalg.generic {..., iterator_types = ["reduction", "parallel"]} ins(%x, %w) outs(%y) {...}
    ```
  }];
  let statistics = [
    Statistic<"numInterchanged", "num-interchanged",
              "Number of operations whose loops were interchanged">
  ];
  let dependentDialects = [
    "::mlir::affine::AffineDialect", "::mlir::linalg::LinalgDialect"
  ];
}

//===----------------------------------------------------------------------===//
// attn-keep-arguments
//===----------------------------------------------------------------------===//

def AttnKeepArgumentsPass : Pass<"attn-keep-arguments", "::mlir::func::FuncOp"> {
  let summary = "Do not let functions write to the memory of their arguments";
  let description = [{
    Tensors are values, but one-shot bufferization takes the memory of a function's
    arguments for its own: a sum that begins with one would overwrite it in the
    caller's memory. Says that tensors of functions which others may call are not
    writable; where one is the destination of an operation, a result gets memory
    of its own. An argument that has `bufferization.writable` keeps it.

    Before:

    ```mlir
    func.func @main(%x: tensor<4xf32>) -> tensor<4xf32>
    ```

    After:

    ```mlir
    func.func @main(%x: tensor<4xf32> {bufferization.writable = false}) -> tensor<4xf32>
    ```
  }];
  let dependentDialects = ["::mlir::bufferization::BufferizationDialect"];
}

//===----------------------------------------------------------------------===//
// attn-lower-convolutions
//===----------------------------------------------------------------------===//

def AttnLowerConvolutionsPass
    : InterfacePass<"attn-lower-convolutions", "::mlir::FunctionOpInterface"> {
  let summary = "Turn convolutions into contractions";
  let description = [{
    Copies the input of a convolution so that what a filter covers stands
    together, which leaves a contraction (Chellapilla et al., "High Performance
    Convolutional Neural Networks for Document Processing", 2006): the patch
    embedding of a vision transformer, the first layers of a speech model. Any
    number of dimensions in any order, of any sizes, with strides, dilations and
    groups, is one; a filter of one element needs no copy. Where the copy may
    have more than `copy-elements`, loops take a part of the rows of the output at
    a time.

    What has fewer than four output channels for each group, as a depthwise
    convolution, is left alone, and a pooling.

    Before:

    ```mlir
    %0 = linalg.conv_2d_nchw_fchw {strides = dense<16> : tensor<2xi64>}
           ins(%x, %w : tensor<1x3x224x224xf32>, tensor<768x3x16x16xf32>)
           outs(%y : tensor<1x768x14x14xf32>) -> tensor<1x768x14x14xf32>
    ```

    After:

    ```mlir
    // (b, i, j, c, k, l) from (b, c, 16 * i + k, 16 * j + l)
    %0 = linalg.generic {...} ins(%x) outs(%empty : tensor<1x14x14x3x16x16xf32>)
    %1 = tensor.collapse_shape %0 [[0], [1, 2], [3, 4, 5]]
    %2 = tensor.collapse_shape %w [[0], [1, 2, 3]]
    %3 = tensor.collapse_shape %y [[0], [1], [2, 3]]
    %4 = linalg.generic {...} ins(%1, %2 : tensor<1x196x768xf32>, tensor<768x768xf32>)
                              outs(%3 : tensor<1x768x196xf32>)
    %5 = tensor.expand_shape %4 [[0], [1], [2, 3]]
    ```
  }];
  let options = [
    Option<"copyElements", "copy-elements", "int64_t", /*default=*/"4194304",
           "Elements of a copied input at most, but as many as a filter covers">
  ];
  let statistics = [
    Statistic<"numLowered", "num-lowered", "Number of convolutions lowered">
  ];
  let dependentDialects = [
    "::mlir::affine::AffineDialect", "::mlir::arith::ArithDialect",
    "::mlir::linalg::LinalgDialect", "::mlir::scf::SCFDialect",
    "::mlir::tensor::TensorDialect"
  ];
}

//===----------------------------------------------------------------------===//
// attn-lower-reductions
//===----------------------------------------------------------------------===//

def AttnLowerReductionsPass
    : InterfacePass<"attn-lower-reductions", "::mlir::FunctionOpInterface"> {
  let summary = "Lower reductions of linalg to loops with results in registers";
  let description = [{
    Lowers linalg operations on memrefs whose innermost loop, and no other, reduces.
    Upstream's loops keep the result in memory, which LLVM cannot take out of the
    loop where an input may be the same memory. Sums may be reassociated, which
    LLVM needs to vectorize them: their order is the compiler's, not the threads'.

    Before:

    ```mlir
    linalg.generic {...} ins(%x : memref<8x512xf32>) outs(%y : memref<8xf32>) { arith.addf }
    ```

    After:

    ```mlir
    scf.for %i = %c0 to %c8 step %c1 {
      %first = memref.load %y[%i] : memref<8xf32>
      %sum = scf.for %j = %c0 to %c512 step %c1 iter_args(%s = %first) -> (f32) {
        %a = memref.load %x[%i, %j] : memref<8x512xf32>
        %t = arith.addf %a, %s fastmath<reassoc> : f32
        scf.yield %t : f32
      }
      memref.store %sum, %y[%i] : memref<8xf32>
    }
    ```
  }];
  let statistics = [
    Statistic<"numLowered", "num-lowered", "Number of operations lowered">
  ];
  let dependentDialects = [
    "::mlir::affine::AffineDialect", "::mlir::arith::ArithDialect",
    "::mlir::memref::MemRefDialect", "::mlir::scf::SCFDialect"
  ];
}

//===----------------------------------------------------------------------===//
// attn-widen-contractions
//===----------------------------------------------------------------------===//

def AttnWidenContractionsPass
    : InterfacePass<"attn-widen-contractions", "::mlir::FunctionOpInterface"> {
  let summary = "Sum products of f16 and bf16 in f32";
  let description = [{
    Lets a contraction of tensors of f16 or bf16, whose sum would be rounded at
    every step, sum in f32 and rounds it once. So do BLAS and PyTorch, whose
    modules some exporters write with sums of the inputs' type. A contraction
    with another type between its inputs and its output is left alone.

    Before:

    ```mlir
    %0 = linalg.fill ins(%zero : bf16) outs(%init : tensor<4x8xbf16>)
    %1 = linalg.matmul ins(%a, %b : tensor<4x16xbf16>, tensor<16x8xbf16>)
                       outs(%0 : tensor<4x8xbf16>)
    ```

    After:

    ```mlir
    %0 = linalg.fill ins(%cst : f32) outs(%wide : tensor<4x8xf32>)
    %1 = linalg.generic {...} ins(%a, %b) outs(%0) {
      // arith.extf, arith.extf, arith.mulf, arith.addf
    }
    %2 = linalg.generic {...} ins(%1) outs(%init) { arith.truncf }
    ```
  }];
  let dependentDialects = [
    "::mlir::arith::ArithDialect", "::mlir::linalg::LinalgDialect",
    "::mlir::tensor::TensorDialect"
  ];
}

//===----------------------------------------------------------------------===//
// attn-promote-to-f64
//===----------------------------------------------------------------------===//

def AttnPromoteToF64Pass : Pass<"attn-promote-to-f64", "::mlir::ModuleOp"> {
  let summary = "Turn a module into its double-precision reference";
  let description = [{
    Replaces f16, bf16 and f32 by f64 in all types and constants and drops the
    conversions between them. The result computes the same function without the
    rounding of the original: the reference that `attn-run --compare math`
    compares with. Bitcasts of floats are an error.

    Before:

    ```mlir
    %0 = arith.extf %x : f16 to f32
    %1 = arith.mulf %0, %cst : f32
    ```

    After:

    ```mlir
    %1 = arith.mulf %x, %cst : f64
    ```
  }];
}

//===----------------------------------------------------------------------===//
// attn-select-backend
//===----------------------------------------------------------------------===//

def AttnSelectBackendPass
    : InterfacePass<"attn-select-backend", "::mlir::FunctionOpInterface"> {
  let summary = "Decide which lowering every attn.sdpa takes";
  let description = [{
    Replaces `backend = auto` by `flash` where the target's flash kernel can take
    the op, else by `math`, and says why in a missed remark of the category
    `attn-backend`. An op, or the option, that asks for `flash` where it cannot
    be had is an error.

    Before, for f64 operands:

    ```mlir
    %0 = attn.sdpa query(%q : tensor<8x64xf64>) ... outs(...) -> ...
    ```

    After:

    ```mlir
    %0 = attn.sdpa query(%q : tensor<8x64xf64>) ... backend = math outs(...)
    ```
  }];
  let options = [
    Option<"backend", "backend", "std::string", "\"auto\"",
           "Backend of the ops that name none: auto, flash or math">,
    Option<"target", "target", "std::string", "\"cpu\"",
           "Where the program will run: cpu or cuda (which has flash only)">
  ];
  let statistics = [
    Statistic<"numFlash", "num-flash", "Number of attentions for flash">,
    Statistic<"numMath", "num-math", "Number of attentions for math">
  ];
}

//===----------------------------------------------------------------------===//
// attn-select-schedule
//===----------------------------------------------------------------------===//

def AttnSelectSchedulePass
    : InterfacePass<"attn-select-schedule", "::mlir::FunctionOpInterface"> {
  let summary = "Choose the tile sizes of every flash kernel";
  let description = [{
    Gives every `attn.sdpa` with `backend = flash` and no schedule the
    `#attn.cpu_schedule` that suits its shape and the target, and says so in an
    analysis remark of the category `attn-schedule`. The register tile holds as
    many accumulators as fit the registers beside their operands; a structural mask
    takes narrower groups of queries. Tiles have as many groups as leave enough
    tiles for many threads and scratch memory that fits a cache. Up to 16 queries
    split long sequences of keys, and as many as fill half of a vector put columns
    into lanes. With AMX, an f16 becomes two bf16, which is not worth it for sizes
    that are known to be 128 at most (256 with a structural mask).

    Before:

    ```mlir
    %0 = attn.sdpa query(%q : tensor<8x77x64xf32>) ... backend = flash ...
    ```

    After:

    ```mlir
    %0 = attn.sdpa query(%q : tensor<8x77x64xf32>) ... backend = flash
           schedule = #attn.cpu_schedule<vector_size = 16, query_vectors = 4,
           key_rows = 4, value_rows = 4, block_keys = 128, exp2 = avx512> ...
    ```
  }];
  let options = [
    Option<"vectorBits", "vector-bits", "int64_t", "256",
           "Width of a vector register in bits">,
    Option<"vectorRegisters", "vector-registers", "int64_t", "16",
           "Number of vector registers">,
    Option<"useAVX512", "avx512", "bool", "false",
           "Whether the target has AVX-512F and AVX-512DQ">,
    Option<"useBF16Dot", "bf16-dot", "bool", "false",
           "Whether products of pairs of bf16 are faster than those of f32">,
    Option<"useAMX", "amx", "bool", "false",
           "Whether the target multiplies tiles of bf16 (AMX-BF16)">,
    Option<"alwaysUseAMX", "amx-always", "bool", "false",
           "Whether f16 is multiplied so even where sizes are small and FMA is "
           "faster">
  ];
  let statistics = [
    Statistic<"numScheduled", "num-scheduled", "Number of schedules chosen">
  ];
}

#endif // ATTN_DIALECT_ATTN_TRANSFORMS_PASSES_TD
