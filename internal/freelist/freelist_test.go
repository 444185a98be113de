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

func TestSizes(t *testing.T) {
	var s Sizes
	var b []byte
	want := ""
	for _, n := range []int{1, 31, 1, 100, 0, 4000, 10_000} {
		add := make([]byte, n)
		for i := range add {
			add[i] = byte(len(want) + i)
		}
		want += string(add)
		if b = s.Append(b, add); string(b) != want {
			t.Fatalf("not what was appended, at %d bytes", len(want))
		}
		if c := cap(b); len(b) <= 4096 && (c < smallest || c > max(smallest, 2*len(b))) {
			t.Errorf("%d bytes in %d", len(b), c)
		}
	}
	s.Put(b)
	s.Put(nil)
	s.Put(make([]byte, 3)) // not from here
	a := s.Append(nil, make([]byte, 40))
	s.Put(a)
	if n := testing.AllocsPerRun(100, func() {
		b := s.Append(nil, a[:1])
		b = s.Append(b, a)
		s.Put(b)
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
	one, other := s.Append(nil, []byte{1}), s.Append(nil, []byte{2})
	if one[0] != 1 || other[0] != 2 || cap(one) != smallest {
		t.Error("the same buffer twice")
	}
}

// TestSizesBound puts back more than is kept.
func TestSizesBound(t *testing.T) {
	var s Sizes
	const n = 3 * mostOfSize / 4096
	var all [n][]byte
	for i := range all {
		all[i] = s.Append(nil, make([]byte, 4096))
	}
	for _, b := range all {
		s.Put(b)
	}
	if got := len(s.free[sizes-1]); got != mostOfSize/4096 {
		t.Errorf("%d are kept", got)
	}
}
