// RUN: not attn-opt %s --convert-attn-to-attn-gpu=key-splits=3 2>&1 | FileCheck %s --check-prefix=UNIFORM
// RUN: not attn-opt %s --convert-attn-to-attn-gpu=key-splits=129 2>&1 | FileCheck %s --check-prefix=COUNT
// RUN: not attn-opt %s --convert-attn-to-attn-gpu=key-splits=-1 2>&1 | FileCheck %s --check-prefix=COUNT
// RUN: attn-opt %s --convert-attn-to-attn-gpu | FileCheck %s --implicit-check-not=_merge

// UNIFORM: error: rows without keys that are the mean of all values need keys that are not split
// COUNT: error: convert-attn-to-attn-gpu: expected 0 to 128 splits of keys, got {{129|-1}}
// CHECK: gpu.launch_func
func.func @uniform(%q: memref<2x8x1x64xf16>, %k: memref<2x2x5000x64xf16>, %m: memref<1x5000xi1>, %o: memref<2x8x1x64xf16>) {
  attn.sdpa query(%q : memref<2x8x1x64xf16>) key(%k : memref<2x2x5000x64xf16>) value(%k : memref<2x2x5000x64xf16>)
    mask(%m : memref<1x5000xi1>) masked_row = uniform backend = flash outs(%o : memref<2x8x1x64xf16>)
  return
}
