!t = tensor<?x?x?x64xbf16>
func.func @attention(%q: !t, %k: !t, %v: !t) -> !t {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %b = tensor.dim %q, %c0 : !t
  %h = tensor.dim %q, %c1 : !t
  %l = tensor.dim %q, %c2 : !t
  %e = tensor.empty(%b, %h, %l) : !t
  %o = attn.sdpa query(%q : !t) key(%k : !t) value(%v : !t) outs(%e : !t) -> !t
  return %o : !t
}
