//go:build !linux

package main

// machineMemory returns the size of the machine's memory in bytes, or 0 if unknown.
func machineMemory() uint64 { return 0 }
