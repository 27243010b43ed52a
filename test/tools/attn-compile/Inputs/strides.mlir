!rows = memref<?x?x8xf32, strided<[?, ?, 1], offset: ?>>
!any = memref<?x?x8xf32, strided<[?, ?, ?], offset: ?>>

func.func @attention(%q: !rows, %k: !any, %v: !rows, %o: !any, %m: memref<?x?xi1>) {
  %query = bufferization.to_tensor %q restrict : !rows to tensor<?x?x8xf32>
  %key = bufferization.to_tensor %k restrict : !any to tensor<?x?x8xf32>
  %value = bufferization.to_tensor %v restrict : !rows to tensor<?x?x8xf32>
  %mask = bufferization.to_tensor %m restrict : memref<?x?xi1> to tensor<?x?xi1>
  %out = bufferization.to_tensor %o restrict writable : !any to tensor<?x?x8xf32>
  %result = attn.sdpa query(%query : tensor<?x?x8xf32>) key(%key : tensor<?x?x8xf32>) value(%value : tensor<?x?x8xf32>)
      mask(%mask : tensor<?x?xi1>) outs(%out : tensor<?x?x8xf32>) -> tensor<?x?x8xf32>
  bufferization.materialize_in_destination %result in restrict writable %o : (tensor<?x?x8xf32>, !any) -> ()
  return
}

func.func @static_strides(%x: memref<4x8xf32, strided<[16, 1]>>) {
  return
}
