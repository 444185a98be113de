package main

import (
	"runtime"
	"testing"
)

func TestGarbagePercent(t *testing.T) {
	for _, tt := range []struct {
		live, most int64
		want       int
	}{
		{0, mostGarbage, 400},
		{30 << 20, mostGarbage, 400},
		{112 << 20, mostGarbage, 200},
		{448 << 20, mostGarbage, 50},
		{8 << 30, mostGarbage, 25},
		{150 << 20, 112 << 20, 74},
	} {
		if got := garbagePercent(tt.live, tt.most); got != tt.want {
			t.Errorf("%d bytes in use, %d of garbage: got %d %%, want %d %%", tt.live, tt.most, got, tt.want)
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
