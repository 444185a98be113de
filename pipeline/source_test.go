package pipeline

import (
	"bytes"
	"context"
	"errors"
	"io"
	"iter"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/gopacket"
	"github.com/google/gopacket/pcapgo"

	"github.com/wirelog/wirelog/capture"
)

// packetsOf reads all packets of a capture.
func packetsOf(t testing.TB, path string) ([]capture.Packet, capture.Stats) {
	t.Helper()
	r, err := capture.Open([]string{path}, capture.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	var list []capture.Packet
	for {
		b, err := r.Next()
		if errors.Is(err, io.EOF) {
			return list, r.Stats()
		}
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range b.Packets {
			p.Data = bytes.Clone(p.Data)
			list = append(list, p)
		}
		b.Release()
	}
}

// cutter is a source that cuts its packets into batches at random.
type cutter struct {
	*capture.Batcher
	rng    *rand.Rand
	list   []capture.Packet
	most   int  // packets in a batch
	empty  bool // include empty batches
	closed bool
}

func (c *cutter) Next() (*capture.Batch, error) {
	if c.empty && c.rng.IntN(4) == 0 {
		return c.Pass(0), nil
	}
	for n := 1 + c.rng.IntN(c.most); len(c.list) > 0; n-- {
		if n <= 0 || c.Full() {
			if b := c.Take(); b != nil {
				return b, nil
			}
		}
		if err := c.Copy(&c.list[0]); err != nil {
			return nil, err
		}
		c.list = c.list[1:]
	}
	if b := c.End(); b != nil {
		return b, nil
	}
	return nil, io.EOF
}

func (c *cutter) Damage() []*capture.DamageError { return nil }
func (c *cutter) Close() error                   { c.closed = true; return nil }

// TestCutsHaveNoEffect cuts the packets of captures into batches at random and
// expects the same logs and events as from the file.
func TestCutsHaveNoEffect(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for _, path := range everyStep(testCaptures(t)) {
		sameForCuts(t, rng, path)
	}
}

func TestCutsHaveNoEffectReference(t *testing.T) {
	if testing.Short() {
		t.Skip("takes a while")
	}
	rng := rand.New(rand.NewPCG(3, 4))
	for _, path := range referenceTraces(t) {
		if st, err := os.Stat(path); err != nil || st.Size() > 1<<20 {
			continue
		}
		sameForCuts(t, rng, path)
	}
}

// sameForCuts compares a run on a capture with runs on its packets cut at random,
// for 1, 2 and 3 shards.
func sameForCuts(t *testing.T, rng *rand.Rand, path string) {
	t.Helper()
	list, stats := packetsOf(t, path)
	want := runOn(t, []string{path}, nil)
	for shards := 1; shards <= 3; shards++ {
		c := &cutter{rng: rng, list: list, most: []int{1, 3, 40, 1000}[rng.IntN(4)],
			empty: stats.Jumps+stats.JumpsHeld == 0}
		got := runOn(t, nil, func(o *Options) {
			o.Shards = shards
			o.Source = func(b capture.BatcherOptions) (_ capture.Source, err error) {
				c.Batcher, err = capture.NewBatcher(b)
				return c, err
			}
		})
		if got.err != nil || !c.closed {
			t.Errorf("%s: %v, closed %v", path, got.err, c.closed)
		}
		if a, b := want.summary.Packets, got.summary.Packets; a != b {
			t.Errorf("%s: %d packets, %d if cut", path, a, b)
		}
		if a, b := want.summary.Clock, got.summary.Clock; a.Backwards != b.Backwards || a.Jumps != b.Jumps || a.JumpsHeld != b.JumpsHeld {
			t.Errorf("%s: clock %+v, %+v if cut", path, a, b)
		}
		sameOutput(t, path, &want, &got)
	}
}

// TestSources feeds captures through gopacket's reader and as packets of the
// caller, and expects the same logs and events as from the file.
func TestSources(t *testing.T) {
	type open func(r *pcapgo.Reader, list []capture.Packet, link uint16, b capture.BatcherOptions) (capture.Source, error)
	sources := map[string]open{
		"gopacket": func(r *pcapgo.Reader, _ []capture.Packet, link uint16, b capture.BatcherOptions) (capture.Source, error) {
			return capture.FromGopacket(r, capture.GopacketOptions{BatcherOptions: b, Link: link})
		},
		"gopacket without copies": func(r *pcapgo.Reader, _ []capture.Packet, link uint16, b capture.BatcherOptions) (capture.Source, error) {
			return capture.FromGopacketZeroCopy(r, capture.GopacketOptions{BatcherOptions: b, Link: link})
		},
		"packets": func(_ *pcapgo.Reader, list []capture.Packet, _ uint16, b capture.BatcherOptions) (capture.Source, error) {
			return capture.FromPackets(reusing(list), b)
		},
	}
	compared := 0
	for _, path := range testCaptures(t) {
		list, stats := packetsOf(t, path)
		if filepath.Ext(path) != ".pcap" || len(list) == 0 || stats.CutToSnaplen > 0 || strings.Contains(path, "damaged") {
			continue
		}
		file, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := pcapgo.NewReader(bytes.NewReader(file)); err != nil {
			continue // an old format
		}
		want := runOn(t, []string{path}, nil)
		if len(want.summary.Damage) > 0 {
			continue
		}
		compared++
		for name, open := range sources {
			got := runOn(t, nil, func(o *Options) {
				o.Source = func(b capture.BatcherOptions) (capture.Source, error) {
					r, err := pcapgo.NewReader(bytes.NewReader(file))
					if err != nil {
						return nil, err
					}
					return open(r, list, list[0].Link, b)
				}
			})
			if got.err != nil || len(got.summary.Damage) > 0 {
				t.Errorf("%s by %s: %v, damage %q", path, name, got.err, got.summary.Damage)
			}
			sameOutput(t, path+" by "+name, &want, &got)
		}
	}
	if compared < 50 {
		t.Errorf("%d captures compared", compared)
	}
}

// reusing yields packets in memory that it reuses for the next one.
func reusing(list []capture.Packet) iter.Seq[capture.Packet] {
	return func(yield func(capture.Packet) bool) {
		var buf []byte
		for _, p := range list {
			buf = append(buf[:0], p.Data...)
			p.Data, p.Num, p.Now = buf, 0, 0
			if !yield(p) {
				return
			}
			clear(buf)
		}
	}
}

func TestSourceOptions(t *testing.T) {
	none := func(b capture.BatcherOptions) (capture.Source, error) { return capture.FromPackets(reusing(nil), b) }
	broken := errors.New("no such interface")
	for _, c := range []struct {
		name   string
		change func(*Options)
		option string
	}{
		{"neither", func(*Options) {}, "Paths"},
		{"both", func(o *Options) { o.Paths, o.Source = []string{"x.pcap"}, none }, "Source"},
		{"an error", func(o *Options) {
			o.Source = func(capture.BatcherOptions) (capture.Source, error) { return nil, broken }
		}, "Source"},
		{"an interface too", func(o *Options) { o.Paths, o.Interfaces = []string{"x.pcap"}, []string{"lo"} }, "Interfaces"},
		{"no interface", func(o *Options) { o.Interfaces = []string{"nowhere"} }, "Interfaces"},
		{"the filter", func(o *Options) { o.Source, o.Filter = none, "prot 5" }, "Filter"},
	} {
		o := Defaults()
		o.OutputDir = t.TempDir()
		c.change(&o)
		_, err := Run(context.Background(), o)
		var oe *OptionError
		if !errors.As(err, &oe) || oe.Option != c.option {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

// readerFunc is a gopacket source.
type readerFunc func() ([]byte, error)

func (f readerFunc) ReadPacketData() ([]byte, gopacket.CaptureInfo, error) {
	data, err := f()
	return data, gopacket.CaptureInfo{CaptureLength: len(data), Length: len(data)}, err
}

// TestSourceFails has a source end with an error and checks that the packets
// before it are logged.
func TestSourceFails(t *testing.T) {
	list, _ := packetsOf(t, "../testdata/tiny.pcap")
	out := runOn(t, nil, func(o *Options) {
		o.Source = func(b capture.BatcherOptions) (capture.Source, error) {
			i := 0
			read := readerFunc(func() ([]byte, error) {
				if i == len(list) {
					return nil, errors.New("interface is down")
				}
				i++
				return list[i-1].Data, nil
			})
			return capture.FromGopacket(read, capture.GopacketOptions{BatcherOptions: b, Name: "eth0", Link: list[0].Link})
		}
	})
	if d := out.summary.Damage; len(d) != 1 || !strings.HasPrefix(d[0], "eth0: reading failed after ") || !strings.HasSuffix(d[0], ": interface is down") {
		t.Errorf("damage %q", d)
	}
	if out.err != nil || out.summary.Processed == 0 || !out.summary.Lost() {
		t.Errorf("%v, %+v", out.err, out.summary)
	}
}

// endless is a source that begins its packets again and again until it is stopped.
type endless struct {
	cutter
	packets []capture.Packet
	stop    chan struct{} // closed at the third batch
	batches int
	stopped bool
}

func (e *endless) Next() (*capture.Batch, error) {
	if e.batches++; e.batches == 3 {
		close(e.stop)
	}
	if len(e.list) == 0 && !e.stopped {
		e.list = e.packets
	}
	return e.cutter.Next()
}

// stopper is an endless that can stop.
type stopper struct{ endless }

func (s *stopper) Stop() { s.stopped = true }

// TestStop ends runs on sources without an end, with all of their packets.
func TestStop(t *testing.T) {
	list, _ := packetsOf(t, "../testdata/tiny.pcap")
	for _, shards := range []int{1, 3} {
		for _, stops := range []bool{false, true} {
			stop := make(chan struct{})
			s := &stopper{endless{cutter: cutter{rng: rand.New(rand.NewPCG(1, 2)), most: len(list)}, packets: list, stop: stop}}
			out := runOn(t, nil, func(o *Options) {
				o.Shards, o.Stop = shards, stop
				o.Source = func(b capture.BatcherOptions) (capture.Source, error) {
					var err error
					s.Batcher, err = capture.NewBatcher(b)
					if !stops {
						return &s.endless, err
					}
					return s, err
				}
			})
			if out.err != nil || out.summary.Lost() || out.summary.Check() != nil || s.stopped != stops {
				t.Errorf("%d shards: %v, %+v", shards, out.err, out.summary)
			}
			if n := out.summary.Processed; n == 0 || stops && len(s.list) > 0 {
				t.Errorf("%d shards: %d packets processed, %d not read", shards, n, len(s.list))
			}
		}
	}
}
