package pipeline

import (
	"reflect"
	"testing"

	"github.com/wirelog/wirelog/dissect"
)

// The limits that are at their defaults are shares of the memory limit, what was set stays, and
// all together leave what the collector of garbage needs.
func TestFit(t *testing.T) {
	d := dissect.DefaultOptions()
	for _, memory := range []int64{0, 128 << 20, 256 << 20, 1 << 30, 4 << 30, 64 << 30} {
		o := Defaults()
		queues := o.fit(memory)
		c, p := &o.Dissect.Conn, &o.Dissect.Packet
		if memory == 0 || memory == 64<<30 {
			if !reflect.DeepEqual(o, Defaults()) || queues < 1<<30 {
				t.Errorf("memory %d: limits are lowered: %+v, queues %d", memory, c, queues)
			}
			continue
		}
		queues = min(queues, int64(maxLead+maxRowsAll))
		all := int64(c.ConnectionBytes) + int64(c.StateBytes) + int64(c.ReassemblyBytes)*3/2 + int64(c.MessageBytes) +
			int64(o.Dissect.Lines.Bytes) + int64(p.FragmentBytes)*5/4 + queues
		if all > memory*3/4 || c.ConnectionBytes == 0 || c.StateBytes == 0 || c.ReassemblyBytes == 0 || c.MessageBytes == 0 || queues == 0 {
			t.Errorf("memory %d: limits are %d in all: %+v", memory, all, c)
		}
		o = Defaults()
		o.Dissect.Conn.StateBytes, o.Dissect.Conn.ConnectionBytes = 300<<20, 77
		o.fit(memory)
		if c := &o.Dissect.Conn; c.StateBytes != 300<<20 || c.ConnectionBytes != 77 {
			t.Errorf("memory %d: what was set became %d and %d", memory, c.StateBytes, c.ConnectionBytes)
		}
	}
	o := Defaults()
	o.Kafka = []string{"127.0.0.1:9092"}
	if o.fit(1 << 30); o.Dissect.Conn.StateBytes >= d.Conn.StateBytes || o.outputBytes() == 0 {
		t.Errorf("what Kafka's output may hold is not taken off: %d bytes", o.outputBytes())
	}
}

// Rings are part of the memory limit.
func TestFitRings(t *testing.T) {
	ring := Defaults().Listen.Ring
	for _, tt := range []struct {
		memory     int64
		interfaces int
		set, want  int // 0 is an error
	}{
		{0, 3, ring, ring},
		{0, 3, 8 << 30, 8 << 30},
		{1 << 30, 2, ring, ring},
		{256 << 20, 2, ring, 32 << 20},
		{1 << 20, 1, ring, 0},
		{256 << 20, 2, 64 << 20, 32 << 20},
		{256 << 20, 2, 60 << 20, 60 << 20},
		{256 << 20, 2, 65 << 20, 0},
		{256 << 20, 0, 8 << 30, 8 << 30}, // captures have none
	} {
		o := Defaults()
		o.Listen.Ring = tt.set
		for range tt.interfaces {
			o.Interfaces = append(o.Interfaces, "eth0")
		}
		err := o.fitRings(tt.memory)
		if (err == nil) != (tt.want != 0) || err == nil && o.Listen.Ring != tt.want {
			t.Errorf("memory %d, %d interfaces, %d: %d, %v; want %d", tt.memory, tt.interfaces, tt.set, o.Listen.Ring, err, tt.want)
		}
		if heap := (&Options{Memory: int(tt.memory), Interfaces: o.Interfaces, Listen: o.Listen}); err == nil && tt.memory != 0 {
			if got := HeapLimit(heap); got > tt.memory-heap.ringBytes()-programBytes && got != tt.memory/2 {
				t.Errorf("memory %d: %d for the runtime", tt.memory, got)
			}
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
