//go:build !linux

package pipeline

import "errors"

var errNoPins = errors.New("shards are pinned to cores on Linux only")

func usableCPUs() ([]int, error) { return nil, errNoPins }

func pinThread(int) error { return errNoPins }
