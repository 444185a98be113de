//go:build !linux || !(amd64 || arm64)

package sandbox

import "runtime"

// Confine does nothing but to say so: there is no way to confine a program here.
func Confine(Profile) (*Rules, []string, error) {
	return nil, []string{"not confined: " + runtime.GOOS + "/" + runtime.GOARCH + " has nothing that this program knows to confine itself with"}, nil
}
