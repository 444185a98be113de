package capture

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/klauspost/compress/zstd"
	"github.com/ulikunitz/xz"
)

func TestPcapVariants(t *testing.T) {
	le, be := binary.LittleEndian, binary.BigEndian
	for _, spec := range []pcapSpec{
		{le, magicMicro, 65535, 1, [2]uint16{2, 4}},
		{be, magicMicro, 65535, 1, [2]uint16{2, 4}},
		{le, magicNano, 65535, 113, [2]uint16{2, 4}},
		{be, magicNano, 0, 101, [2]uint16{2, 4}},
		{le, magicModified, 65535, 1, [2]uint16{2, 4}},
		{be, magicModified, 65535, 276, [2]uint16{2, 4}},
		{le, magicMicro, 65535, 1 | 2<<28, [2]uint16{2, 4}}, // with a frame check sequence
	} {
		t.Run(fmt.Sprintf("%v %x", spec.order, spec.magic), func(t *testing.T) {
			frac := uint32(123456)
			if spec.magic == magicNano {
				frac = 123456789
			}
			b := spec.packet(spec.header(), 1700000000, frac, "first")
			b = spec.record(b, 1700000001, 0, 3, 1500, []byte("two"))
			all, r := readBytes(t, b)
			if err := r.err(); err != nil {
				t.Fatal(err)
			}
			link := uint16(spec.link)
			want := []got{
				{"first", 1700000000123456000, 1700000000123456000, 1, 5, link},
				{"two", 1700000001000000000, 1700000001000000000, 2, 1500, link},
			}
			if !slices.Equal(all, want) {
				t.Errorf("got %v, want %v", all, want)
			}
		})
	}
}

func TestPcapOldVersions(t *testing.T) {
	for _, c := range []struct {
		version       [2]uint16
		first, second uint32
	}{
		{[2]uint16{2, 2}, 60, 3},
		{[2]uint16{2, 3}, 60, 3},
		{[2]uint16{2, 3}, 3, 60},
		{[2]uint16{543, 0}, 60, 3},
	} {
		spec := plainPcap()
		spec.version = c.version
		all, r := readBytes(t, spec.record(spec.header(), 1, 0, c.first, c.second, []byte("abc")))
		if len(all) != 1 || all[0].data != "abc" || all[0].orig != 60 || r.err() != nil {
			t.Errorf("version %v: %v, %v", c.version, all, r.err())
		}
	}
}

func TestPcapPeculiarities(t *testing.T) {
	spec := plainPcap()
	spec.link = 12
	spec.snaplen = 4
	b := spec.packet(spec.header(), 5, 2_000_000, "abcdef")
	all, r := readBytes(t, b)
	want := []got{{"abcd", 5_999_999_000, 5_999_999_000, 1, 6, linkRaw}}
	if !slices.Equal(all, want) || r.err() != nil {
		t.Errorf("got %v, %v", all, r.err())
	}
	if s := r.Stats(); s.TimesClamped != 1 || s.CutToSnaplen != 1 {
		t.Errorf("%+v", s)
	}
}

func TestPcapng(t *testing.T) {
	for _, order := range []byteOrder{binary.LittleEndian, binary.BigEndian} {
		s := ngSpec{order}
		offset := order.AppendUint64(nil, 1000)
		b := s.section(nil)
		b = s.block(b, 0x0bad, []byte("not known"))
		b = s.iface(b, 1, 0, s.option(1, []byte("a comment")...), s.option(0))
		b = s.iface(b, 113, 4, s.option(9, 9), s.option(14, offset...))
		b = s.iface(b, 101, 0, s.option(9, 0x80|10))
		b = s.iface(b, 101, 0, s.option(9, 0))
		b = s.enhanced(b, 0, 1_700_000_000_000_001, "micro")
		b = s.enhanced(b, 1, 1_700_000_000_123_456_789, "nano")
		b = s.enhanced(b, 2, 1_700_000_000<<10|512, "binary")
		b = s.enhanced(b, 3, 1_700_000_002, "seconds")
		b = s.simple(b, 6, "simple")
		b = s.obsolete(b, 1, 1_700_000_000_000_000_000, "old")
		b = s.section(b)
		b = s.iface(b, 228, 3)
		b = s.simple(b, 60, "cut")
		other := ngSpec{binary.BigEndian}
		b = other.section(b)
		b = other.iface(b, 0, 0)
		b = other.enhanced(b, 0, 1_700_001_000_000_000, "")[:]
		all, r := readBytes(t, b)
		sec := int64(1_700_000_000_000_000_000)
		want := []got{
			{"micro", sec + 1000, sec + 1000, 1, 5, 1},
			{"nano", sec + 1000e9 + 123_456_000, sec + 1000e9 + 123_456_000, 2, 4, 113},
			{"binary", sec + 500e6, sec + 1000e9 + 123_456_000, 3, 6, 101},
			{"seconds", sec + 2e9, sec + 1000e9 + 123_456_000, 4, 7, 101},
			{"simple", sec + 2e9, sec + 1000e9 + 123_456_000, 5, 6, 1},
			{"old", sec + 1000e9, sec + 1000e9 + 123_456_000, 6, 3, 113},
			{"cut", sec + 1000e9, sec + 1000e9 + 123_456_000, 7, 60, 228},
			{"", sec + 1000e9, sec + 1000e9 + 123_456_000, 8, 0, 0},
		}
		if !slices.Equal(all, want) {
			t.Errorf("%v:\ngot  %v\nwant %v", order, all, want)
		}
		st := r.Stats()
		if d := r.Damage(); len(d) != 0 || st.Empty != 1 {
			t.Errorf("damage %v, %d records without data", d, st.Empty)
		}
		if got, want := st.Files[0].Links, []LinkCount{{1, 2}, {113, 2}, {101, 2}, {228, 1}, {0, 1}}; !slices.Equal(got, want) {
			t.Errorf("link types %v, want %v", got, want)
		}
	}
}

func TestPcapngTimes(t *testing.T) {
	for _, c := range []struct {
		i    ngIface
		ts   uint64
		want int64
		ok   bool
	}{
		{ngIface{exp: 6}, 1, 1000, true},
		{ngIface{exp: 3}, 1500, 1_500_000_000, true},
		{ngIface{exp: 19}, 1<<64 - 1, 1_844_674_000, true},
		{ngIface{exp: 63, binary: true}, 1<<64 - 1, 1_999_999_000, true},
		{ngIface{exp: 0, binary: true}, 7, 7_000_000_000, true},
		{ngIface{exp: 32, binary: true}, 5<<32 | 1<<31, 5_500_000_000, true},
		{ngIface{exp: 0}, 1<<64 - 1, maxSec * 1e9, false},
		{ngIface{exp: 0, offset: -10}, 5, 0, false},
		{ngIface{exp: 0, offset: 1 << 62}, 5, maxSec * 1e9, false},
		{ngIface{exp: 0, offset: -1 << 63}, 5, 0, false},
		{ngIface{exp: 0, offset: -5}, 7, 2e9, true},
	} {
		if got, ok := c.i.time(c.ts); got != c.want || ok != c.ok {
			t.Errorf("%+v: %d is %d %v, want %d", c.i, c.ts, got, ok, c.want)
		}
	}
}

// TestLargeBlocks reads pcapng blocks that are longer than a block of memory.
func TestLargeBlocks(t *testing.T) {
	s := ngSpec{binary.LittleEndian}
	b := s.iface(s.section(nil), 1, 0)
	b = s.block(b, 0x77, make([]byte, 3*blockSize))
	data := strings.Repeat("x", MaxPacket)
	body := s.enhancedBody(0, 7, MaxPacket, MaxPacket, data)
	b = s.block(b, ngEnhanced, append(body, make([]byte, 2*blockSize)...))
	b = s.enhanced(b, 0, 8, "after")
	all, r := readBytes(t, b)
	if len(all) != 2 || all[0].data != data || all[1].data != "after" || r.err() != nil {
		t.Errorf("%d packets, %v", len(all), r.err())
	}
	// The trailer of the second large block is wrong: its packet was delivered
	// before the trailer was read, the packets after it are not.
	bad := bytes.Clone(b)
	bad[len(b)-40-1]++
	all, r = readBytes(t, bad)
	if len(all) != 1 || len(r.Damage()) != 1 {
		t.Errorf("%d packets, %v", len(all), r.Damage())
	}
	all, r = readBytes(t, b[:len(b)-blockSize])
	if len(all) != 1 || len(r.Damage()) != 1 {
		t.Errorf("%d packets, %v", len(all), r.Damage())
	}
}

func TestDamage(t *testing.T) {
	spec := plainPcap()
	good := spec.packet(spec.header(), 1, 0, "good")
	at := int64(len(good))
	s := ngSpec{binary.LittleEndian}
	ng := s.enhanced(s.iface(s.section(nil), 1, 0), 0, 1, "good")
	ngAt := int64(len(ng))
	raw := func(b []byte, words ...uint32) []byte {
		b = bytes.Clone(b)
		for _, w := range words {
			b = binary.LittleEndian.AppendUint32(b, w)
		}
		return b
	}
	option := func(o ...[]byte) []byte { return s.iface(bytes.Clone(ng), 1, 0, o...) }

	for _, c := range []struct {
		name    string
		file    []byte
		packets int
		offset  int64
		reason  string
	}{
		{"empty", nil, 0, 0, "empty"},
		{"three bytes", []byte{0xd4, 0xc3, 0xb2}, 0, 0, "too short"},
		{"bad magic", []byte("#fields\tts"), 0, 0, "not a capture file"},
		{"cut header", good[:20], 0, 0, "cut in a record: 20 bytes of 24"},
		{"version", append([]byte("\xd4\xc3\xb2\xa1\x01\x00\x00\x00"), make([]byte, 16)...), 0, 4, "version 1.0"},
		{"4 GB", raw(good, 1, 0, 0xffffffff, 0xffffffff), 1, at, "captured length of 4294967295"},
		{"over the bound", raw(good, 1, 0, MaxPacket+1, MaxPacket+1), 1, at, "more than 262144"},
		{"cut record header", raw(good, 1, 0), 1, at, "8 bytes of 16"},
		{"cut record", raw(good, 1, 0, 8, 8, 0), 1, at, "20 bytes of 24"},

		{"ng cut", ng[:len(ng)-3], 0, ngAt - 36, "33 bytes of 36"},
		{"ng few bytes", raw(ng, 6), 1, ngAt, "4 bytes of 12"},
		{"ng length 0", raw(ng, 6, 0, 0), 1, ngAt, "block length 0"},
		{"ng length 11", raw(ng, 6, 8, 0), 1, ngAt, "block length 8"},
		{"ng length odd", raw(ng, 6, 33, 0), 1, ngAt, "block length 33"},
		{"ng length 4 GB", raw(ng, 99, 0xfffffffc, 0), 1, ngAt, "of 4294967292"},
		{"ng trailer", raw(ng, 99, 16, 0, 20), 1, ngAt, "differ: 16 before, 20 after"},
		{"ng byte order", raw(ng, ngSection, 28, 0x12345678), 1, ngAt, "byte-order magic"},
		{"ng version", s.block(bytes.Clone(ng), ngSection, []byte("\x4d\x3c\x2b\x1a\x09\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00")), 1, ngAt, "version 9.0"},
		{"ng short section", s.block(bytes.Clone(ng), ngSection, []byte("\x4d\x3c\x2b\x1a")), 1, ngAt, "section header of 16"},
		{"ng no interface", s.enhanced(bytes.Clone(ng), 1, 1, "x"), 1, ngAt, "interface 1"},
		{"ng interface of another section", s.enhanced(s.section(bytes.Clone(ng)), 0, 1, "x"), 1, ngAt + 28, "interface 0"},
		{"ng simple, no interface", s.simple(s.section(nil), 4, "four"), 0, 28, "interface 0"},
		{"ng short packet", s.block(bytes.Clone(ng), ngEnhanced, make([]byte, 16)), 1, ngAt, "packet block of 28"},
		{"ng short simple", s.block(bytes.Clone(ng), ngSimple, nil), 1, ngAt, "packet block of 12"},
		{"ng short interface", s.block(bytes.Clone(ng), ngInterface, make([]byte, 4)), 1, ngAt, "interface description of 16"},
		{"ng captured over block", s.block(bytes.Clone(ng), ngEnhanced, s.enhancedBody(0, 1, 5, 5, "four")), 1, ngAt, "captured length of 5"},
		{"ng captured over bound", s.block(bytes.Clone(ng), ngEnhanced, s.enhancedBody(0, 1, 1<<31, 1<<31, "four")), 1, ngAt, "more than 262144"},
		{"ng simple over block", s.simple(bytes.Clone(ng), 9, "four"), 1, ngAt, "captured length of 9"},
		{"ng resolution", option(s.option(9, 20)), 1, ngAt, "absurd time resolution 0x14"},
		{"ng binary resolution", option(s.option(9, 0x80|64)), 1, ngAt, "absurd time resolution 0xc0"},
		{"ng resolution length", option(s.option(9, 6, 6)), 1, ngAt, "if_tsresol of 2"},
		{"ng offset length", option(s.option(14, 6)), 1, ngAt, "if_tsoffset of 1"},
		{"ng cut option", option([]byte{9, 0, 200, 0}), 1, ngAt, "200 bytes is cut"},
	} {
		t.Run(c.name, func(t *testing.T) {
			bad := writeFile(t, "bad", c.file)
			next := writeFile(t, "next", spec.packet(spec.header(), 2, 0, "next"))
			r := open(t, Options{}, bad, next)
			all := readAll(t, r)
			if len(all) != c.packets+1 || all[len(all)-1].data != "next" {
				t.Errorf("packets %v", all)
			}
			d := r.Damage()
			if len(d) != 1 || d[0].File != bad || d[0].Offset != c.offset || d[0].Tolerated || !strings.Contains(d[0].Reason, c.reason) {
				t.Fatalf("damage %+v, want %q at %d", d, c.reason, c.offset)
			}
			var de *DamageError
			if err := r.err(); !errors.As(err, &de) || !strings.Contains(err.Error(), fmt.Sprintf("%s: damaged at offset %d", bad, c.offset)) {
				t.Errorf("error %v", err)
			}
		})
	}
}

// TestOddRecords reads records that contradict themselves without harm.
func TestOddRecords(t *testing.T) {
	spec := plainPcap()
	b := spec.packet(spec.header(), 1, 0, "good")
	b = spec.record(b, 2, 0, 4, 3, []byte("long"))
	b = spec.record(b, 9, 0, 0, 60, nil)
	b = spec.record(b, 3, 0, 4, 2, []byte("long"))
	b = spec.record(b, 4, 0, 4, 5, []byte("curt"))
	all, r := readBytes(t, b)
	if len(all) != 5 || all[1].data != "long" || all[1].orig != 4 || all[2].data != "" || all[2].orig != 60 {
		t.Errorf("packets %v", all)
	}
	if all[2].now != all[1].now || all[3].now != 3e9 {
		t.Errorf("the clock follows a record without data: %v", all)
	}
	s := r.Stats()
	if err := r.err(); err != nil || s.OverOriginal != 2 || s.Empty != 1 || s.Cut != 1 {
		t.Errorf("%v, %+v", err, s)
	}
	if got := s.Files[0].Links; !slices.Equal(got, []LinkCount{{1, 5}}) {
		t.Errorf("link types %v", got)
	}
}

// samples returns files with a few packets, and the end of each packet's record.
func samples() map[string]struct {
	file []byte
	ends []int
} {
	type sample = struct {
		file []byte
		ends []int
	}
	out := map[string]sample{}
	spec := plainPcap()
	var p sample
	p.file = spec.header()
	for i := range 4 {
		p.file = spec.packet(p.file, uint32(i), 0, strings.Repeat("p", 3*i+1))
		p.ends = append(p.ends, len(p.file))
	}
	out["pcap"] = p
	s := ngSpec{binary.BigEndian}
	var n sample
	n.file = s.iface(s.section(nil), 1, 100, s.option(9, 9), s.option(14, 0, 0, 0, 0, 0, 0, 0, 1), s.option(0))
	for i := range 2 {
		n.file = s.enhanced(n.file, 0, uint64(i), "enhanced"[i:])
		n.ends = append(n.ends, len(n.file))
		n.file = s.simple(n.file, 6, "simple")
		n.ends = append(n.ends, len(n.file))
		n.file = s.block(n.file, 0x55, []byte("unknown"))
	}
	n.file = s.iface(s.section(n.file), 1, 0)
	n.file = s.obsolete(n.file, 0, 5, "old")
	n.ends = append(n.ends, len(n.file))
	out["pcapng"] = n
	return out
}

// TestCutAnywhere cuts files at every byte: all complete packets are delivered,
// and only a cut between records goes unnoticed.
func TestCutAnywhere(t *testing.T) {
	for name, s := range samples() {
		for n := range len(s.file) {
			r := open(t, Options{Stdin: bytes.NewReader(s.file[:n])}, "-")
			all := readAll(t, r)
			want := 0
			for _, end := range s.ends {
				if end <= n {
					want++
				}
			}
			if len(all) != want {
				t.Errorf("%s cut at %d: %d packets, want %d", name, n, len(all), want)
			}
			if d := r.Damage(); len(d) > 1 || len(d) == 1 && (d[0].Offset > int64(n) || d[0].File != "standard input") {
				t.Errorf("%s cut at %d: %v", name, n, d)
			} else if len(d) == 0 && name == "pcap" && n != 24 && !slices.Contains(s.ends, n) {
				t.Errorf("%s cut at %d goes unnoticed", name, n)
			}
		}
	}
}

// TestChangedAnywhere changes every byte to every value: reading neither panics nor
// hangs, and the packets before the change are the same.
func TestChangedAnywhere(t *testing.T) {
	var shared pool
	for name, s := range samples() {
		whole := readAll(t, open(t, Options{Stdin: bytes.NewReader(s.file)}, "-"))
		for i := range s.file {
			for v := range 256 {
				f := bytes.Clone(s.file)
				f[i] = byte(v)
				r, err := Open([]string{"-"}, Options{Stdin: bytes.NewReader(f)})
				if err != nil {
					t.Fatal(err)
				}
				r.batcher.pool = &shared
				all := readAll(t, r)
				r.Close()
				for j, end := range s.ends {
					if end <= i && (j >= len(all) || all[j].data != whole[j].data) {
						t.Fatalf("%s byte %d = %d: packet %d is lost", name, i, v, j+1)
					}
				}
			}
		}
	}
}

func TestFileShrinks(t *testing.T) {
	// The file is too long to be read to its end with the first batch.
	const batches = 24
	spec := plainPcap()
	b := spec.header()
	for i := range batches * BatchPackets {
		b = spec.packet(b, 1, uint32(i), strings.Repeat("s", 500))
	}
	const kept = (batches - 1) * BatchPackets
	for _, keep := range []int{24 + 516*kept, 24 + 516*kept + 100} {
		path := writeFile(t, "shrinks", b)
		r := open(t, Options{}, path)
		first, err := r.Next()
		if err != nil {
			t.Fatal(err)
		}
		first.Release()
		if err := os.Truncate(path, int64(keep)); err != nil {
			t.Fatal(err)
		}
		n := 0
		for {
			b, err := r.Next()
			if err != nil {
				break
			}
			n += len(b.Packets)
			b.Release()
		}
		if n != kept-BatchPackets {
			t.Errorf("%d packets after the first batch", n)
		}
		if err := r.err(); err == nil || !strings.Contains(err.Error(), fmt.Sprintf("%d bytes long when reading began", len(b))) {
			t.Errorf("error %v", err)
		}
	}
}

func TestReadError(t *testing.T) {
	spec := plainPcap()
	b := spec.packet(spec.header(), 1, 0, "good")
	broken := errors.New("broken pipe")
	for _, n := range []int{0, 3, 10, 24, len(b) - 1, len(b)} {
		r := open(t, Options{Stdin: io.MultiReader(bytes.NewReader(b[:n]), iotest.ErrReader(broken))}, "-")
		all := readAll(t, r)
		if want := n / len(b); len(all) != want || !errors.Is(r.err(), broken) {
			t.Errorf("after %d bytes: %d packets, %v", n, len(all), r.err())
		}
	}
	// An input that keeps returning nothing must not hang the run.
	r := open(t, Options{Stdin: idle{}}, "-")
	if all := readAll(t, r); len(all) != 0 || r.err() == nil {
		t.Errorf("%v %v", all, r.err())
	}
}

type idle struct{}

func (idle) Read([]byte) (int, error) { return 0, nil }

func compressors(t testing.TB) map[string]func([]byte) []byte {
	run := func(open func(io.Writer) (io.WriteCloser, error)) func([]byte) []byte {
		return func(b []byte) []byte {
			var out bytes.Buffer
			w, err := open(&out)
			if err == nil {
				_, err = w.Write(b)
			}
			if err == nil {
				err = w.Close()
			}
			if err != nil {
				t.Fatal(err)
			}
			return out.Bytes()
		}
	}
	return map[string]func([]byte) []byte{
		"gzip": run(func(w io.Writer) (io.WriteCloser, error) { return gzip.NewWriter(w), nil }),
		"zstd": run(func(w io.Writer) (io.WriteCloser, error) { return zstd.NewWriter(w) }),
		"xz":   run(func(w io.Writer) (io.WriteCloser, error) { return xz.NewWriter(w) }),
	}
}

func TestCompressed(t *testing.T) {
	spec := plainPcap()
	plain := spec.header()
	for i := range 9000 {
		plain = spec.packet(plain, uint32(i), 0, fmt.Sprint("packet ", i*i))
	}
	want, _ := readBytes(t, plain)
	for name, compress := range compressors(t) {
		z := compress(plain)
		all, r := readBytes(t, z)
		if err := r.err(); err != nil || !slices.Equal(all, want) {
			t.Errorf("%s: %d packets, %v", name, len(all), err)
		}
		// Two compressed streams in a row are one file.
		half := len(plain) / 2
		all, r = readBytes(t, append(compress(plain[:half]), compress(plain[half:])...))
		if err := r.err(); err != nil || !slices.Equal(all, want) {
			t.Errorf("%s twice: %d packets, %v", name, len(all), err)
		}
		all, r = readBytes(t, z[:len(z)/2])
		d := r.Damage()
		if len(all) > len(want) || !slices.Equal(all, want[:len(all)]) || len(d) != 1 || d[0].Compression != name {
			t.Errorf("%s cut: %d packets, %v", name, len(all), d)
		}
		for _, n := range []int{1, 4, 6, 8, 12} {
			if all, r := readBytes(t, z[:n]); len(all) != 0 || len(r.Damage()) != 1 {
				t.Errorf("%s of %d bytes: %v", name, n, r.Damage())
			}
		}
	}
	// All checks, several blocks, padding between streams, and a dictionary that is
	// too large.
	for _, check := range []byte{xz.None, xz.CRC32, xz.CRC64, xz.SHA256} {
		var z bytes.Buffer
		w, err := xz.WriterConfig{CheckSum: check, NoCheckSum: check == xz.None, BlockSize: 10000, DictCap: 1 << 16}.NewWriter(&z)
		if err != nil {
			t.Fatal(err)
		}
		w.Write(plain)
		w.Close()
		z.Write(make([]byte, 8))
		all, r := readBytes(t, z.Bytes())
		if err := r.err(); err != nil || !slices.Equal(all, want) {
			t.Errorf("xz check %d: %d packets, %v", check, len(all), err)
		}
		b := bytes.Clone(z.Bytes())
		b[12+4] = 40
		binary.LittleEndian.PutUint32(b[12+8:], crc32.ChecksumIEEE(b[12:12+8]))
		if all, r := readBytes(t, b); len(all) != 0 || r.err() == nil || !strings.Contains(r.err().Error(), "dictionary is over 128 MB") {
			t.Errorf("xz with a dictionary of 4 GB: %v", r.err())
		}
		for i := 12; i < z.Len(); i += 1 + z.Len()/50 {
			b := bytes.Clone(z.Bytes())
			b[i]++
			readBytes(t, b)
		}
	}
	bz, err := hex.DecodeString("425a683931415926535999a8e0f1000025c91efe000004070020001000080004000000a00054530000368947941a69997d4edf2af259536c12e18548a0d7b444bc60debedd3ef0bb9229c28484cd470788")
	if err != nil {
		t.Fatal(err)
	}
	all, r := readBytes(t, bz)
	if len(all) != 3 || all[2].data != "\x02\x02\x02\x02" || all[2].time != 102_000_002_000 || r.err() != nil {
		t.Errorf("bzip2: %v, %v", all, r.err())
	}
}

// TestBatchCut reads the same packets from one file, several, and pipes that return
// them in pieces: the result is the same.
func TestBatchCut(t *testing.T) {
	const n = 2*BatchPackets + 100
	spec := plainPcap()
	record := func(b []byte, i int) []byte {
		return spec.packet(b, uint32(1000+i/100), uint32(i%100), fmt.Sprintf("%d %s", i, strings.Repeat("x", i%900)))
	}
	one := spec.header()
	for i := range n {
		one = record(one, i)
	}
	want, r := readBytes(t, one)
	if len(want) != n || r.err() != nil {
		t.Fatalf("%d packets, %v", len(want), r.err())
	}
	for _, parts := range []int{2, 3, 7, 100} {
		var paths []string
		for p := range parts {
			b := spec.header()
			for i := p * n / parts; i < (p+1)*n/parts; i++ {
				b = record(b, i)
			}
			paths = append(paths, writeFile(t, "part", b))
		}
		if all := readAll(t, open(t, Options{}, paths...)); !slices.Equal(all, want) {
			t.Errorf("%d files give other packets", parts)
		}
	}
	for name, rd := range map[string]io.Reader{
		"a pipe":    iotest.HalfReader(bytes.NewReader(one)),
		"bytes":     iotest.OneByteReader(bytes.NewReader(one)),
		"data, EOF": iotest.DataErrReader(bytes.NewReader(one)),
	} {
		if all := readAll(t, open(t, Options{Stdin: rd}, "-")); !slices.Equal(all, want) {
			t.Errorf("%s gives other packets", name)
		}
	}
}

// TestRelease keeps several batches and releases them in another order from other
// goroutines: no packet in use is overwritten.
func TestRelease(t *testing.T) {
	const n = 12*BatchPackets + 5
	spec := plainPcap()
	b := spec.header()
	data := func(i int) string { return fmt.Sprintf("%08d%s", i, strings.Repeat("r", 300+i%200)) }
	for i := range n {
		b = spec.packet(b, 1, 0, data(i))
	}
	r := open(t, Options{}, writeFile(t, "big", b))
	var held []*Batch
	check := func(b *Batch) {
		for i := range b.Packets {
			if p := &b.Packets[i]; string(p.Data) != data(int(p.Num-1)) {
				t.Errorf("packet %d was overwritten", p.Num)
				return
			}
		}
	}
	total := 0
	for {
		b, err := r.Next()
		if err != nil {
			break
		}
		total += len(b.Packets)
		b.Retain(1)
		held = append(held, b)
		if len(held) == 4 {
			for _, i := range []int{2, 0, 1} {
				check(held[i])
				done := make(chan bool)
				go func() { held[i].Release(); done <- true }()
				held[i].Release()
				<-done
			}
			held = held[3:]
		}
	}
	for _, b := range held {
		check(b)
	}
	r.Close()
	for _, b := range held {
		check(b)
		b.Release()
		b.Release()
	}
	if total != n {
		t.Errorf("%d packets of %d", total, n)
	}
	defer func() {
		if recover() == nil {
			t.Error("a second release goes unnoticed")
		}
	}()
	held[0].Release()
}

// TestDirectory reads a directory in the order of first packets. What is no capture is
// skipped with a word; what cannot be read, and what has the name of a capture and is
// none, is damage.
func TestDirectory(t *testing.T) {
	dir := t.TempDir()
	spec := plainPcap()
	put := func(name string, b []byte) {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	at := func(sec uint32, s string) []byte { return spec.packet(spec.header(), sec, 0, s) }
	gz := compressors(t)["gzip"]
	put("trace10", at(5, "10"))
	put("trace2", at(5, "2"))
	put("trace", gz(at(4, "0")))
	put("b/x.pcap", at(9, "bx"))
	put("none.pcap", spec.header())
	put("notes.txt", []byte("notes"))
	put("empty", nil)
	put("log.gz", gz([]byte("#fields")))
	var notices []string
	r := open(t, Options{OnNotice: func(s string) { notices = append(notices, s) }}, dir)
	var names []string
	for _, p := range readAll(t, r) {
		names = append(names, p.data)
	}
	if want := []string{"0", "2", "10", "bx"}; !slices.Equal(names, want) || r.err() != nil {
		t.Errorf("read %v, %v", names, r.err())
	}
	if len(notices) != 4 || !strings.Contains(notices[0], "empty: skipped: not a capture file") || !strings.Contains(notices[3], "5 captures in the order of their first packets") {
		t.Errorf("notices %q", notices)
	}

	put("broken.gz", []byte("\x1f\x8b\x08"))
	put("cut.pcap.gz", gz(at(1, "cut"))[:15])
	put("short.pcap", spec.header()[:20])
	put("empty.pcap1", nil)
	put("other.pcapng.zst", compressors(t)["zstd"]([]byte("other")))
	if err := os.Symlink("nowhere", filepath.Join(dir, "link.pcap")); err != nil {
		t.Fatal(err)
	}
	r = open(t, Options{}, dir)
	if all := readAll(t, r); len(all) != 4 {
		t.Errorf("%d packets beside damaged files", len(all))
	}
	var bad []string
	for _, d := range r.Damage() {
		bad = append(bad, strings.TrimPrefix(d.Error(), dir+"/"))
	}
	slices.Sort(bad)
	want := []string{
		"broken.gz: damaged at offset 0",
		"cut.pcap.gz: damaged at offset 0 of the data inside gzip",
		"empty.pcap1: damaged at offset 0: the file is empty",
		"link.pcap: cannot be read: no such file or directory",
		"other.pcapng.zst: damaged at offset 0 of the data inside zstd: not a capture file",
		"short.pcap: damaged at offset 0: cut in a record: 20 bytes of 24 are there",
	}
	for i := range max(len(bad), len(want)) {
		if i >= len(bad) || i >= len(want) || !strings.HasPrefix(bad[i], want[i]) {
			t.Fatalf("damage:\n%s", strings.Join(bad, "\n"))
		}
	}
	if _, err := Open([]string{t.TempDir()}, Options{}); err == nil {
		t.Error("an empty directory is read")
	}
}

func TestOpenErrors(t *testing.T) {
	good := writeFile(t, "good", plainPcap().header())
	for _, c := range []struct {
		paths []string
		o     Options
	}{
		{nil, Options{}},
		{[]string{good, filepath.Join(t.TempDir(), "none")}, Options{}},
		{[]string{"-"}, Options{}},
		{[]string{"-", "-"}, Options{Stdin: strings.NewReader("")}},
		{[]string{good}, Options{Filter: "tcp prot 80"}},
	} {
		if _, err := Open(c.paths, c.o); err == nil {
			t.Errorf("%v opens", c.paths)
		}
	}
	// A file that vanishes after Open is damage; the run goes on.
	gone := writeFile(t, "gone", plainPcap().header())
	r := open(t, Options{}, gone, good)
	if err := os.Remove(gone); err != nil {
		t.Fatal(err)
	}
	if readAll(t, r); len(r.Damage()) != 1 || !errors.Is(r.err(), os.ErrNotExist) {
		t.Errorf("damage %v", r.Damage())
	}
}

func TestProgressAndStats(t *testing.T) {
	spec := plainPcap()
	b := spec.header()
	const packets = 40_000
	for range packets {
		b = spec.packet(b, 1, 0, strings.Repeat("p", 400))
	}
	path := writeFile(t, "p", b)
	other := writeFile(t, "q", b)
	var seen []int64
	r := open(t, Options{OnProgress: func(n, total int64) {
		if total != 2*int64(len(b)) {
			t.Fatalf("total %d", total)
		}
		seen = append(seen, n)
	}}, path, other)
	readAll(t, r)
	if len(seen) < 10 || !slices.IsSorted(seen) || seen[len(seen)-1] != 2*int64(len(b)) {
		t.Errorf("progress %v", seen)
	}
	s := r.Stats()
	f := FileStats{Path: path, Packets: packets, Bytes: packets * 400, Links: []LinkCount{{1, packets}}}
	g := f
	g.Path = other
	if s.Bytes != 2*f.Bytes || !reflect.DeepEqual(s.Files, []FileStats{f, g}) {
		t.Errorf("stats %+v", s)
	}
}

func TestFilterInRun(t *testing.T) {
	spec := plainPcap()
	b := spec.header()
	for i := range 100 {
		b = spec.packet(b, uint32(i), 0, strings.Repeat("f", i))
	}
	r := open(t, Options{Filter: "len >= 90"}, writeFile(t, "f", b))
	all := readAll(t, r)
	if s := r.Stats(); len(all) != 10 || s.Filtered != 90 || all[0].num != 1 || all[0].time != 90e9 {
		t.Errorf("%v %+v", all, s)
	}
	// A filter without a meaning for the link type of a file ends the run.
	spec.link = linkRaw
	r = open(t, Options{Filter: "ether host 1:2:3:4:5:6"}, writeFile(t, "f", spec.packet(spec.header(), 1, 0, "E")))
	_, err := r.Next()
	var fe *FilterError
	if !errors.As(err, &fe) {
		t.Errorf("error %v", err)
	}
}

func TestClock(t *testing.T) {
	const day = 86400
	type step struct{ time, now int64 }
	for _, c := range []struct {
		name  string
		limit time.Duration
		steps []step
		stats Stats
	}{
		{"backwards and standing", 0, []step{{100, 100}, {90, 100}, {100, 100}, {101, 101}}, Stats{Backwards: 1}},
		{"a believed jump", 0, []step{{100, 100}, {30 * day, 30 * day}, {30*day + 1, 30*day + 1}}, Stats{Jumps: 1}},
		{"believed by a slightly earlier one", 0, []step{{100, 100}, {30 * day, 30 * day}, {29 * day, 30 * day}}, Stats{Jumps: 1, Backwards: 1}},
		{"refused", 0, []step{{100, 100}, {900 * day, 100}, {101, 101}, {102, 102}}, Stats{JumpsHeld: 1}},
		{"refused, confirmed later", 0, []step{{100, 100}, {900 * day, 100}, {101, 101}, {900*day + 5, 900*day + 5}, {102, 900*day + 5}},
			Stats{JumpsHeld: 1, Jumps: 1, Backwards: 1}},
		{"two different", 0, []step{{100, 100}, {900 * day, 100}, {500 * day, 100}, {101, 101}}, Stats{JumpsHeld: 2}},
		{"at the end", 0, []step{{100, 100}, {900 * day, 100}}, Stats{JumpsHeld: 1}},
		{"within the limit", 0, []step{{100, 100}, {7 * day, 7 * day}}, Stats{}},
		{"no limit", -1, []step{{100, 100}, {900 * day, 900 * day}}, Stats{}},
		{"another limit", time.Second, []step{{100, 100}, {102, 100}, {101, 101}}, Stats{JumpsHeld: 1}},
	} {
		t.Run(c.name, func(t *testing.T) {
			// Also with the jump at the end of a batch.
			for _, lead := range []int{0, BatchPackets - 2, BatchPackets - 1} {
				spec := plainPcap()
				b := spec.header()
				for range lead {
					b = spec.packet(b, uint32(c.steps[0].time), 0, "lead")
				}
				for _, s := range c.steps {
					b = spec.packet(b, uint32(s.time), 0, "x")
				}
				r := open(t, Options{JumpLimit: c.limit}, writeFile(t, "c", b))
				all := readAll(t, r)[lead:]
				for i, s := range c.steps {
					if all[i].time != s.time*1e9 || all[i].now != s.now*1e9 {
						t.Errorf("lead %d, packet %d: time %d now %d, want %+v", lead, i, all[i].time/1e9, all[i].now/1e9, s)
					}
				}
				s := r.Stats()
				if s.Backwards != c.stats.Backwards || s.Jumps != c.stats.Jumps || s.JumpsHeld != c.stats.JumpsHeld {
					t.Errorf("lead %d: %+v", lead, s)
				}
			}
		})
	}
}

// endless is a capture without end.
type endless struct {
	head, body []byte
	pos        int
}

func (e *endless) Read(p []byte) (int, error) {
	n := 0
	if e.head != nil {
		n = copy(p, e.head)
		e.head = e.head[n:]
		if len(e.head) == 0 {
			e.head = nil
		}
		return n, nil
	}
	for n < len(p) {
		m := copy(p[n:], e.body[e.pos:])
		e.pos = (e.pos + m) % len(e.body)
		n += m
	}
	return n, nil
}

func TestAllocations(t *testing.T) {
	spec := plainPcap()
	s := ngSpec{binary.LittleEndian}
	data := strings.Repeat("a", 700)
	for name, e := range map[string]*endless{
		"pcap":   {head: spec.header(), body: spec.packet(nil, 1, 1, data)},
		"pcapng": {head: s.iface(s.section(nil), 1, 0), body: s.enhanced(nil, 0, 1, data)},
	} {
		r := open(t, Options{Stdin: e, Filter: "len > 5 and not tcp port 80"}, "-")
		next := func() {
			b, err := r.Next()
			if err != nil {
				t.Fatal(err)
			}
			b.Release()
		}
		next()
		next()
		if n := testing.AllocsPerRun(20, next); n != 0 {
			t.Errorf("%s: %v allocations a batch", name, n)
		}
	}
}

// TestMemoryBound reads a file with endless interface descriptions: memory stays
// bounded.
func TestMemoryBound(t *testing.T) {
	s := ngSpec{binary.LittleEndian}
	b := s.section(nil)
	many := s.iface(nil, 1, 0)
	e := &endless{head: b, body: many}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	r := open(t, Options{Stdin: e}, "-")
	if all := readAll(t, r); len(all) != 0 || len(r.Damage()) != 1 || !strings.Contains(r.Damage()[0].Reason, "65536 interfaces") {
		t.Errorf("damage %v", r.Damage())
	}
	runtime.ReadMemStats(&after)
	if grown := int64(after.TotalAlloc - before.TotalAlloc); grown > 32<<20 {
		t.Errorf("%d bytes allocated", grown)
	}
}

func TestNaturalOrder(t *testing.T) {
	want := []string{"a", "a/9", "a/10", "a1", "a01b", "a2", "a10", "b"}
	got := slices.Clone(want)
	slices.Reverse(got)
	slices.SortFunc(got, comparePaths)
	if !slices.Equal(got, want) {
		t.Errorf("order %v", got)
	}
}

func FuzzReader(f *testing.F) {
	for _, s := range samples() {
		f.Add(s.file)
		for _, compress := range compressors(f) {
			f.Add(compress(s.file))
		}
	}
	var shared pool
	f.Fuzz(func(t *testing.T, b []byte) {
		r := open(t, Options{Stdin: bytes.NewReader(b)}, "-")
		r.batcher.pool = &shared
		readAll(t, r)
		_ = r.err()
	})
}
