package capture

import (
	"encoding/binary"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"
)

type byteOrder interface {
	binary.ByteOrder
	binary.AppendByteOrder
}

// pcapSpec describes a pcap file to build.
type pcapSpec struct {
	order   byteOrder
	magic   uint32
	snaplen uint32
	link    uint32
	version [2]uint16
}

func plainPcap() pcapSpec {
	return pcapSpec{binary.LittleEndian, magicMicro, MaxPacket, 1, [2]uint16{2, 4}}
}

func (s pcapSpec) header() []byte {
	b := s.order.AppendUint32(nil, s.magic)
	b = s.order.AppendUint16(b, s.version[0])
	b = s.order.AppendUint16(b, s.version[1])
	b = append(b, make([]byte, 8)...)
	b = s.order.AppendUint32(b, s.snaplen)
	return s.order.AppendUint32(b, s.link)
}

// record appends a record, whose lengths need not be those of the data.
func (s pcapSpec) record(b []byte, sec, frac, caplen, orig uint32, data []byte) []byte {
	for _, v := range []uint32{sec, frac, caplen, orig} {
		b = s.order.AppendUint32(b, v)
	}
	if s.magic == magicModified {
		b = append(b, make([]byte, 8)...)
	}
	return append(b, data...)
}

func (s pcapSpec) packet(b []byte, sec, frac uint32, data string) []byte {
	return s.record(b, sec, frac, uint32(len(data)), uint32(len(data)), []byte(data))
}

// ngSpec describes a pcapng file to build.
type ngSpec struct{ order byteOrder }

func (s ngSpec) block(b []byte, typ uint32, body []byte) []byte {
	for len(body)%4 != 0 {
		body = append(body, 0)
	}
	n := uint32(len(body) + 12)
	b = s.order.AppendUint32(b, typ)
	b = s.order.AppendUint32(b, n)
	b = append(b, body...)
	return s.order.AppendUint32(b, n)
}

func (s ngSpec) section(b []byte) []byte {
	body := s.order.AppendUint32(nil, ngByteOrder)
	body = s.order.AppendUint16(body, 1)
	body = s.order.AppendUint16(body, 0)
	body = s.order.AppendUint64(body, ^uint64(0))
	return s.block(b, ngSection, body)
}

func (s ngSpec) iface(b []byte, link uint16, snaplen uint32, options ...[]byte) []byte {
	body := s.order.AppendUint16(nil, link)
	body = s.order.AppendUint16(body, 0)
	body = s.order.AppendUint32(body, snaplen)
	for _, o := range options {
		body = append(body, o...)
	}
	return s.block(b, ngInterface, body)
}

func (s ngSpec) option(code uint16, val ...byte) []byte {
	b := s.order.AppendUint16(nil, code)
	b = s.order.AppendUint16(b, uint16(len(val)))
	b = append(b, val...)
	for len(b)%4 != 0 {
		b = append(b, 0)
	}
	return b
}

func (s ngSpec) enhancedBody(iface uint32, ts uint64, caplen, orig uint32, data string) []byte {
	body := s.order.AppendUint32(nil, iface)
	body = s.order.AppendUint32(body, uint32(ts>>32))
	body = s.order.AppendUint32(body, uint32(ts))
	body = s.order.AppendUint32(body, caplen)
	body = s.order.AppendUint32(body, orig)
	return append(body, data...)
}

func (s ngSpec) enhanced(b []byte, iface uint32, ts uint64, data string) []byte {
	n := uint32(len(data))
	return s.block(b, ngEnhanced, s.enhancedBody(iface, ts, n, n, data))
}

func (s ngSpec) simple(b []byte, orig uint32, data string) []byte {
	return s.block(b, ngSimple, append(s.order.AppendUint32(nil, orig), data...))
}

func (s ngSpec) obsolete(b []byte, iface uint16, ts uint64, data string) []byte {
	body := s.order.AppendUint16(nil, iface)
	body = s.order.AppendUint16(body, 0)
	body = s.order.AppendUint32(body, uint32(ts>>32))
	body = s.order.AppendUint32(body, uint32(ts))
	body = s.order.AppendUint32(body, uint32(len(data)))
	body = s.order.AppendUint32(body, uint32(len(data)))
	return s.block(b, ngPacket, append(body, data...))
}

// got is a packet with a copy of its data.
type got struct {
	data      string
	time, now int64
	num       uint64
	orig      uint32
	link      uint16
}

// readAll reads a source to its end and checks what holds for every run.
func readAll(t testing.TB, r Source) []got {
	t.Helper()
	var all []got
	for seq := uint64(0); ; seq++ {
		b, err := r.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if b.Seq != seq {
			t.Errorf("batch %d has number %d", seq, b.Seq)
		}
		if n := len(b.Packets); n > BatchPackets {
			t.Errorf("batch %d has %d packets", seq, n)
		}
		for i := range b.Packets {
			p := &b.Packets[i]
			if n := len(all); p.Num != uint64(n+1) || n > 0 && p.Now < all[n-1].now {
				t.Errorf("packet %d: number %d, clock %d", n+1, p.Num, p.Now)
			}
			if p.OrigLen < uint32(len(p.Data)) || p.Time < 0 || p.Time%1000 != 0 || len(p.Data) > MaxPacket {
				t.Errorf("packet %d: length %d of %d, time %d", p.Num, len(p.Data), p.OrigLen, p.Time)
			}
			all = append(all, got{string(p.Data), p.Time, p.Now, p.Num, p.OrigLen, p.Link})
		}
		if n := len(all); b.Last != uint64(n) || n > 0 && b.Now < all[n-1].now {
			t.Errorf("batch %d ends with packet %d at %d", seq, b.Last, b.Now)
		}
		b.Release()
	}
	if _, err := r.Next(); err != io.EOF {
		t.Errorf("after the end: %v", err)
	}
	if s := r.Stats(); s.Packets != uint64(len(all)) {
		t.Errorf("%d packets counted, %d read", s.Packets, len(all))
	}
	return all
}

// err returns all damage found so far, joined, or nil.
func (r *Reader) err() error {
	var errs []error
	for _, d := range r.damage {
		errs = append(errs, d)
	}
	return errors.Join(errs...)
}

func writeFile(t testing.TB, name string, data []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func open(t testing.TB, o Options, paths ...string) *Reader {
	t.Helper()
	r, err := Open(paths, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close() })
	return r
}

// readBytes reads a file with that content.
func readBytes(t testing.TB, data []byte) ([]got, *Reader) {
	t.Helper()
	r := open(t, Options{}, writeFile(t, "capture", data))
	return readAll(t, r), r
}
