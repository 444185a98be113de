#include "textflag.h"

// func sumBlocks(p *byte, n int) uint64
//
// Adds the 32-bit words of n bytes at p, a multiple of 64 and not 0. T is the sum of all 64-bit
// words, of which the carries are lost, and H that of their upper halves. Both know the upper
// halves' sum, so T - H<<32 is the sum of the lower halves, which has no carry.
TEXT ·sumBlocks(SB), NOSPLIT, $0-24
	MOVQ  p+0(FP), SI
	MOVQ  n+8(FP), CX
	VPXOR Y0, Y0, Y0 // T of even blocks of 32 bytes
	VPXOR Y1, Y1, Y1 // T of odd ones
	VPXOR Y2, Y2, Y2 // H of even ones
	VPXOR Y3, Y3, Y3 // H of odd ones
	TESTQ $64, CX
	JZ    loop

	VMOVDQU (SI), Y4
	VMOVDQU 32(SI), Y5
	VPSRLQ  $32, Y4, Y2
	VPSRLQ  $32, Y5, Y3
	VPADDQ  Y4, Y0, Y0
	VPADDQ  Y5, Y1, Y1
	ADDQ    $64, SI
	SUBQ    $64, CX
	JZ      done

loop:
	VMOVDQU (SI), Y4
	VMOVDQU 32(SI), Y5
	VMOVDQU 64(SI), Y6
	VMOVDQU 96(SI), Y7
	VPADDQ  Y4, Y0, Y0
	VPADDQ  Y5, Y1, Y1
	VPADDQ  Y6, Y0, Y0
	VPADDQ  Y7, Y1, Y1
	VPSRLQ  $32, Y4, Y4
	VPSRLQ  $32, Y5, Y5
	VPSRLQ  $32, Y6, Y6
	VPSRLQ  $32, Y7, Y7
	VPADDQ  Y4, Y2, Y2
	VPADDQ  Y5, Y3, Y3
	VPADDQ  Y6, Y2, Y2
	VPADDQ  Y7, Y3, Y3
	ADDQ    $128, SI
	SUBQ    $128, CX
	JNZ     loop

done:
	VPADDQ       Y1, Y0, Y0
	VPADDQ       Y3, Y2, Y2
	VPSLLQ       $32, Y2, Y4
	VPSUBQ       Y4, Y0, Y0
	VPADDQ       Y2, Y0, Y0
	VEXTRACTI128 $1, Y0, X1
	VPADDQ       X1, X0, X0
	VPSRLDQ      $8, X0, X1
	VPADDQ       X1, X0, X0
	VMOVQ        X0, AX
	VZEROUPPER
	MOVQ         AX, ret+16(FP)
	RET
