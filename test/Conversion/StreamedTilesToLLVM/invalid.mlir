// RUN: attn-opt %s -convert-streamed-tiles-to-llvm -verify-diagnostics

func.func @stride(%keys: memref<?xbf16>, %i: index) {
  // expected-error@+1 {{a streamed load with a stride of its own is not supported}}
  %tile = amx.tile_load %keys[%i], %i {attn.streamed} : memref<?xbf16> into !amx.tile<16x32xbf16>
  return
}
