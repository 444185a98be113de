package pipeline

import (
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/wirelog/wirelog/capture"
	"github.com/wirelog/wirelog/dissect/link/packet"
)

// splitFan is a Fan that shares the packets of a capture out by their two outermost addresses.
type splitFan struct {
	parts []*fanPart
	fail  error // of the first part, after its packets
	// gate, if not nil, must be true before the second half of the packets comes.
	gate func() bool
}

type fanPart struct {
	*cutter
	told atomic.Pointer[capture.Stats]
}

func (p *fanPart) Stats() capture.Stats {
	s := p.cutter.Stats()
	p.told.Store(&s)
	return s
}

func newSplitFan(t *testing.T, path string, n int, b capture.BatcherOptions) (*splitFan, error) {
	t.Helper()
	list, _ := packetsOf(t, path)
	f := new(splitFan)
	rng := rand.New(rand.NewPCG(7, uint64(n)))
	for range n {
		batcher, err := capture.NewBatcher(b)
		if err != nil {
			return nil, err
		}
		f.parts = append(f.parts, &fanPart{cutter: &cutter{Batcher: batcher, rng: rand.New(rand.NewPCG(rng.Uint64(), 0)), most: 40, empty: true}})
	}
	var hosts packet.Decoder
	for _, p := range list {
		src, dst, ok := hosts.Hosts(&packet.Frame{Data: p.Data, OrigLen: p.OrigLen, Link: packet.LinkType(p.Link)})
		i := 0
		if ok {
			i = int((src.Lo^src.Lo>>7)+(dst.Lo^dst.Lo>>7)) % n
			i = (i + n) % n
		}
		f.parts[i].list = append(f.parts[i].list, p)
	}
	return f, nil
}

func (f *splitFan) Parts() (list []capture.Source) {
	for i, p := range f.parts {
		switch {
		case i == 0 && f.fail != nil:
			list = append(list, failing{p, f.fail})
		case f.gate != nil:
			list = append(list, gated{p, f.gate, len(p.list) / 2})
		default:
			list = append(list, p)
		}
	}
	return list
}

func (f *splitFan) Next() (*capture.Batch, error)  { panic("not a part") }
func (f *splitFan) Damage() []*capture.DamageError { return nil }
func (f *splitFan) Close() error                   { return nil }

func (f *splitFan) Stats() (sum capture.Stats) {
	for _, p := range f.parts {
		st := p.told.Load()
		if st == nil {
			continue
		}
		sum.Packets += st.Packets
		sum.Bytes += st.Bytes
		sum.Filtered += st.Filtered
		sum.Empty += st.Empty
		sum.Cut += st.Cut
	}
	return sum
}

// gated is a part that has empty batches in the middle, until gate is true.
type gated struct {
	*fanPart
	gate func() bool
	left int
}

func (g gated) Next() (*capture.Batch, error) {
	if len(g.list) <= g.left && !g.gate() {
		return g.Pass(0), nil
	}
	return g.fanPart.Next()
}

// failing is a part that fails where it would end.
type failing struct {
	*fanPart
	err error
}

func (f failing) Next() (*capture.Batch, error) {
	b, err := f.fanPart.Next()
	if errors.Is(err, io.EOF) {
		err = f.err
	}
	return b, err
}

var identifiers = regexp.MustCompile(`\b[CF][0-9A-Za-z]{14,18}\b`)

// masked returns the lines of a log in the order of the alphabet, without identifiers, which
// have the numbers of packets in them.
func masked(text string) []string {
	lines := strings.Split(identifiers.ReplaceAllString(text, "UID"), "\n")
	slices.Sort(lines)
	return lines
}

// TestFan reads captures in parts, a shard each, and expects the rows of one that is read as a
// whole, in order.
func TestFan(t *testing.T) {
	for _, name := range []string{"mixed", "fragments", "ftp", "icmp", "tunnels-nested", "http", "dns"} {
		path := filepath.Join("../testdata", name+".pcap")
		if _, err := os.Stat(path); err != nil {
			t.Fatal(err)
		}
		change := func(o *Options) { o.EventsFile, o.OptionalLogs = "", []string{"stats", "capture_loss"} }
		want := runOn(t, []string{path}, change)
		for _, n := range []int{1, 2, 4} {
			got := runOn(t, nil, func(o *Options) {
				change(o)
				o.Shards = n
				o.Source = func(b capture.BatcherOptions) (capture.Source, error) { return newSplitFan(t, path, n, b) }
			})
			what := name + " in " + strconv.Itoa(n)
			if got.err != nil || got.summary.Packets != want.summary.Packets || got.summary.Processed != want.summary.Processed || got.summary.Connections != want.summary.Connections {
				t.Errorf("%s: %v, %d packets of %d, %d connections of %d", what, got.err, got.summary.Packets, want.summary.Packets, got.summary.Connections, want.summary.Connections)
			}
			if !got.summary.FirstPacket.Equal(want.summary.FirstPacket) || !got.summary.LastPacket.Equal(want.summary.LastPacket) {
				t.Errorf("%s: from %v to %v, want %v to %v", what, got.summary.FirstPacket, got.summary.LastPacket, want.summary.FirstPacket, want.summary.LastPacket)
			}
			for log, text := range want.files {
				if log == "stats.log" || log == "capture_loss.log" { // they have the memory of the process, and when a part began
					if n := strings.Count(got.files[log], "\n"); n != strings.Count(text, "\n") {
						t.Errorf("%s: %s has %d lines, want %d", what, log, n, strings.Count(text, "\n"))
					}
					continue
				}
				if a, b := masked(text), masked(got.files[log]); !slices.Equal(a, b) {
					t.Errorf("%s: %s differs at %s", what, log, firstDifference(strings.Join(a, "\n"), strings.Join(b, "\n")))
				}
			}
			if len(got.files) != len(want.files) {
				t.Errorf("%s: %d logs, want %d", what, len(got.files), len(want.files))
			}
		}
	}
}

// TestFanOrder reads parts of which one is ahead of the other: rows are written in order.
func TestFanOrder(t *testing.T) {
	for _, name := range []string{"mixed", "dns", "http"} {
		o := Defaults()
		o.OutputDir, o.Shards, o.Seed = t.TempDir(), 4, "test"
		o.Source = func(b capture.BatcherOptions) (capture.Source, error) {
			return newSplitFan(t, filepath.Join("../testdata", name+".pcap"), 4, b)
		}
		r, err := newRun(t.Context(), o)
		if err != nil {
			t.Fatal(err)
		}
		if s, err := r.run(t.Context()); err != nil || s.Packets == 0 || r.merger.Stats().OutOfOrder != 0 {
			t.Errorf("%s: %v, %d packets, %d rows out of order", name, err, s.Packets, r.merger.Stats().OutOfOrder)
		}
	}
}

// TestFanReload exchanges the outputs of a run in parts at any moment: no row is lost.
func TestFanReload(t *testing.T) {
	path, ref := "../testdata/mixed.pcap", t.TempDir()
	if got := runOn(t, []string{path}, func(o *Options) { o.EventsFile, o.Outputs = "", []Output{jsonOutput("ref", ref)} }); got.err != nil {
		t.Fatal(got.err)
	}
	want := linesOf(t, ref)
	for range 5 {
		dir := t.TempDir()
		var wg sync.WaitGroup
		var done atomic.Int32
		over := make(chan struct{})
		got := runOn(t, nil, func(o *Options) {
			o.EventsFile, o.Shards, o.Outputs, o.Control = "", 3, []Output{jsonOutput("first", dir)}, new(Control)
			o.Source = func(b capture.BatcherOptions) (capture.Source, error) {
				f, err := newSplitFan(t, path, 3, b)
				f.gate = func() bool { return done.Load() >= 3 || t.Failed() }
				return f, err
			}
			c, next := o.Control, *o
			wg.Go(func() {
				for i := 0; ; i++ {
					select {
					case <-over:
						return
					default:
					}
					next.Outputs = []Output{jsonOutput("next", filepath.Join(dir, strconv.Itoa(i)))}
					switch err := c.Reload(context.Background(), next); {
					case err == nil:
						done.Add(1)
					case !errors.Is(err, ErrNoRun):
						t.Error(err)
						return
					}
				}
			})
		})
		close(over)
		wg.Wait()
		if rows := linesOf(t, dir); got.err != nil || len(rows) != len(want) {
			t.Errorf("%d reloads: %d rows, want %d: %v", done.Load(), len(rows), len(want), got.err)
		}
	}
}

// TestFanHeld has one shard give more rows than it may before the others have gone on.
func TestFanHeld(t *testing.T) {
	was := maxRows
	maxRows = 2000
	defer func() { maxRows = was }()
	path := "../testdata/mixed.pcap"
	want := runOn(t, []string{path}, nil)
	got := runOn(t, nil, func(o *Options) {
		o.Shards = 3
		o.Source = func(b capture.BatcherOptions) (capture.Source, error) { return newSplitFan(t, path, 3, b) }
	})
	if got.err != nil || len(masked(want.files["conn.log"])) != len(masked(got.files["conn.log"])) {
		t.Error(got.err, len(want.files["conn.log"]), len(got.files["conn.log"]))
	}
}

// TestFanFails has one part fail: the others end too, and all that was read is accounted for.
func TestFanFails(t *testing.T) {
	broken := errors.New("broken")
	got := runOn(t, nil, func(o *Options) {
		o.Shards = 3
		o.Source = func(b capture.BatcherOptions) (capture.Source, error) {
			f, err := newSplitFan(t, "../testdata/mixed.pcap", 3, b)
			f.fail = broken
			return f, err
		}
	})
	if !errors.Is(got.err, broken) || got.summary.Packets == 0 {
		t.Error(got.err, got.summary.Packets)
	}
	if _, err := Run(t.Context(), func() Options {
		o := Defaults()
		o.OutputDir, o.Shards = t.TempDir(), 4
		o.Source = func(b capture.BatcherOptions) (capture.Source, error) {
			return newSplitFan(t, "../testdata/dns.pcap", 3, b)
		}
		return o
	}()); err == nil || !strings.Contains(err.Error(), "3 parts for 4 shards") {
		t.Error(err)
	}
}

// TestFanMirror: one decoder cannot take the tunnels off several parts.
func TestFanMirror(t *testing.T) {
	o := Defaults()
	o.OutputDir, o.Shards, o.Mirror = t.TempDir(), 3, []string{"vxlan"}
	o.Source = func(b capture.BatcherOptions) (capture.Source, error) {
		return newSplitFan(t, "../testdata/dns.pcap", 3, b)
	}
	if _, err := Run(t.Context(), o); err == nil || !strings.Contains(err.Error(), "a source in parts") {
		t.Error(err)
	}
}

func TestCPUs(t *testing.T) {
	for text, want := range map[string]string{
		"0": "0", "2-5,8": "2-5,8", "8, 2-3": "8,2-3", "7,6": "7,6",
		"": "error", "a": "error", "1-": "error", "-1": "error", "3-2": "error", "1,1": "error", "1-3,2": "error", "0-9999": "error", "0-300": "error",
	} {
		list, err := parseCPUs(text)
		got := showCPUs(list)
		if err != nil {
			got = "error"
		}
		if got != want {
			t.Errorf("%q: %v, %v", text, list, err)
		}
	}
}
