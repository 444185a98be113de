package main

import (
	"runtime"
	"testing"
)

func TestGarbagePercent(t *testing.T) {
	const mb = 1 << 20
	for _, tt := range []struct {
		live, grown, since, most int64
		want                     int
	}{
		{0, 0, 0, mostGarbage, 600},
		{17 * mb, 17 * mb, 23 * mb, mostGarbage, 600},
		{12 * mb, 12 * mb, 23 * mb, mostGarbage, 300},
		{30 * mb, -5 * mb, 60 * mb, mostGarbage, 300},
		{30 * mb, 20 * mb, 20 * mb, mostGarbage, 600},
		{112 * mb, 0, 200 * mb, mostGarbage, 200},
		{112 * mb, 112 * mb, 112 * mb, mostGarbage, 400},
		{448 * mb, 1 * mb, 224 * mb, mostGarbage, 50},
		{448 * mb, 224 * mb, 224 * mb, mostGarbage, 100},
		{8192 * mb, 0, 2048 * mb, mostGarbage, 25},
		{8192 * mb, 4096 * mb, 4096 * mb, mostGarbage, 100},
		{150 * mb, 0, 150 * mb, 112 * mb, 74},
	} {
		if got := garbagePercent(tt.live, tt.grown, tt.since, tt.most); got != tt.want {
			t.Errorf("%d bytes in use, %d more, %d allocated, %d of garbage: got %d %%, want %d %%", tt.live, tt.grown, tt.since, tt.most, got, tt.want)
		}
	}
}

func TestAfterEachCollection(t *testing.T) {
	told := make(chan bool, 100)
	afterEachCollection(func() {
		select {
		case told <- true:
		default:
		}
	})
	for range 2 {
		runtime.GC()
		<-told
	}
}
