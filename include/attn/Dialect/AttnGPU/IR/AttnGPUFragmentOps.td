//===- AttnGPUFragmentOps.td - Products and fragments ----- *- tablegen -*-===//
//
// Part of the attn-mlir project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef ATTN_DIALECT_ATTNGPU_IR_ATTNGPUFRAGMENTOPS_TD
#define ATTN_DIALECT_ATTNGPU_IR_ATTNGPUFRAGMENTOPS_TD

include "attn/Dialect/AttnGPU/IR/AttnGPUOpBase.td"
include "mlir/Interfaces/InferTypeOpInterface.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

//===----------------------------------------------------------------------===//
// Products
//===----------------------------------------------------------------------===//

def AttnGPU_WgmmaOp : AttnGPU_Op<"wgmma", [AttrSizedOperandSegments,
    OptionalTypesMatchWith<"the accumulator has the type of the result",
      "result", "accumulator",
      "::llvm::cast<InFlightType>($_self).getFragmentType()">]> {
  let summary = "Begin a product on the tensor cores";
  let description = [{
    Begins `lhs . rhs^T`, or, with `values`, `lhs . rhs`: in the first form the rows
    of `rhs` are the columns of the result (keys; the first ones if it has fewer),
    in the second they are what is summed over (values). `lhs` is a tile of 64 rows
    in shared memory or a packed fragment. The product is added to `accumulator` if
    there is one and `adds` is true or not there. `depth` limits how many columns of
    tiles are summed over, in steps of 16.

    All products in one operation are one group (`attn_gpu.wait`). A fence goes
    before it: accumulators and fragments may have been written by instructions.

    Example:

    ```mlir
    %s = attn_gpu.wgmma %q, %k : !attn_gpu.shared<64x64xbf16>,
        !attn_gpu.shared<128x64xbf16> -> !attn_gpu.in_flight<64x128xf32>
    %o = attn_gpu.wgmma %p, %v values into %acc : !attn_gpu.fragment<64x128xbf16>,
        !attn_gpu.shared<128x64xbf16> -> !attn_gpu.in_flight<64x64xf32>
    %u = attn_gpu.wgmma %p, %v values into %acc if %adds : !attn_gpu.fragment<64x128xbf16>,
        !attn_gpu.shared<128x64xbf16> -> !attn_gpu.in_flight<64x64xf32>
    ```
  }];
  let arguments = (ins
    AnyTypeOf<[AttnGPU_SharedType, AttnGPU_FragmentType]>:$lhs,
    AttnGPU_SharedType:$rhs,
    Optional<AttnGPU_FragmentType>:$accumulator,
    Optional<I1>:$adds,
    UnitAttr:$values,
    OptionalAttr<I64Attr>:$depth
  );
  let results = (outs AttnGPU_InFlightType:$result);
  let assemblyFormat = [{
    $lhs `,` $rhs (`values` $values^)? (`depth` $depth^)?
    (`into` $accumulator^)? (`if` $adds^)? attr-dict `:` type($lhs) `,`
    qualified(type($rhs)) `->` qualified(type($result))
  }];
  let hasVerifier = 1;
  let extraClassDeclaration = [{
    /// What is summed over.
    int64_t getContractionSize();
  }];
}

def AttnGPU_LoadMatrixOp : AttnGPU_Op<"load_matrix", [
    MemoryEffects<[MemRead]>]> {
  let summary = "Read a tile into a packed fragment";
  let description = [{
    Each of the four warps reads its 16 rows of a tile of 64 rows of f16 or bf16 into
    registers (`ldmatrix`), where products take their left operand from. The fragment
    has the first columns of the tile, a multiple of 16. Writers of the tile must have
    been waited for.

    Example:

    ```mlir
    %q = attn_gpu.load_matrix %tile : !attn_gpu.shared<64x64xbf16>
        -> !attn_gpu.fragment<64x64xbf16>
    ```
  }];
  let arguments = (ins AttnGPU_SharedType:$tile);
  let results = (outs AttnGPU_FragmentType:$fragment);
  let assemblyFormat = [{
    $tile attr-dict `:` qualified(type($tile)) `->` qualified(type($fragment))
  }];
  let hasVerifier = 1;
}

def AttnGPU_MmaOp : AttnGPU_Op<"mma", [AttrSizedOperandSegments,
    MemoryEffects<[MemRead]>]> {
  let summary = "Products on the tensor cores, of each warp for itself";
  let description = [{
    The product that `attn_gpu.wgmma` begins, complete when the operation is: each
    of the four warps reads its 16 rows of `lhs` and all of `rhs` into registers
    (`ldmatrix`) and multiplies there (`mma.sync`). It needs no more than sm_80, and
    nothing is in flight. Writers of the tiles must have been waited for.

    Several operands on the left, of one type, share what is read of `rhs`: with two
    of them a warp has 32 rows, and shared memory keeps up with the tensor cores.
    There are as many accumulators and results, or no accumulators.

    Operands of f32 are rounded to tf32 when they are read, ties away from zero
    (`cvt.rna`): 10 bits of mantissa, a relative error of 2^-11 at most, and an
    infinity for what is 2^128 (1 - 2^-12) or more. A fragment on the left is not
    packed then; a tile may be of tf32, that is rounded already.

    Example:

    ```mlir
    %s = attn_gpu.mma [%q], %k : (!attn_gpu.shared<64x64xbf16>,
        !attn_gpu.shared<128x64xbf16>) -> !attn_gpu.fragment<64x128xf32>
    %o:2 = attn_gpu.mma [%p0, %p1], %v values into [%acc0, %acc1]
        : (!attn_gpu.fragment<64x128xbf16>, !attn_gpu.fragment<64x128xbf16>,
           !attn_gpu.shared<128x64xbf16>, !attn_gpu.fragment<64x64xf32>,
           !attn_gpu.fragment<64x64xf32>)
        -> (!attn_gpu.fragment<64x64xf32>, !attn_gpu.fragment<64x64xf32>)
    ```
  }];
  let arguments = (ins
    Variadic<AnyTypeOf<[AttnGPU_SharedType, AttnGPU_FragmentType]>>:$lhs,
    AttnGPU_SharedType:$rhs,
    Variadic<AttnGPU_FragmentType>:$accumulators,
    UnitAttr:$values,
    OptionalAttr<I64Attr>:$depth
  );
  let results = (outs Variadic<AttnGPU_FragmentType>:$results);
  let assemblyFormat = [{
    `[` $lhs `]` `,` $rhs (`values` $values^)? (`depth` $depth^)?
    (`into` `[` $accumulators^ `]`)? attr-dict `:` functional-type(operands, results)
  }];
  let hasVerifier = 1;
  let extraClassDeclaration = [{
    /// What is summed over.
    int64_t getContractionSize();
  }];
}

def AttnGPU_WaitOp : AttnGPU_Op<"wait"> {
  let summary = "Wait for products";
  let description = [{
    Waits until at most the last `pending` products are in flight and gives the
    accumulators of those that ended now. The rules of ptxas, which otherwise
    serialises all products of the kernel, are verified:

    - wgmma_1: an accumulator in flight is used by one `attn_gpu.wait` in the block
      of its product, and by nothing else;
    - wgmma_2: a wait names the products that end with it: all but the last
      `pending`;
    - wgmma_3: no fragment is packed while a product that reads a packed fragment
      is in flight;
    - wgmma_4: nothing is splatted while a product is in flight.

    Example:

    ```mlir
    %s = attn_gpu.wait pending 1 %s_in_flight
        : (!attn_gpu.in_flight<64x128xf32>) -> !attn_gpu.fragment<64x128xf32>
    ```
  }];
  let arguments = (ins I64Attr:$pending,
                       Variadic<AttnGPU_InFlightType>:$products);
  let results = (outs Variadic<AttnGPU_FragmentType>:$fragments);
  let assemblyFormat = [{
    `pending` $pending $products attr-dict `:`
    functional-type($products, $fragments)
  }];
  let hasVerifier = 1;
  let builders = [OpBuilder<(ins "int64_t":$pending, "ValueRange":$products)>];
}

def AttnGPU_IsolateOp : AttnGPU_Op<"isolate",
    [AllTypesMatch<["output", "result"]>]> {
  let summary = "Take values that are not finite out of a product";
  let description = [{
    A product `probabilities . values` makes NaN of zero times a value that is not
    finite. This adds, for each such value, what rows of a probability other than
    zero get from it to `output`, that is NaN or an infinity, and writes zero in its
    place: the product is then the one of the finite values. All `count` consumers
    of a block do it together, between waiting for the values and their product.
    Values of f32 are those that are not finite when they are rounded to tf32. It
    costs the reading of the tile as long as all values are finite.

    Example:

    ```mlir
    %r = attn_gpu.isolate %p, %v into %o by %warpgroup of 2
        : !attn_gpu.fragment<64x128xf32>, !attn_gpu.shared<128x64xbf16>,
          !attn_gpu.fragment<64x64xf32>
    ```
  }];
  let arguments = (ins AttnGPU_FragmentType:$probabilities,
                       AttnGPU_SharedType:$values, AttnGPU_FragmentType:$output,
                       I32:$warpgroup, I64Attr:$count);
  let results = (outs AttnGPU_FragmentType:$result);
  let assemblyFormat = [{
    $probabilities `,` $values `into` $output `by` $warpgroup `of` $count attr-dict
    `:` qualified(type($probabilities)) `,` qualified(type($values)) `,`
    qualified(type($output))
  }];
  let hasVerifier = 1;
}

//===----------------------------------------------------------------------===//
// Fragments and rows
//===----------------------------------------------------------------------===//

def AttnGPU_FragmentOrRow
    : AnyTypeOf<[AttnGPU_FragmentType, AttnGPU_RowType]>;

def AttnGPU_SplatOp : AttnGPU_Op<"splat", [Pure]> {
  let summary = "A fragment or row of equal values";
  let description = [{
    Example: `%o = attn_gpu.splat %zero : !attn_gpu.fragment<64x128xf32>`
  }];
  let arguments = (ins AnyTypeOf<[F32, I32, I1]>:$value);
  let results = (outs AttnGPU_FragmentOrRow:$result);
  let assemblyFormat = "$value attr-dict `:` type($value) `to` qualified(type($result))";
  let hasVerifier = 1;
}

class AttnGPU_ElementwiseOp<string mnemonic, list<Trait> traits>
    : AttnGPU_Op<mnemonic, traits # [SingleBlock]> {
  let regions = (region SizedRegion<1>:$body);
  let extraClassDeclaration = [{
    /// The columns of the fragments, or 0 if all are rows.
    int64_t getColumns();
  }];
}

def AttnGPU_MapOp : AttnGPU_ElementwiseOp<"map", [RecursiveMemoryEffects]> {
  let summary = "Compute fragments or rows element by element";
  let description = [{
    The region maps the elements of the operands to those of the results. Its
    arguments are an element of each operand (of a row operand, that of the
    element's row), the row and, if there is a fragment among operands and
    results, the column of the element. It may use values from above.

    Example:

    ```mlir
    %p = attn_gpu.map %s, %max : (!attn_gpu.fragment<64x128xf32>,
        !attn_gpu.row<f32>) -> !attn_gpu.fragment<64x128xf32> {
    ^bb0(%x: f32, %m: f32, %i: i32, %j: i32):
      %d = arith.subf %x, %m : f32
      %e = math.exp2 %d : f32
      attn_gpu.yield %e : f32
    }
    ```
  }];
  let arguments = (ins Variadic<AttnGPU_FragmentOrRow>:$operands);
  let results = (outs Variadic<AttnGPU_FragmentOrRow>:$results);
  let assemblyFormat = [{
    $operands attr-dict `:` functional-type($operands, $results) $body
  }];
  let hasVerifier = 1;
}

def AttnGPU_ForeachOp : AttnGPU_ElementwiseOp<"foreach",
    [RecursiveMemoryEffects]> {
  let summary = "Do something for each element of fragments or rows";
  let description = [{
    As `attn_gpu.map`, without results. For rows, one of the four threads that share
    a row runs the region.

    Example:

    ```mlir
    attn_gpu.foreach %lse : !attn_gpu.row<f32> {
    ^bb0(%x: f32, %i: i32):
      %p = llvm.getelementptr %base[%i] : (!llvm.ptr<1>, i32) -> !llvm.ptr<1>, f32
      llvm.store %x, %p : f32, !llvm.ptr<1>
      attn_gpu.yield
    }
    ```
  }];
  let arguments = (ins Variadic<AttnGPU_FragmentOrRow>:$operands);
  let assemblyFormat = "$operands attr-dict `:` qualified(type($operands)) $body";
  let hasVerifier = 1;
}

def AttnGPU_ReduceOp : AttnGPU_Op<"reduce", [Pure,
    TypesMatchWith<"the row has the element type of the fragment",
      "fragment", "row", "getRowTypeOf($_self)">,
    OptionalTypesMatchWith<"the initial row has the element type of the fragment",
      "fragment", "init", "getRowTypeOf($_self)">]> {
  let summary = "Combine the elements of each row that a thread holds";
  let description = [{
    Starts from `init` if there is one. The result is partial: each of the four
    threads of a row has combined its own columns; with `every` n only each n-th of
    them, the first one included. `finite` is 0 if all elements are finite and NaN
    otherwise, an instruction for each.

    Example:

    ```mlir
    %m = attn_gpu.reduce max %s : !attn_gpu.fragment<64x128xf32>
    %l = attn_gpu.reduce add %p from %sum : !attn_gpu.fragment<64x128xf32>
    %n = attn_gpu.reduce max %s every 2 : !attn_gpu.fragment<64x128xf32>
    ```
  }];
  let arguments = (ins AttnGPU_ReductionAttr:$kind,
                       AttnGPU_FragmentType:$fragment,
                       Optional<AttnGPU_RowType>:$init,
                       DefaultValuedAttr<I64Attr, "1">:$every);
  let results = (outs AttnGPU_RowType:$row);
  let assemblyFormat = [{
    `` $kind $fragment (`every` $every^)? (`from` $init^)? attr-dict `:` qualified(type($fragment))
  }];
  let hasVerifier = 1;
}

def AttnGPU_CombineOp : AttnGPU_Op<"combine",
    [Pure, SameOperandsAndResultType]> {
  let summary = "Combine the partial rows of the threads that share a row";
  let description = [{
    Example: `%m = attn_gpu.combine max %partial : !attn_gpu.row<f32>`
  }];
  let arguments = (ins AttnGPU_ReductionAttr:$kind, AttnGPU_RowType:$partial);
  let results = (outs AttnGPU_RowType:$row);
  let assemblyFormat = "`` $kind $partial attr-dict `:` qualified(type($partial))";
  let hasVerifier = 1;
}

def AttnGPU_KeepColumnsOp : AttnGPU_Op<"keep_columns",
    [Pure, AttrSizedOperandSegments, AllTypesMatch<["fragment", "result"]>,
     OptionalTypesMatchWith<"a bound is an i32", "fragment", "begin",
                            "getIndexRowType($_ctxt)">,
     OptionalTypesMatchWith<"a bound is an i32", "fragment", "end",
                            "getIndexRowType($_ctxt)">]> {
  let summary = "Mask what lies outside an interval of columns";
  let description = [{
    Replaces elements whose column is below `begin` or not below `end`, given for
    each row, by -inf. A comparison and a selection per bound and element.

    Example:

    ```mlir
    %m = attn_gpu.keep_columns %s from %begin to %end
        : !attn_gpu.fragment<64x128xf32>
    ```
  }];
  let arguments = (ins AttnGPU_FragmentType:$fragment,
                       Optional<AttnGPU_RowType>:$begin,
                       Optional<AttnGPU_RowType>:$end);
  let results = (outs AttnGPU_FragmentType:$result);
  let assemblyFormat = [{
    $fragment (`from` $begin^)? (`to` $end^)? attr-dict `:` qualified(type($fragment))
  }];
  let hasVerifier = 1;
}

def AttnGPU_PackOp : AttnGPU_Op<"pack", [Pure]> {
  let summary = "Round a fragment to a 16-bit type";
  let description = [{
    Columns that the result has beyond those of the fragment are zero.

    Example:

    ```mlir
    %a = attn_gpu.pack %p
        : !attn_gpu.fragment<64x128xf32> to !attn_gpu.fragment<64x128xbf16>
    ```
  }];
  let arguments = (ins AttnGPU_FragmentType:$fragment);
  let results = (outs AttnGPU_FragmentType:$packed);
  let assemblyFormat = [{
    $fragment attr-dict `:` qualified(type($fragment)) `to` qualified(type($packed))
  }];
  let hasVerifier = 1;
}

def AttnGPU_AnyOp : AttnGPU_Op<"any", [Pure]> {
  let summary = "Whether a predicate holds for a row of the warp";
  let description = [{
    Example: `%rare = attn_gpu.any %overflows : !attn_gpu.row<i1>`
  }];
  let arguments = (ins AttnGPU_RowType:$row);
  let results = (outs I1:$result);
  let assemblyFormat = "$row attr-dict `:` qualified(type($row))";
  let hasVerifier = 1;
}

#endif // ATTN_DIALECT_ATTNGPU_IR_ATTNGPUFRAGMENTOPS_TD
