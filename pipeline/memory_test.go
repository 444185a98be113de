package pipeline

import (
	"testing"

	"github.com/wirelog/wirelog/dissect"
)

func TestFit(t *testing.T) {
	d := dissect.DefaultOptions()
	for _, tt := range []struct {
		memory int64
		set    int // limits.state_bytes
		want   int
	}{
		{0, d.Conn.StateBytes, d.Conn.StateBytes},
		{16 << 30, d.Conn.StateBytes, d.Conn.StateBytes},
		{400 << 20, d.Conn.StateBytes, 100 << 20},
		{400 << 20, 300 << 20, 300 << 20}, // what was set stays
	} {
		o := dissect.DefaultOptions()
		o.Conn.StateBytes = tt.set
		fit(&o, tt.memory)
		if o.Conn.StateBytes != tt.want {
			t.Errorf("memory %d, limit %d: got %d, want %d", tt.memory, tt.set, o.Conn.StateBytes, tt.want)
		}
	}
}

func TestFitConnections(t *testing.T) {
	d := dissect.DefaultOptions().Conn.Connections
	for _, tt := range []struct {
		memory    int64
		set, want int
	}{
		{0, d, d},
		{16 << 30, d, d},
		{400 << 20, d, 400 << 10},
		{400 << 20, 300_000, 300_000}, // what was set stays
	} {
		o := dissect.DefaultOptions()
		o.Conn.Connections = tt.set
		fit(&o, tt.memory)
		if o.Conn.Connections != tt.want {
			t.Errorf("memory %d, limit %d: got %d, want %d", tt.memory, tt.set, o.Conn.Connections, tt.want)
		}
	}
}

func TestMemoryLimit(t *testing.T) {
	if got := MemoryLimit(&Options{Memory: 12345}); got != 12345 {
		t.Error(got)
	}
	if got := MemoryLimit(&Options{}); got < 0 {
		t.Error(got)
	}
}
