package capture

import (
	"errors"
	"slices"
	"testing"
)

// A filter is replaced between two packets. A wrong one changes nothing.
func TestSetFilter(t *testing.T) {
	b, err := NewBatcher(BatcherOptions{Filter: "len == 60"})
	if err != nil {
		t.Fatal(err)
	}
	add := func(n int) {
		t.Helper()
		if err := b.Copy(&Packet{Data: make([]byte, n), OrigLen: uint32(n), Time: 1, Link: linkEthernet}); err != nil {
			t.Fatal(err)
		}
	}
	both := func() { add(60); add(70) }
	both()
	if err := b.SetFilter("len == 70"); err != nil {
		t.Fatal(err)
	}
	both()
	var fe *FilterError
	if err := b.SetFilter("len === 60"); !errors.As(err, &fe) {
		t.Errorf("a wrong filter: %v", err)
	}
	both()
	if err := b.SetFilter(""); err != nil {
		t.Fatal(err)
	}
	both()
	var got []int
	for _, p := range b.End().Packets {
		got = append(got, len(p.Data))
	}
	if want := []int{60, 70, 70, 60, 70}; !slices.Equal(got, want) || b.Stats().Filtered != 3 {
		t.Errorf("packets %v, want %v; filtered %d", got, want, b.Stats().Filtered)
	}
	raw, err := NewBatcher(BatcherOptions{Filter: "ip"})
	if err != nil {
		t.Fatal(err)
	}
	if err := raw.Copy(&Packet{Data: make([]byte, 60), Time: 1, Link: linkRaw}); err != nil {
		t.Fatal(err)
	}
	if err := raw.SetFilter("ether host 00:00:00:00:00:01"); err == nil {
		t.Error("a filter without a meaning for a link type that was seen")
	}
}
