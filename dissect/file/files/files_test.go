package files

import (
	"bytes"
	"crypto/md5"
	"encoding/hex"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/value"
)

// testConn has the methods of a connection that package files calls.
type testConn struct {
	event.Conn
	id    event.ConnID
	first uint64
}

func (c *testConn) ID() event.ConnID              { return c.id }
func (c *testConn) UID() value.UID                { return value.MakeUID('C', 0, c.first) }
func (c *testConn) FirstPacket() uint64           { return c.first }
func (c *testConn) Tunnel() []event.Encapsulation { return nil }

func newConn(first uint64) *testConn {
	return &testConn{first: first, id: event.ConnID{
		OrigH: netip.MustParseAddr("10.0.0.1"), OrigP: uint16(40000 + first),
		RespH: netip.MustParseAddr("10.0.0.2"), RespP: 80, Proto: value.ProtoTCP,
	}}
}

type testClock struct {
	now value.Time
	num uint64
}

func (c *testClock) Now() value.Time                      { return c.now }
func (c *testClock) Clock() value.Time                    { return c.now }
func (c *testClock) PacketNum() uint64                    { return c.num }
func (c *testClock) SetNow(now value.Time, num uint64)    { c.now, c.num = now, num }
func (c *testClock) At(d value.Time) (value.Time, uint64) { return d, c.num }
func noCause(deadline value.Time, first, num uint64)      {}
func seconds(n float64) value.Time                        { return value.Time(n * 1e9) }
func (r *rig) carrier(c *testConn) *Carrier               { return &Carrier{Source: "HTTP", Conn: c} }
func (r *rig) id(c *testConn, handle string) ID           { return r.m.ID(c, []byte(handle)) }
func (r *rig) listen(name string, args ...any) {
	r.log = append(r.log, strings.TrimSpace(name+" "+fmt.Sprintln(args...)))
}
func (r *rig) want(t *testing.T, want ...string) { t.Helper(); r.compare(t, want) }

// rig is a Manager whose events are recorded.
type rig struct {
	m     *Manager
	hooks *event.Hooks
	clock *testClock
	log   []string
	got   []byte // by the analyzer that collects
}

// newRig returns a rig with the default options, modified by change.
func newRig(change func(*Options)) *rig {
	o := DefaultOptions()
	if change != nil {
		change(&o)
	}
	r := &rig{hooks: new(event.Hooks), clock: &testClock{now: seconds(1000), num: 1}}
	h := &r.hooks.File
	h.New.Listen(func(e *event.FileNew) { r.listen("new") })
	h.OverNewConnection.Listen(func(e *event.FileOverNewConnection) { r.listen("over", e.Conn.FirstPacket(), e.IsOrig) })
	h.Sniff.Listen(func(e *event.FileSniff) { r.listen("sniff", e.Meta.MIMEType.V, e.Meta.Inferred) })
	h.Gap.Listen(func(e *event.FileGap) { r.listen("gap", e.Offset, e.Len) })
	h.ReassemblyOverflow.Listen(func(e *event.FileReassemblyOverflow) { r.listen("overflow", e.Offset, e.Skipped) })
	h.Hash.Listen(func(e *event.FileHash) { r.listen(e.Kind, e.Hash) })
	h.ExtractionLimit.Listen(func(e *event.FileExtractionLimit) { r.listen("limit", e.Limit, e.Len) })
	h.Timeout.Listen(func(e *event.FileTimeout) { r.listen("timeout") })
	h.StateRemove.Listen(func(e *event.FileStateRemove) {
		f := e.File
		total, ok := f.TotalBytes()
		r.listen("remove", f.SeenBytes(), f.MissingBytes(), f.OverflowBytes(), total, ok)
	})
	r.m = New(o, r.hooks, r.clock, noCause)
	return r
}

func (r *rig) compare(t *testing.T, want []string) {
	t.Helper()
	if !slices.Equal(r.log, want) {
		t.Errorf("events:\n  %s\nwant:\n  %s", strings.Join(r.log, "\n  "), strings.Join(want, "\n  "))
	}
	r.log = nil
	if n := r.m.Open(); n != 0 {
		t.Errorf("%d files are open", n)
	}
	if r.m.held != 0 || len(r.m.perConn) != 0 || r.m.byDeadline.Oldest() != nil {
		t.Errorf("left over: %d bytes, %d connections", r.m.held, len(r.m.perConn))
	}
}

// collect attaches an analyzer to files of a type; it keeps all that it gets.
func (r *rig) collect(mime string) *Kind {
	k := &Kind{Name: "COLLECT", MIMETypes: []string{mime}, New: func(*Manager, *File) Analyzer { return (*collector)(r) }}
	r.m.Register(k)
	return k
}

type collector rig

func (c *collector) Data(b []byte) bool { c.got = append(c.got, b...); return true }
func (c *collector) Gap(_, n uint64) bool {
	c.got = append(c.got, strings.Repeat("_", int(n))...)
	return true
}
func (c *collector) End() {}

func TestInOrder(t *testing.T) {
	r := newRig(func(o *Options) { o.Hash = []string{"md5"} })
	r.collect("text/html")
	c := newConn(1)
	id, from := r.id(c, "a"), r.carrier(c)
	text := "<html>" + strings.Repeat("hello ", 2000)
	id = r.m.SetSize(id, from, uint64(len(text)))
	for rest := []byte(text); len(rest) > 0; {
		n := min(len(rest), 700)
		id = r.m.Data(id, from, rest[:n])
		rest = rest[n:]
	}
	if !id.IsZero() {
		t.Error("the file is not complete")
	}
	sum := md5.Sum([]byte(text))
	r.want(t, "new", "over 1 false", "sniff text/html true", "md5 "+hex.EncodeToString(sum[:]), "remove 12006 0 0 12006 true")
	if string(r.got) != text {
		t.Errorf("the analyzer got %d bytes", len(r.got))
	}
}

func TestShortAndEmpty(t *testing.T) {
	r := newRig(func(o *Options) { o.Hash = []string{"md5"} })
	c := newConn(1)
	id, from := r.id(c, "a"), r.carrier(c)
	r.m.Data(id, from, []byte("GIF89a"))
	r.m.End(id)
	r.want(t, "new", "over 1 false", "sniff image/gif true", "md5 "+fmt.Sprintf("%x", md5.Sum([]byte("GIF89a"))), "remove 6 0 0 0 false")
	r.m.Data(id, from, nil)
	r.m.End(id)
	r.want(t, "new", "over 1 false", "remove 0 0 0 0 false")
	r.m.End(id)
	r.want(t)
}

func TestToldType(t *testing.T) {
	r := newRig(nil)
	r.collect("application/x-x509-user-cert")
	c := newConn(1)
	from := r.carrier(c)
	from.MIME = "application/x-x509-user-cert"
	id := r.id(c, "a")
	r.m.Data(id, from, []byte("GIF89a"))
	r.m.Data(id, from, []byte("more"))
	r.m.End(id)
	r.want(t, "new", "over 1 false", "sniff application/x-x509-user-cert false", "remove 10 0 0 0 false")
	if string(r.got) != "GIF89amore" {
		t.Errorf("got %q", r.got)
	}
}

func TestGap(t *testing.T) {
	r := newRig(func(o *Options) { o.Hash = []string{"sha1"} })
	r.collect("image/gif")
	c := newConn(1)
	id, from := r.id(c, "a"), r.carrier(c)
	r.m.SetSize(id, from, 20)
	r.m.Data(id, from, []byte("GIF89a"))
	r.m.Gap(id, from, 6, 4)
	id = r.m.Data(id, from, []byte("0123456789"))
	if !id.IsZero() {
		t.Error("the file is not complete")
	}
	r.want(t, "new", "over 1 false", "sniff image/gif true", "gap 6 4", "remove 16 4 0 20 true")
	if string(r.got) != "GIF89a____0123456789" {
		t.Errorf("got %q", r.got)
	}
}

func TestParts(t *testing.T) {
	r := newRig(nil)
	r.collect("image/gif")
	a, b := newConn(1), newConn(2)
	id := r.id(a, "url")
	if id != r.id(b, "url") || id == r.id(a, "other") {
		t.Error("a handle is not a file")
	}
	other := newConn(3)
	other.id.RespH = netip.MustParseAddr("10.0.0.3")
	if o := r.id(other, "url"); o == id || o.UID() != id.UID() {
		t.Error("files of other hosts are the same file, or do not have the same name")
	}
	back := newConn(4)
	back.id.OrigH, back.id.RespH = back.id.RespH, back.id.OrigH
	if r.id(back, "url") != id {
		t.Error("the direction of the connection counts")
	}
	r.m.SetSize(id, r.carrier(a), 16)
	r.m.DataAt(id, r.carrier(b), 10, []byte("klmnop"))
	r.m.DataAt(id, r.carrier(b), 4, []byte("9abcdefghijk"))
	r.m.DataAt(id, r.carrier(a), 0, []byte("GIF89a"))
	r.want(t, "new", "over 1 false", "over 2 false", "sniff image/gif true", "remove 16 0 0 16 true")
	if string(r.got) != "GIF89abcdeklmnop" {
		t.Errorf("got %q", r.got)
	}
}

func TestOverflow(t *testing.T) {
	r := newRig(func(o *Options) { o.ReassemblyBytes = 100 })
	c := newConn(1)
	id, from := r.id(c, "a"), r.carrier(c)
	piece := bytes.Repeat([]byte("x"), 60)
	r.m.DataAt(id, from, 0, piece)
	r.m.DataAt(id, from, 100, piece)
	r.m.DataAt(id, from, 200, piece)
	r.m.DataAt(id, from, 300, piece)
	r.m.End(id)
	r.want(t, "new", "over 1 false", "sniff text/plain true", "gap 60 40", "gap 160 40", "overflow 60 40",
		"gap 260 40", "remove 240 120 40 0 false")
}

func TestGapBehindWaiting(t *testing.T) {
	r := newRig(nil)
	r.collect("text/plain")
	c := newConn(1)
	id, from := r.id(c, "a"), r.carrier(c)
	r.m.DataAt(id, from, 0, []byte("0123456789"))
	r.m.DataAt(id, from, 20, []byte("cccccccccc"))
	r.m.Gap(id, from, 10, 15)
	r.m.DataAt(id, from, 10, []byte("too late"))
	r.m.DataAt(id, from, 30, []byte("d"))
	r.m.End(id)
	// Held bytes beyond the gap's end were passed on, but Zeek expects the next ones at
	// the gap's end.
	r.want(t, "new", "over 1 false", "sniff text/plain true", "gap 10 10", "gap 25 5", "remove 21 15 0 0 false")
	if string(r.got) != "0123456789__________cccccccccc_____d" {
		t.Errorf("got %q", r.got)
	}
}

func TestOffsetOverflow(t *testing.T) {
	r := newRig(nil)
	weirds := 0
	r.hooks.Weird.File.Listen(func(e *event.FileWeird) { weirds++ })
	c := newConn(1)
	id, from := r.id(c, "a"), r.carrier(c)
	r.m.DataAt(id, from, ^uint64(0)-3, []byte("0123456789"))
	r.m.Gap(id, from, ^uint64(0)-1, ^uint64(0))
	r.m.Gap(id, from, 0, ^uint64(0))
	r.m.End(id)
	if weirds != 1 || r.m.Open() != 0 || r.m.held != 0 {
		t.Errorf("%d weirds, %d open, %d held", weirds, r.m.Open(), r.m.held)
	}
}

func TestTimeout(t *testing.T) {
	r := newRig(nil)
	c := newConn(1)
	id, from := r.id(c, "a"), r.carrier(c)
	r.m.Data(id, from, []byte("GIF89a"))
	step := func(at float64) {
		r.clock.now = seconds(at)
		if r.m.Due(r.clock.now) {
			r.m.Advance(seconds(at), r.clock)
		}
	}
	step(1060)
	r.m.Data(id, from, []byte("more"))
	step(1119)
	step(1200) // checked at 1120, 60 seconds after the last bytes
	if r.m.Open() != 1 {
		t.Fatal("the file ended too early")
	}
	step(1240)
	r.want(t, "new", "over 1 false", "timeout", "sniff image/gif true", "remove 10 0 0 0 false")
}

func TestDrain(t *testing.T) {
	r := newRig(nil)
	c := newConn(1)
	var order []uint64
	for i := range uint64(5) {
		r.clock.num = 10 + i
		r.m.Data(r.id(c, fmt.Sprint(i)), r.carrier(c), []byte("x"))
	}
	r.m.Drain(func(first uint64) { order = append(order, first) })
	if !slices.Equal(order, []uint64{10, 11, 12, 13, 14}) || r.m.Open() != 0 {
		t.Errorf("order %v", order)
	}
}

func TestLimits(t *testing.T) {
	r := newRig(func(o *Options) { o.Open, o.OpenPerConn = 4, 3 })
	a, b := newConn(1), newConn(2)
	for i := range 5 {
		r.m.Data(r.id(a, fmt.Sprint(i)), r.carrier(a), []byte("x"))
	}
	if s := r.m.Stats(); r.m.Open() != 3 || s.Refused != 2 {
		t.Errorf("%d open, %d refused", r.m.Open(), s.Refused)
	}
	for i := range 3 {
		r.m.Data(r.id(b, fmt.Sprint(i+10)), r.carrier(b), []byte("x"))
	}
	if s := r.m.Stats(); r.m.Open() != 4 || s.Evicted != 2 {
		t.Errorf("%d open, %d evicted", r.m.Open(), s.Evicted)
	}
	r.m.Drain(func(uint64) {})
	r.log = nil
	r.want(t)
}

func TestExtract(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "out")
	r := newRig(func(o *Options) { o.Extract, o.ExtractDir, o.ExtractLimit = []string{"image/*"}, dir, 16 })
	c := newConn(1)
	from := r.carrier(c)
	from.Source = "../HTTP"
	for i, parts := range []string{"GIF89a-0123456", "GIF89a-0123456789-abc", "%PDF-1.7 never"} {
		id := r.id(c, fmt.Sprint(i))
		r.m.Data(id, from, []byte(parts[:7]))
		r.m.Data(id, from, []byte(parts[7:]))
		r.m.End(id)
	}
	id := r.id(c, "gap")
	r.m.Data(id, from, []byte("GIF89a"))
	r.m.Gap(id, from, 6, 4)
	r.m.Data(id, from, []byte("end"))
	r.m.End(id)
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, e := range entries {
		if !strings.HasPrefix(e.Name(), "extract-1000.000000-___HTTP-F") {
			t.Errorf("name %q", e.Name())
		}
		b, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, string(b))
	}
	slices.Sort(got)
	if want := []string{"GIF89a\x00\x00\x00\x00end", "GIF89a-0123456", "GIF89a-012345678"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	if s := r.m.Stats().Extract; s.Files != 3 || s.Cut != 1 || s.Failed != 0 || s.Bytes != 14+16+9 {
		t.Errorf("%+v", s)
	}
	if n := slices.Index(r.log, "limit 16 21"); n < 0 {
		t.Errorf("events %v", r.log)
	}
}

func TestExtractNameTaken(t *testing.T) {
	dir := t.TempDir()
	r := newRig(func(o *Options) { o.Extract, o.ExtractDir = []string{"*/*"}, dir })
	c := newConn(1)
	for range 3 {
		r.m.Data(r.id(c, "same"), r.carrier(c), []byte("GIF89a"))
		r.m.End(r.id(c, "same"))
	}
	if entries, _ := os.ReadDir(dir); len(entries) != 3 {
		t.Errorf("%d files", len(entries))
	}
}

type panicker struct{ at string }

func (p panicker) act(at string) bool {
	if at == p.at {
		panic("on purpose")
	}
	return true
}
func (p panicker) Data([]byte) bool        { return p.act("data") }
func (p panicker) Gap(uint64, uint64) bool { return p.act("gap") }
func (p panicker) End()                    { p.act("end") }

func TestPanic(t *testing.T) {
	log := slog.Default()
	slog.SetDefault(slog.New(slog.DiscardHandler))
	t.Cleanup(func() { slog.SetDefault(log) })
	for _, at := range []string{"data", "gap", "end"} {
		r := newRig(func(o *Options) { o.Hash = []string{"md5"} })
		r.collect("image/gif")
		r.m.Register(&Kind{Name: "P", MIMETypes: []string{"image/gif"},
			New:     func(*Manager, *File) Analyzer { return panicker{at} },
			Release: func(Analyzer) { t.Error("an analyzer that panicked is used again") }})
		c := newConn(1)
		for i := range maxPanics + 4 {
			id := r.id(c, fmt.Sprint(i))
			r.m.Data(id, r.carrier(c), []byte("GIF89a"))
			r.m.Gap(id, r.carrier(c), 6, 1)
			r.m.End(id)
		}
		if n := r.m.Stats().Panics; n != maxPanics {
			t.Errorf("%s: %d panics", at, n)
		}
		if want := strings.Repeat("GIF89a_", maxPanics+4); string(r.got) != want {
			t.Errorf("%s: the other analyzer got %q", at, r.got)
		}
	}
}

// TestListenerPanics checks that a listener that panics at the end of a file, even from
// a timer, neither keeps the file open nor hides its end from other listeners.
func TestListenerPanics(t *testing.T) {
	log := slog.Default()
	slog.SetDefault(slog.New(slog.DiscardHandler))
	t.Cleanup(func() { slog.SetDefault(log) })
	hooks := new(event.Hooks)
	clock := &testClock{now: seconds(1000), num: 1}
	n, heard := 0, 0
	no := func() { n++; panic("no") }
	hooks.File.Timeout.Listen(func(*event.FileTimeout) { no() })
	hooks.File.Timeout.Listen(func(*event.FileTimeout) { heard++ })
	hooks.File.Sniff.Listen(func(*event.FileSniff) { no() })
	hooks.File.StateRemove.Listen(func(*event.FileStateRemove) { no() })
	hooks.File.StateRemove.Listen(func(*event.FileStateRemove) { heard++ })
	m := New(DefaultOptions(), hooks, clock, noCause)
	c := newConn(1)
	for i := range 4 {
		// There are too few bytes to detect the type before the end.
		m.Data(m.ID(c, []byte{byte(i)}), &Carrier{Conn: c}, []byte("x"))
	}
	m.End(m.ID(c, []byte{0}))
	clock.now = seconds(2000)
	m.Advance(seconds(2000), clock)
	m.Data(m.ID(c, []byte{9}), &Carrier{Conn: c}, []byte("x"))
	m.Drain(func(uint64) {})
	// Each of the 5 files has a sniff and a remove, and all but the first a
	// timeout.
	if n != 14 || heard != 9 || m.Stats().Panics != 14 || m.Open() != 0 || m.byDeadline.Oldest() != nil || len(m.perConn) != 0 {
		t.Errorf("%d panics, %d events heard, %d open, %+v", n, heard, m.Open(), m.Stats())
	}
}

// model reassembles a file in the simplest way: the first bytes to arrive stay.
type model struct {
	data  []byte
	known []bool
}

func (m *model) put(at int, b []byte) {
	for i, c := range b {
		if !m.known[at+i] {
			m.data[at+i], m.known[at+i] = c, true
		}
	}
}

func FuzzReassembly(f *testing.F) {
	f.Add([]byte{0, 10, 20, 10, 10, 10})
	f.Add([]byte{5, 3, 0, 9, 200, 50, 100, 120})
	f.Fuzz(func(t *testing.T, ops []byte) {
		r := newRig(nil)
		c := newConn(1)
		id, from := r.id(c, "a"), r.carrier(c)
		r.hooks.File.Sniff.Listen(func(e *event.FileSniff) {})
		k := r.collect("")
		m := model{make([]byte, 600), make([]bool, 600)}
		rng := rand.New(rand.NewPCG(1, uint64(len(ops))))
		end := 0
		r.hooks.File.New.Listen(func(e *event.FileNew) { e.File.(*File).Attach(k) })
		for ; len(ops) >= 2; ops = ops[2:] {
			at, n := int(ops[0]), int(ops[1])
			b := make([]byte, n)
			for i := range b {
				b[i] = 'a' + byte(rng.IntN(26))
			}
			m.put(at, b)
			r.m.DataAt(id, from, uint64(at), b)
			if n > 0 {
				end = max(end, at+n)
			}
		}
		r.m.End(id)
		want := m.data[:end]
		for i := range want {
			if !m.known[i] {
				want[i] = '_'
			}
		}
		if string(r.got) != string(want) {
			t.Fatalf("got  %q\nwant %q", r.got, want)
		}
		if r.m.held != 0 || r.m.Open() != 0 {
			t.Fatalf("%d bytes held, %d files open", r.m.held, r.m.Open())
		}
	})
}

func TestAllocs(t *testing.T) {
	r := newRig(nil)
	r.m.hooks = new(event.Hooks)
	c := newConn(1)
	from := r.carrier(c)
	head, data := []byte("GIF89a"), make([]byte, 1460)
	handle := []byte("handle")
	run := func() {
		id := r.m.ID(c, handle)
		r.m.Data(id, from, head)
		for range 10 {
			r.m.Data(id, from, data)
		}
		r.m.End(id)
	}
	run()
	if n := testing.AllocsPerRun(100, run); n > 1 {
		t.Errorf("%v allocations a file", n)
	}
}

func BenchmarkData(b *testing.B) {
	for _, hashes := range [][]string{nil, {"md5"}, {"sha256"}} {
		b.Run(strings.Join(hashes, ","), func(b *testing.B) {
			o := DefaultOptions()
			o.Hash = hashes
			m := New(o, new(event.Hooks), &testClock{}, noCause)
			c := newConn(1)
			from := &Carrier{Source: "HTTP", Conn: c}
			id := m.ID(c, []byte("x"))
			data := make([]byte, 1460)
			b.SetBytes(int64(len(data)))
			b.ReportAllocs()
			for b.Loop() {
				m.Data(id, from, data)
			}
		})
	}
}

func BenchmarkFile(b *testing.B) {
	m := New(DefaultOptions(), new(event.Hooks), &testClock{}, noCause)
	c := newConn(1)
	from := &Carrier{Source: "HTTP", Conn: c}
	data := []byte("GIF89a..........................................................")
	handle := []byte("HTTP 10.0.0.1 1234 10.0.0.2 80 1")
	b.ReportAllocs()
	for b.Loop() {
		id := m.ID(c, handle)
		m.SetSize(id, from, uint64(len(data)))
		m.Data(id, from, data)
	}
}

func TestMIMETypes(t *testing.T) {
	var got event.FileMetadata
	h := new(event.Hooks)
	h.File.Sniff.Listen(func(e *event.FileSniff) {
		got = e.Meta
		got.MIMETypes = slices.Clone(e.Meta.MIMETypes)
	})
	m := New(DefaultOptions(), h, &testClock{}, nil)
	// A document with the folders of two kinds.
	part := "PK\x03\x04" + strings.Repeat("x", 26)
	id := m.ID(nil, []byte("x"))
	m.Data(id, &Carrier{Source: "HTTP"}, []byte(part+"[Content_Types].xml"+part+"word/"+part+"xl/"))
	m.End(id)
	const office = "application/vnd.openxmlformats-officedocument."
	want := []event.MIMEMatch{{Strength: 80, MIME: office + "wordprocessingml.document"}, {Strength: 10, MIME: "application/zip"}}
	if got.MIMEType.V != office+"spreadsheetml.sheet" || !slices.Equal(got.MIMETypes, want) {
		t.Errorf("%+v", got)
	}
}
