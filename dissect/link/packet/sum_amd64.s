#include "textflag.h"

// func sumBlocks(p *byte, n int) uint64
//
// Adds the 32-bit words of n bytes at p, a multiple of 64 and not 0, in lanes of 64 bits:
// those at even places masked, those at odd places shifted.
TEXT ·sumBlocks(SB), NOSPLIT, $0-24
	MOVQ     p+0(FP), SI
	MOVQ     n+8(FP), CX
	VPXOR    Y0, Y0, Y0
	VPXOR    Y1, Y1, Y1
	VPXOR    Y2, Y2, Y2
	VPXOR    Y3, Y3, Y3
	VPCMPEQD Y8, Y8, Y8
	VPSRLQ   $32, Y8, Y8

loop:
	VMOVDQU (SI), Y4
	VMOVDQU 32(SI), Y5
	VPSRLQ  $32, Y4, Y6
	VPSRLQ  $32, Y5, Y7
	VPAND   Y8, Y4, Y4
	VPAND   Y8, Y5, Y5
	VPADDQ  Y4, Y0, Y0
	VPADDQ  Y5, Y1, Y1
	VPADDQ  Y6, Y2, Y2
	VPADDQ  Y7, Y3, Y3
	ADDQ    $64, SI
	SUBQ    $64, CX
	JNZ     loop

	VPADDQ       Y1, Y0, Y0
	VPADDQ       Y3, Y2, Y2
	VPADDQ       Y2, Y0, Y0
	VEXTRACTI128 $1, Y0, X1
	VPADDQ       X1, X0, X0
	VPSRLDQ      $8, X0, X1
	VPADDQ       X1, X0, X0
	VMOVQ        X0, AX
	VZEROUPPER
	MOVQ         AX, ret+16(FP)
	RET
