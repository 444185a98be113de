package dissect

import (
	"encoding/binary"
	"path/filepath"
	"testing"

	"github.com/wirelog/wirelog/capture"
	"github.com/wirelog/wirelog/dissect/conn"
	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/dissect/link/packet"
	"github.com/wirelog/wirelog/value"
)

// frames encodes packets, each as link type, a byte of flags, length and data.
type frames []byte

func (f *frames) add(link uint16, data []byte) {
	*f = binary.BigEndian.AppendUint16(*f, link)
	*f = binary.BigEndian.AppendUint16(append(*f, 0), uint16(len(data)))
	*f = append(*f, data...)
}

func (f *frames) next() (link uint16, flags byte, data []byte, ok bool) {
	b := *f
	if len(b) < 5 {
		return 0, 0, nil, false
	}
	n := min(int(binary.BigEndian.Uint16(b[3:])), len(b)-5)
	*f = b[5+n:]
	return binary.BigEndian.Uint16(b), b[2], b[5 : 5+n], true
}

// everyPacket is a clock whose timers fire at the packet at which they are due.
type everyPacket struct {
	now value.Time
	num uint64
}

func (c *everyPacket) At(value.Time) (value.Time, uint64) { return c.now, c.num }

// FuzzShard feeds frames of any link type to a shard that writes every event to a
// stream, and checks the shard's sums.
func FuzzShard(f *testing.F) {
	paths, err := filepath.Glob("../testdata/*.pcap")
	if err != nil || len(paths) == 0 {
		f.Fatal(paths, err)
	}
	for _, path := range paths {
		r, err := capture.Open([]string{path}, capture.Options{})
		if err != nil {
			f.Fatal(err)
		}
		if b, err := r.Next(); err == nil {
			var in frames
			for i := range b.Packets {
				if len(in) > 4000 {
					break
				}
				in.add(b.Packets[i].Link, b.Packets[i].Data)
			}
			f.Add([]byte(in))
			b.Release()
		}
		r.Close()
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		if len(in) > 1<<16 {
			return
		}
		var hooks event.Hooks
		ends, lines := uint64(0), 0
		hooks.Conn.ConnectionStateRemove.Listen(func(*event.ConnectionStateRemove) { ends++ })
		cfg := DefaultOptions()
		cfg.Conn.Seed = conn.Seed{1, 2, 3, 4, 5, 6}
		cfg.Packet.IgnoreChecksums = true
		cfg.Conn.Connections = 50
		var s *Shard
		now := func() value.Time { return s.Now() }
		if _, err := event.NewStream(&hooks, now, func([]byte) { lines++ }); err != nil {
			t.Fatal(err)
		}
		var err error
		if s, err = New(cfg, &hooks, func(value.Time, uint64, uint64) {}); err != nil {
			t.Fatal(err)
		}
		list := frames(in)
		c := everyPacket{now: 1_700_000_000e9}
		for {
			link, flags, data, ok := list.next()
			if !ok {
				break
			}
			c.num++
			c.now += value.Time(flags&0x1f) * 1e9
			s.Advance(c.now, &c)
			s.Frame(&packet.Frame{Data: data, Time: c.now, Now: c.now, Num: c.num,
				OrigLen: uint32(len(data)) + uint32(flags>>5)*100, Link: packet.LinkType(link)})
		}
		s.Settle()
		s.Drain(All, c.now, func(uint64) {})
		st := s.Stats()
		dropped := uint64(0)
		for _, n := range st.Dropped {
			dropped += n
		}
		if st.Panics+st.Conn.Panics != 0 {
			t.Errorf("%d packets and %d analyzers panicked", st.Panics, st.Conn.Panics)
		}
		if st.Packets != c.num || st.Packets != st.Processed+dropped {
			t.Errorf("%d packets, %d processed, %d dropped", st.Packets, st.Processed, dropped)
		}
		if st.Conn.Created != st.Conn.Removed || st.Conn.Removed != ends {
			t.Errorf("%d connections began, %d ended, %d events of it", st.Conn.Created, st.Conn.Removed, ends)
		}
	})
}
