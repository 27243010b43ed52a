// RUN: attn-opt %s --split-input-file --verify-diagnostics --convert-attn-to-attn-gpu
// RUN: not attn-opt %s --split-input-file --convert-attn-to-attn-gpu=chip=sm_70 2>&1 | FileCheck %s --check-prefix=CHIP
// RUN: not attn-opt %s --split-input-file --convert-attn-to-attn-gpu=softmax=fast 2>&1 | FileCheck %s --check-prefix=SOFTMAX
// RUN: not attn-opt %s --split-input-file --convert-attn-to-attn-gpu=stages=-1 2>&1 | FileCheck %s --check-prefix=STAGES

// RUN: not attn-opt %s --split-input-file --convert-attn-to-attn-gpu=turns=maybe 2>&1 | FileCheck %s --check-prefix=TURNS

// RUN: not attn-opt %s --split-input-file --convert-attn-to-attn-gpu=output=moved 2>&1 | FileCheck %s --check-prefix=OUTPUT
// RUN: not attn-opt %s --split-input-file --convert-attn-to-attn-gpu=f32=fp32 2>&1 | FileCheck %s --check-prefix=F32
// RUN: not attn-opt %s --split-input-file --convert-attn-to-attn-gpu=narrow-blocks=half 2>&1 | FileCheck %s --check-prefix=NARROW
// RUN: not attn-opt %s --split-input-file --convert-attn-to-attn-gpu=few-queries=some 2>&1 | FileCheck %s --check-prefix=FEW
// FEW: expected few-queries auto, on, off or grouped, got 'some'
// RUN: not attn-opt %s --split-input-file --convert-attn-to-attn-gpu=split-keys=2 2>&1 | FileCheck %s --check-prefix=SPLIT
// SPLIT: expected split-keys auto, on or off, got '2'
// NARROW: expected narrow-blocks auto, on or off, got 'half'
// RUN: not attn-opt %s --split-input-file --convert-attn-to-attn-gpu=query-registers=2 2>&1 | FileCheck %s --check-prefix=REGISTERS
// REGISTERS: expected query-registers auto, on or off, got '2'
// F32: convert-attn-to-attn-gpu: expected f32 auto, bf16x3 or tf32, got 'fp32'
// OUTPUT: expected output auto, copied or stored, got 'moved'
// TURNS: expected turns auto, on or off, got 'maybe'
// CHIP: expected a chip from sm_80 on, got 'sm_70'
// SOFTMAX: expected softmax auto, standard, lazy or optimistic, got 'fast'
// STAGES: expected a number from 0 to 1048576, got -1
// RUN: not attn-opt %s --split-input-file --convert-attn-to-attn-gpu=query-stages=9223372036854775807 2>&1 | FileCheck %s --check-prefix=LARGE
// RUN: not attn-opt %s --split-input-file --convert-attn-to-attn-gpu=section-heads=129 2>&1 | FileCheck %s --check-prefix=SECTION
// SECTION: expected sections of 128 heads at most, got 129
// LARGE: expected a number from 0 to 1048576, got 9223372036854775807

func.func @tensors(%q: tensor<5x64xbf16>, %o: tensor<5x64xbf16>) -> tensor<5x64xbf16> {
  // expected-error @below {{expected attn.sdpa on memrefs: bufferize first}}
  %0 = attn.sdpa query(%q : tensor<5x64xbf16>) key(%q : tensor<5x64xbf16>) value(%q : tensor<5x64xbf16>) backend = flash outs(%o : tensor<5x64xbf16>) -> tensor<5x64xbf16>
  return %0 : tensor<5x64xbf16>
}

// -----

func.func @element_type(%q: memref<5x64xf64>) {
  // expected-error @below {{the flash backend of CUDA cannot take this op: it takes f32, f16 and bf16, the operands are f64}}
  attn.sdpa query(%q : memref<5x64xf64>) key(%q : memref<5x64xf64>) value(%q : memref<5x64xf64>) backend = flash outs(%q : memref<5x64xf64>)
  return
}

// -----

func.func @head_dim(%q: memref<5x257xbf16>) {
  // expected-error @below {{head dimensions are 256 at most, this one is 257}}
  attn.sdpa query(%q : memref<5x257xbf16>) key(%q : memref<5x257xbf16>) value(%q : memref<5x257xbf16>) backend = flash outs(%q : memref<5x257xbf16>)
  return
}

// -----

func.func @value_dim(%q: memref<5x64xbf16>, %v: memref<5x264xbf16>) {
  // expected-error @below {{head dimensions are 256 at most, this one is 264}}
  attn.sdpa query(%q : memref<5x64xbf16>) key(%q : memref<5x64xbf16>) value(%v : memref<5x264xbf16>) backend = flash outs(%v : memref<5x264xbf16>)
  return
}

// -----

func.func @contiguous(%q: memref<5x64xbf16, strided<[1, 5]>>, %o: memref<5x64xbf16>) {
  // expected-error @below {{the last dimension is contiguous, that of memref<5x64xbf16, strided<[1, 5]>> is not known to be}}
  attn.sdpa query(%q : memref<5x64xbf16, strided<[1, 5]>>) key(%o : memref<5x64xbf16>) value(%o : memref<5x64xbf16>) backend = flash outs(%o : memref<5x64xbf16>)
  return
}

// -----

func.func @region(%q: memref<5x64xbf16>) {
  // expected-error @below {{'math.sin' in a region has no lowering in a CUDA kernel}}
  attn.sdpa query(%q : memref<5x64xbf16>) key(%q : memref<5x64xbf16>) value(%q : memref<5x64xbf16>) backend = flash
    score(%s: f32, %i: index, %j: index) {
      %t = math.sin %s : f32
      attn.yield %t : f32
    } outs(%q : memref<5x64xbf16>)
  return
}

// -----

#transposed = affine_map<(i, j) -> (j, i)>
func.func @layout(%q: memref<5x64xbf16>, %mask: memref<5x5xi1, #transposed>) {
  // expected-error @below {{it takes memrefs with a strided layout, not memref<5x5xi1, affine_map<(d0, d1) -> (d1, d0)>>}}
  attn.sdpa query(%q : memref<5x64xbf16>) key(%q : memref<5x64xbf16>) value(%q : memref<5x64xbf16>)
    mask(%mask : memref<5x5xi1, #transposed>) backend = flash outs(%q : memref<5x64xbf16>)
  return
}

// -----

#transposed = affine_map<(i, j) -> (j, i)>
func.func @captured_layout(%q: memref<5x64xbf16>, %mask: memref<5x5xi1, #transposed>) {
  // expected-error @below {{it takes memrefs with a strided layout, not memref<5x5xi1, affine_map<(d0, d1) -> (d1, d0)>>}}
  attn.sdpa query(%q : memref<5x64xbf16>) key(%q : memref<5x64xbf16>) value(%q : memref<5x64xbf16>) backend = flash
    keep(%i: index, %j: index) {
      %keep = memref.load %mask[%i, %j] : memref<5x5xi1, #transposed>
      attn.yield %keep : i1
    } outs(%q : memref<5x64xbf16>)
  return
}
