/* Programs of attn.sdpa as the Python package writes them. */
#ifndef ATTN_TEST_CAPI_ATTENTION_H
#define ATTN_TEST_CAPI_ATTENTION_H

/* On strided memrefs of the caller's, with more clauses of the op. */
#define ATTENTION(ROWS, TENSOR, CLAUSES)                                       \
  "func.func @main(%q_: " ROWS ", %k_: " ROWS ", %v_: " ROWS ", %o_: " ROWS    \
  ") {\n"                                                                      \
  "  %q = bufferization.to_tensor %q_ restrict : " ROWS " to " TENSOR "\n"     \
  "  %k = bufferization.to_tensor %k_ restrict : " ROWS " to " TENSOR "\n"     \
  "  %v = bufferization.to_tensor %v_ restrict : " ROWS " to " TENSOR "\n"     \
  "  %o = bufferization.to_tensor %o_ restrict writable : " ROWS " to " TENSOR \
  "\n"                                                                         \
  "  %r = attn.sdpa query(%q : " TENSOR ") key(%k : " TENSOR                   \
  ") value(%v : " TENSOR ") " CLAUSES " outs(%o : " TENSOR ") -> " TENSOR "\n" \
  "  bufferization.materialize_in_destination %r in restrict writable %o_ "    \
  ": (" TENSOR ", " ROWS ") -> ()\n"                                           \
  "  return\n"                                                                 \
  "}\n"

#endif /* ATTN_TEST_CAPI_ATTENTION_H */
