//go:build !amd64

package packet

const hasSumBlocks = false

func sumBlocks(*byte, int) uint64 { panic("packet: not on this processor") }
