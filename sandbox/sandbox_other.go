//go:build !linux || !(amd64 || arm64)

package sandbox

import "runtime"

// Confine does nothing: there is no way to confine a program here, or none that is known. Where
// Linux has one for other machines, a note says so.
func Confine(Profile) (*Rules, []string, error) {
	if runtime.GOOS != "linux" {
		return nil, nil, nil
	}
	return nil, []string{"not confined: there is no list of system calls for " + runtime.GOARCH}, nil
}

// DropCapabilities does nothing.
func DropCapabilities() error { return nil }
