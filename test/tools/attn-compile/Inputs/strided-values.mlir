!any = memref<?x?x8xf32, strided<[?, ?, ?], offset: ?>>

func.func @no_kernel(%v: !any, %o: memref<?x?x8xf32>) {
  attn.sdpa query(%v : !any) key(%v : !any) value(%v : !any) outs(%o : memref<?x?x8xf32>)
  return
}
