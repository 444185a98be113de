package packet

import "golang.org/x/sys/cpu"

// sumBlocks returns the sum of the 32-bit words, as little endian, of n bytes at p. n is a
// multiple of 64 and not 0. The processor has AVX2.
//
//go:noescape
func sumBlocks(p *byte, n int) uint64

var hasSumBlocks = cpu.X86.HasAVX2
