package linked

import (
	"slices"
	"testing"
)

type value struct {
	node Node[value]
	n    int
}

func TestList(t *testing.T) {
	var l List[value]
	values := make([]value, 5)
	for i := range values {
		values[i].n = i
	}
	check := func(want ...int) {
		t.Helper()
		var got, back []int
		for v := range l.All() {
			got = append(got, v.n)
		}
		for n := l.newest; n != nil; n = n.prev {
			back = append(back, n.of.n)
		}
		slices.Reverse(back)
		if !slices.Equal(got, want) || !slices.Equal(back, want) {
			t.Errorf("%v, backwards %v, want %v", got, back, want)
		}
		if o := l.Oldest(); (o == nil) != (len(want) == 0) || o != nil && o.n != want[0] {
			t.Errorf("oldest %v", o)
		}
	}
	check()
	for i := range values {
		l.Add(&values[i].node, &values[i])
	}
	check(0, 1, 2, 3, 4)
	l.Remove(&values[0].node)
	l.Remove(&values[4].node)
	l.Remove(&values[2].node)
	check(1, 3)
	l.Add(&values[0].node, &values[0])
	l.Remove(&values[1].node)
	check(3, 0)
	for range l.All() {
		break
	}
	for v := range l.All() {
		l.Remove(&v.node)
	}
	check()
	if n := testing.AllocsPerRun(10, func() {
		l.Add(&values[1].node, &values[1])
		l.Remove(&values[1].node)
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
