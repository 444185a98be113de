//go:build !linux

package main

// machineMemory is the size of the machine's memory in bytes, 0 if unknown.
func machineMemory() uint64 { return 0 }
