package capture

import (
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/gopacket"
)

// batcher returns a Batcher that accepts all packets.
func batcher(t testing.TB) *Batcher {
	t.Helper()
	b, err := NewBatcher(BatcherOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestBatcherFields(t *testing.T) {
	long := strings.Repeat("l", MaxPacket+7)
	for _, add := range []func(*Batcher, *Packet) error{(*Batcher).Add, (*Batcher).Copy} {
		b := batcher(t)
		for _, p := range []Packet{
			{Data: []byte("one"), Time: 5e9 + 1999, Num: 77, Now: 88, OrigLen: 2, Link: 276},
			{Data: []byte("two"), Time: -5, OrigLen: 60},
			{Data: []byte(long), Time: 6e9},
		} {
			if err := add(b, &p); err != nil {
				t.Fatal(err)
			}
		}
		batch := b.Take()
		var all []got
		for _, p := range batch.Packets {
			all = append(all, got{string(p.Data), p.Time, p.Now, p.Num, p.OrigLen, p.Link})
		}
		want := []got{
			{"one", 5e9 + 1000, 5e9 + 1000, 1, 3, 276},
			{"two", 0, 5e9 + 1000, 2, 60, 0},
			{long[:MaxPacket], 6e9, 6e9, 3, MaxPacket, 0},
		}
		if !slices.Equal(all, want) {
			t.Errorf("got %.200v", all)
		}
		if s := b.Stats(); s.Packets != 3 || s.TimesClamped != 1 || s.CutToSnaplen != 1 || s.Bytes != MaxPacket+6 {
			t.Errorf("%+v", s)
		}
		if batch.Seq != 0 || batch.Last != 3 || batch.Now != 6e9 || b.Take() != nil || b.End() != nil {
			t.Errorf("batch %d ends with packet %d at %d", batch.Seq, batch.Last, batch.Now)
		}
		batch.Release()
	}
}

// TestBatcherJump takes a batch after every packet: one whose jump is undecided
// waits for the next.
func TestBatcherJump(t *testing.T) {
	const day = 86400e9
	b := batcher(t)
	var sizes []int
	var nows []int64
	note := func(batch *Batch) {
		if batch == nil {
			sizes = append(sizes, -1)
			return
		}
		sizes = append(sizes, len(batch.Packets))
		for i := range batch.Packets {
			nows = append(nows, batch.Packets[i].Now)
		}
		if n := len(nows); batch.Last != uint64(n) {
			t.Errorf("batch %d ends with packet %d, not %d", batch.Seq, n, batch.Last)
		}
		batch.Release()
	}
	for _, at := range []int64{100e9, 30 * day, 30*day + 1e9, 90 * day} {
		if err := b.Copy(&Packet{Time: at, Data: []byte("x")}); err != nil {
			t.Fatal(err)
		}
		note(b.Take())
	}
	note(b.Pass(0))
	note(b.Pass(0))
	note(b.Pass(31 * day))
	if want := []int{1, -1, 2, -1, 1, 0, 0}; !slices.Equal(sizes, want) {
		t.Errorf("batches of %v packets, want %v", sizes, want)
	}
	if want := []int64{100e9, 30 * day, 30*day + 1e9, 30*day + 1e9}; !slices.Equal(nows, want) {
		t.Errorf("clock %v, want %v", nows, want)
	}
	if last := b.Pass(5); last.Now != 31*day || last.Last != 4 {
		t.Errorf("an idle batch ends with packet %d at %d", last.Last, last.Now)
	}
	if s := b.Stats(); s.Jumps != 1 || s.JumpsHeld != 1 {
		t.Errorf("%+v", s)
	}
}

func TestBatcherAllocations(t *testing.T) {
	b := batcher(t)
	p := Packet{Data: make([]byte, 700), Time: 1e9}
	fill := func() {
		for !b.Full() {
			if err := b.Copy(&p); err != nil {
				t.Fatal(err)
			}
		}
		b.Take().Release()
	}
	for range 5 {
		fill()
	}
	if n := testing.AllocsPerRun(20, fill); n != 0 {
		t.Errorf("%v allocations a batch", n)
	}
}

func TestFromPackets(t *testing.T) {
	const n = 2*BatchPackets + 7
	closed := false
	seq := func(yield func(Packet) bool) {
		defer func() { closed = true }()
		buf := []byte("0")
		for i := range n {
			buf[0] = byte('0' + i%10)
			if !yield(Packet{Data: buf, Time: int64(i) * 1e9, Link: linkRaw}) {
				return
			}
		}
	}
	open := func(filter string) Source {
		t.Helper()
		s, err := FromPackets(seq, BatcherOptions{Filter: filter})
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	all := readAll(t, open(""))
	if len(all) != n || all[n-1].data != string(rune('0'+(n-1)%10)) || !closed {
		t.Errorf("%d packets", len(all))
	}
	closed = false
	s := open("")
	b, err := s.Next()
	if err != nil || len(b.Packets) != BatchPackets {
		t.Fatal(err)
	}
	if s.Close(); !closed {
		t.Error("the iterator goes on after Close")
	}
	if _, err := s.Next(); err != io.EOF {
		t.Errorf("after Close: %v", err)
	}
	b.Release()
	s = open("ether host 1:2:3:4:5:6")
	var fe *FilterError
	if _, err := s.Next(); !errors.As(err, &fe) {
		t.Errorf("a filter without meaning: %v", err)
	}
	if _, err := FromPackets(seq, BatcherOptions{Filter: "prot"}); !errors.As(err, &fe) {
		t.Errorf("a wrong filter: %v", err)
	}
}

// script is a source of gopacket's that returns what it is told.
type script []any // strings, which are packets, and errors

func (s *script) ReadPacketData() ([]byte, gopacket.CaptureInfo, error) {
	if len(*s) == 0 {
		return nil, gopacket.CaptureInfo{}, io.EOF
	}
	x := (*s)[0]
	*s = (*s)[1:]
	if err, ok := x.(error); ok {
		return nil, gopacket.CaptureInfo{}, err
	}
	// Too short a length on the wire, and an interface that is ignored.
	return []byte(x.(string)), gopacket.CaptureInfo{Timestamp: time.Unix(1e9, 1999), Length: 1, CaptureLength: 9, InterfaceIndex: 3}, nil
}

func TestFromGopacket(t *testing.T) {
	timeout, broken := errors.New("timeout"), errors.New("interface is down")
	for _, c := range []struct {
		name   string
		live   bool
		in     script
		sizes  []int // of batches
		damage string
	}{
		{"nothing", false, script{}, nil, ""},
		{"to the end", false, script{"a", "bc"}, []int{2}, ""},
		{"idle", false, script{timeout, "a", "bc", timeout, timeout, "d"}, []int{0, 2, 0, 1}, ""},
		{"idle and live", true, script{"a", timeout, timeout}, []int{1, 0}, ""},
		{"an error", false, script{"a", broken, "never"}, []int{1}, "x0: reading failed after 1 packets: interface is down"},
	} {
		t.Run(c.name, func(t *testing.T) {
			before := time.Now().UnixNano()
			s, err := FromGopacket(&c.in, GopacketOptions{Name: "x0", Link: 276, Live: c.live,
				Retry: func(err error) bool { return errors.Is(err, timeout) }})
			if err != nil {
				t.Fatal(err)
			}
			var sizes []int
			for {
				b, err := s.Next()
				if err == io.EOF {
					break
				}
				if err != nil {
					t.Fatal(err)
				}
				sizes = append(sizes, len(b.Packets))
				for _, p := range b.Packets {
					if p.Time != 1e18+1000 || p.OrigLen != uint32(len(p.Data)) || p.Link != 276 {
						t.Errorf("%+v", p)
					}
				}
				if idle := c.live && len(b.Packets) == 0; idle && b.Now < before || !idle && !c.live && b.Now > 1e18+1000 {
					t.Errorf("a batch of %d packets ends at %d", len(b.Packets), b.Now)
				}
				b.Release()
			}
			if !slices.Equal(sizes, c.sizes) {
				t.Errorf("batches of %v packets, want %v", sizes, c.sizes)
			}
			damage := ""
			for _, d := range s.Damage() {
				damage += d.Error()
				if !errors.Is(d, broken) {
					t.Errorf("%v has no cause", d)
				}
			}
			if damage != c.damage {
				t.Errorf("damage %q", damage)
			}
			s.Close()
		})
	}
}

func TestNanoseconds(t *testing.T) {
	for _, c := range []struct {
		at   time.Time
		want int64
	}{
		{time.Time{}, -1000},
		{time.Unix(0, 0), 0},
		{time.Unix(7, 8), 7e9 + 8},
		{time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC), 1<<63 - 1},
	} {
		if got := nanoseconds(c.at); got != c.want {
			t.Errorf("%v is %d, want %d", c.at, got, c.want)
		}
	}
}
