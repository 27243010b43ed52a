// REQUIRES: ptxas
// RUN: attn-opt %s --attn-assemble-gpu-binary="ptxas=%ptxas" --split-input-file --verify-diagnostics
// RUN: not attn-opt %s --attn-assemble-gpu-binary="ptxas=/no/cuda" --split-input-file 2>&1 | FileCheck %s --check-prefix=NONE
// RUN: not attn-opt %s --attn-assemble-gpu-binary="ptxas=%ptxas strict" --split-input-file 2>&1 | FileCheck %s --check-prefix=STRICT
// NONE: error: no ptxas at /no/cuda nor in its bin/
// STRICT: error: ptxas: kernel 'spill' spills {{[0-9]+}} bytes of registers

// expected-error @below {{Unknown symbol 'q'}}
gpu.binary @unknown [#gpu.object<#nvvm.target<chip = "sm_90a">, assembly = ".version 8.0\0A.target sm_90a\0A.address_size 64\0A.visible .entry k() {\0Amov.u32 q, 0;\0Aret;\0A}\0A">]

// -----

// expected-error @below {{failed for sm_80}}
gpu.binary @chip [#gpu.object<#nvvm.target<chip = "sm_80">, assembly = ".version 8.0\0A.target sm_90a\0A.address_size 64\0A.visible .entry k() {\0Aret;\0A}\0A">]

// -----

// 24 registers are too few for 32 values across a barrier.
// expected-warning @below {{ptxas: kernel 'spill' spills}}
gpu.binary @spills [#gpu.object<#nvvm.target<chip = "sm_90a">, assembly = ".version 8.0\0A.target sm_90a\0A.address_size 64\0A.visible .entry spill(.param .u64 p) .maxnreg 24 {\0A.reg .b64 %a;\0A.reg .f32 %f<48>;\0Ald.param.u64 %a, [p];\0Ald.volatile.global.f32 %f0, [%a+0];\0Ald.volatile.global.f32 %f1, [%a+4];\0Ald.volatile.global.f32 %f2, [%a+8];\0Ald.volatile.global.f32 %f3, [%a+12];\0Ald.volatile.global.f32 %f4, [%a+16];\0Ald.volatile.global.f32 %f5, [%a+20];\0Ald.volatile.global.f32 %f6, [%a+24];\0Ald.volatile.global.f32 %f7, [%a+28];\0Ald.volatile.global.f32 %f8, [%a+32];\0Ald.volatile.global.f32 %f9, [%a+36];\0Ald.volatile.global.f32 %f10, [%a+40];\0Ald.volatile.global.f32 %f11, [%a+44];\0Ald.volatile.global.f32 %f12, [%a+48];\0Ald.volatile.global.f32 %f13, [%a+52];\0Ald.volatile.global.f32 %f14, [%a+56];\0Ald.volatile.global.f32 %f15, [%a+60];\0Ald.volatile.global.f32 %f16, [%a+64];\0Ald.volatile.global.f32 %f17, [%a+68];\0Ald.volatile.global.f32 %f18, [%a+72];\0Ald.volatile.global.f32 %f19, [%a+76];\0Ald.volatile.global.f32 %f20, [%a+80];\0Ald.volatile.global.f32 %f21, [%a+84];\0Ald.volatile.global.f32 %f22, [%a+88];\0Ald.volatile.global.f32 %f23, [%a+92];\0Ald.volatile.global.f32 %f24, [%a+96];\0Ald.volatile.global.f32 %f25, [%a+100];\0Ald.volatile.global.f32 %f26, [%a+104];\0Ald.volatile.global.f32 %f27, [%a+108];\0Ald.volatile.global.f32 %f28, [%a+112];\0Ald.volatile.global.f32 %f29, [%a+116];\0Ald.volatile.global.f32 %f30, [%a+120];\0Ald.volatile.global.f32 %f31, [%a+124];\0Abar.sync 0;\0Ast.volatile.global.f32 [%a+256], %f0;\0Ast.volatile.global.f32 [%a+260], %f1;\0Ast.volatile.global.f32 [%a+264], %f2;\0Ast.volatile.global.f32 [%a+268], %f3;\0Ast.volatile.global.f32 [%a+272], %f4;\0Ast.volatile.global.f32 [%a+276], %f5;\0Ast.volatile.global.f32 [%a+280], %f6;\0Ast.volatile.global.f32 [%a+284], %f7;\0Ast.volatile.global.f32 [%a+288], %f8;\0Ast.volatile.global.f32 [%a+292], %f9;\0Ast.volatile.global.f32 [%a+296], %f10;\0Ast.volatile.global.f32 [%a+300], %f11;\0Ast.volatile.global.f32 [%a+304], %f12;\0Ast.volatile.global.f32 [%a+308], %f13;\0Ast.volatile.global.f32 [%a+312], %f14;\0Ast.volatile.global.f32 [%a+316], %f15;\0Ast.volatile.global.f32 [%a+320], %f16;\0Ast.volatile.global.f32 [%a+324], %f17;\0Ast.volatile.global.f32 [%a+328], %f18;\0Ast.volatile.global.f32 [%a+332], %f19;\0Ast.volatile.global.f32 [%a+336], %f20;\0Ast.volatile.global.f32 [%a+340], %f21;\0Ast.volatile.global.f32 [%a+344], %f22;\0Ast.volatile.global.f32 [%a+348], %f23;\0Ast.volatile.global.f32 [%a+352], %f24;\0Ast.volatile.global.f32 [%a+356], %f25;\0Ast.volatile.global.f32 [%a+360], %f26;\0Ast.volatile.global.f32 [%a+364], %f27;\0Ast.volatile.global.f32 [%a+368], %f28;\0Ast.volatile.global.f32 [%a+372], %f29;\0Ast.volatile.global.f32 [%a+376], %f30;\0Ast.volatile.global.f32 [%a+380], %f31;\0Aret;\0A}\0A">]
