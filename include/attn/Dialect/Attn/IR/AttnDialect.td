//===- AttnDialect.td - The attn dialect ----------------------*- tablegen -*-===//
//
// Part of the attn-mlir project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef ATTN_DIALECT_ATTN_IR_ATTNDIALECT_TD
#define ATTN_DIALECT_ATTN_IR_ATTNDIALECT_TD

include "mlir/IR/DialectBase.td"

def Attn_Dialect : Dialect {
  let name = "attn";
  let cppNamespace = "::mlir::attn";
  let summary = "Scaled-dot-product attention with its masks and biases.";
  let description = [{
    The dialect holds one computation, attention, as one operation:

    ```
    s = scale * query . key        logits
    s = softcap * tanh(s / softcap)
    s = s + bias
    s = score(s, b..., h, i, j)    a region
    s = -inf where masked          structure, mask, keep region
    p = softmax(s) over the keys   in f32 (f64 for f64 operands)
    output = p . value
    ```

    `docs/Spec.md` defines it; a constraint is labelled `sdpa_cN` there, in the
    verifier and in the test that violates it.
  }];
  let useDefaultAttributePrinterParser = 1;
  let hasConstantMaterializer = 0;
  let dependentDialects = ["::mlir::arith::ArithDialect"];
  let extraClassDeclaration = [{
    /// Registers the attributes; defined beside them.
    void registerAttributes();
  }];
}

#endif // ATTN_DIALECT_ATTN_IR_ATTNDIALECT_TD
