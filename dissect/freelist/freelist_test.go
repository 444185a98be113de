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
