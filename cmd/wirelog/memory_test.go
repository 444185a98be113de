package main

import (
	"runtime"
	"testing"
)

func TestGarbagePercent(t *testing.T) {
	for _, tt := range []struct {
		live, before, most int64
		want               int
	}{
		{0, 0, mostGarbage, 600},
		{17 << 20, 23 << 20, mostGarbage, 600},
		{12 << 20, 23 << 20, mostGarbage, 300},
		{30 << 20, 30 << 20, mostGarbage, 600},
		{112 << 20, 112 << 20, mostGarbage, 200},
		{448 << 20, 448 << 20, mostGarbage, 50},
		{448 << 20, 1 << 30, mostGarbage, 50},
		{8 << 30, 8 << 30, mostGarbage, 25},
		{150 << 20, 150 << 20, 112 << 20, 74},
	} {
		if got := garbagePercent(tt.live, tt.before, tt.most); got != tt.want {
			t.Errorf("%d bytes in use, %d before, %d of garbage: got %d %%, want %d %%", tt.live, tt.before, tt.most, got, tt.want)
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
