package freelist

import "testing"

func TestList(t *testing.T) {
	var l List[int]
	a, b := l.Get(), l.Get()
	if a == b || *a != 0 {
		t.Error("not new")
	}
	*a = 1
	l.Put(a)
	l.Put(b)
	if l.Len() != 2 {
		t.Errorf("%d values", l.Len())
	}
	if l.Get() != b || l.Get() != a || *a != 1 {
		t.Error("not what was put back last, as it is")
	}
	if x := l.Get(); x == a || x == b {
		t.Error("in use twice")
	}
	if n := testing.AllocsPerRun(100, func() { l.Put(l.Get()) }); n > 1 {
		t.Errorf("%v allocations", n)
	}
}

func TestBuffers(t *testing.T) {
	l := Buffers{Largest: 8, Most: 2}
	if l.Get() != nil {
		t.Error("a buffer out of nothing")
	}
	for _, n := range []int{0, 9, 8, 4, 2} {
		l.Put(make([]byte, n))
	}
	for _, want := range []int{4, 8, 0} {
		if b := l.Get(); len(b) != 0 || cap(b) != want {
			t.Errorf("%d bytes of %d, want 0 of %d", len(b), cap(b), want)
		}
	}
}
