# A loop with everything that the lint complains about.
kernel:
	xorl	%eax, %eax
.LBB0_1:
	vfmadd231ps	%zmm8, %zmm9, %zmm0
	vfmadd231ps	%zmm8, %zmm9, %zmm1
	vfmadd231ps	%zmm8, %zmm9, %zmm2
	vfmadd231ps	%zmm8, %zmm9, %zmm3
	vfmadd231ps	%zmm8, %zmm9, %zmm4
	vfmadd231ps	%zmm8, %zmm9, %zmm5
	vfmadd231ps	%zmm8, %zmm9, %zmm6
	vfmadd231ps	%zmm8, %zmm9, %zmm7
	vmovups	64(%rsp), %zmm8
	vmovups	%zmm8, (%rdi,%rax)
	vmulss	%xmm8, %xmm9, %xmm10
	callq	fmaf
	incq	%rax
	jne	.LBB0_1
	retq
