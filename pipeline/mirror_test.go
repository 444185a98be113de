package pipeline

import (
	"bytes"
	"encoding/binary"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/wirelog/wirelog/capture"
	"github.com/wirelog/wirelog/dissect/link/packet"
)

// mirrored puts tunnels of a mirror around frames, all between the same two hosts.
type mirrored struct {
	vni  uint32
	most int // bytes of a frame that the mirror sends, 0 for all
	mtu  int // bytes of the payload of an outer IP packet, 0 for any
	id   uint16
}

// wrap returns the packets that carry a frame.
func (m *mirrored) wrap(frame []byte) (out [][]byte) {
	if m.most > 0 && len(frame) > m.most {
		frame = frame[:m.most]
	}
	b := binary.BigEndian.AppendUint64(nil, 1<<59|uint64(m.vni)<<8)
	b = append(b, frame...)
	u := binary.BigEndian.AppendUint16([]byte{0xc0, 0, 0x12, 0xb5}, uint16(8+len(b)))
	b = append(append(u, 0, 0), b...)
	m.id++
	for off := 0; off < len(b); {
		n := len(b) - off
		flags := uint16(off / 8)
		if m.mtu > 0 && n > m.mtu {
			n = m.mtu
			flags |= 0x2000
		}
		h := []byte{2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, 8, 0, 0x45, 0}
		h = binary.BigEndian.AppendUint16(h, uint16(20+n))
		h = binary.BigEndian.AppendUint16(h, m.id)
		h = binary.BigEndian.AppendUint16(h, flags)
		h = append(h, 64, 17, 0, 0, 192, 0, 2, 1, 192, 0, 2, 2)
		binary.BigEndian.PutUint16(h[24:], packet.Checksum(h[14:]))
		out = append(out, append(h, b[off:off+n]...))
		off += n
	}
	return out
}

// source is a source of the packets of a capture, wrapped.
func (m *mirrored) source(t testing.TB, path string) func(capture.BatcherOptions) (capture.Source, error) {
	return func(o capture.BatcherOptions) (capture.Source, error) {
		r, err := capture.Open([]string{path}, capture.Options{})
		if err != nil {
			t.Fatal(err)
		}
		return capture.FromPackets(func(yield func(capture.Packet) bool) {
			defer r.Close()
			for {
				b, err := r.Next()
				if err != nil {
					return
				}
				for _, p := range b.Packets {
					for _, b := range m.wrap(p.Data) {
						p.Data, p.OrigLen, p.Link = b, uint32(len(b)), uint16(packet.LinkEthernet)
						if !yield(p) {
							return
						}
					}
				}
				b.Release()
			}
		}, o)
	}
}

// ethernetCaptures are the captures of testdata whose frames a mirror can send.
func ethernetCaptures(t testing.TB) (list []string) {
	t.Helper()
	for _, path := range testCaptures(t) {
		packets, st := packetsOf(t, path)
		if len(packets) == 0 || st.Cut > 0 || st.Empty > 0 || strings.Contains(path, "damaged") {
			continue
		}
		switch filepath.Base(path) {
		case "vxlan.pcap", "geneve.pcap", "tunnels-nested.pcap":
			continue // their own tunnels would be taken off, too
		}
		ok := true
		for _, p := range packets {
			ok = ok && p.Link == uint16(packet.LinkEthernet) && int(p.OrigLen) == len(p.Data) && len(p.Data) > 14
		}
		if ok {
			list = append(list, path)
		}
	}
	return list
}

// TestMirror wraps captures in VXLAN: with Mirror the output is that of the bare capture,
// also if the outer packets are fragmented, with any number of shards.
func TestMirror(t *testing.T) {
	list := ethernetCaptures(t)
	if len(list) < 40 {
		t.Fatalf("%d captures", len(list))
	}
	for i, path := range everyStep(list) {
		bare := runOn(t, nil, func(o *Options) {
			o.Source = func(b capture.BatcherOptions) (capture.Source, error) {
				packets, _ := packetsOf(t, path)
				return capture.FromPackets(reusing(packets), b)
			}
		})
		m := &mirrored{vni: 77}
		if i%2 == 1 {
			m.mtu = 800
		}
		got := runOn(t, nil, func(o *Options) {
			o.Source, o.Mirror, o.Shards = m.source(t, path), []string{"geneve", "vxlan"}, 1+i%3
		})
		sameOutput(t, path, &bare, &got)
		if got.err != nil || got.summary.Mirrored != bare.summary.Packets || got.summary.Processed != bare.summary.Processed {
			t.Errorf("%s: %v: %d of %d packets were taken out", path, got.err, got.summary.Mirrored, bare.summary.Packets)
		}
	}
}

// TestMirrorFilter chooses among the packets in the tunnel.
func TestMirrorFilter(t *testing.T) {
	m := &mirrored{vni: 1}
	got := runOn(t, nil, func(o *Options) {
		o.Source, o.Mirror, o.Filter = m.source(t, "../testdata/dns.pcap"), []string{"vxlan"}, "udp port 53"
	})
	if n := len(got.rows("dns")); n == 0 || got.err != nil {
		t.Errorf("%d rows, %v", n, got.err)
	}
	got = runOn(t, nil, func(o *Options) {
		o.Source, o.Mirror, o.Filter = m.source(t, "../testdata/dns.pcap"), []string{"vxlan"}, "host 192.0.2.1"
	})
	if n := len(got.rows("conn")); n != 0 {
		t.Errorf("%d connections of the tunnel's hosts", n)
	}
}

// TestMirrorCut has a mirror that sends only the beginning of each packet: the packets count
// as cut, and nothing is damaged.
func TestMirrorCut(t *testing.T) {
	path := "../testdata/http.pcap"
	m := &mirrored{most: 60}
	got := runOn(t, nil, func(o *Options) { o.Source, o.Mirror = m.source(t, path), []string{"vxlan"} })
	short := runOn(t, nil, func(o *Options) {
		o.Source = func(b capture.BatcherOptions) (capture.Source, error) {
			packets, _ := packetsOf(t, path)
			for i := range packets {
				packets[i].Data = packets[i].Data[:min(60, len(packets[i].Data))]
			}
			return capture.FromPackets(reusing(packets), b)
		}
	})
	sameOutput(t, "cut", &short, &got)
	if s := got.summary; got.err != nil || s.Records.Cut == 0 || s.Lost() || len(got.rows("conn")) == 0 {
		t.Errorf("%v: %+v", got.err, s)
	}
}

// TestMirrorFragmentsMissing loses a fragment of an outer packet, which is said.
func TestMirrorFragmentsMissing(t *testing.T) {
	m := &mirrored{mtu: 400}
	big := append(bytes.Repeat([]byte{2}, 12), append([]byte{8, 0}, make([]byte, 1000)...)...)
	got := runOn(t, nil, func(o *Options) {
		o.Mirror = []string{"vxlan"}
		o.Source = func(b capture.BatcherOptions) (capture.Source, error) {
			var list []capture.Packet
			for _, b := range m.wrap(big)[1:] {
				list = append(list, capture.Packet{Data: b, OrigLen: uint32(len(b)), Link: 1, Time: 1e18})
			}
			return capture.FromPackets(reusing(list), b)
		}
	})
	if !got.summary.Lost() || len(got.summary.Dropped) != 2 {
		t.Errorf("%+v", got.summary.Dropped)
	}
}

// TestMirrorColumns has the identifiers in rows, and none without a tunnel.
func TestMirrorColumns(t *testing.T) {
	for _, c := range []struct {
		mirror []string
		want   map[string]any
	}{
		{[]string{"vxlan"}, map[string]any{"mirror_type": "vxlan", "mirror_id": 9.0, "inner_mirror_type": nil, "inner_mirror_id": nil}},
		{[]string{"geneve"}, map[string]any{"mirror_type": nil, "mirror_id": nil}},
	} {
		got := runOn(t, nil, func(o *Options) {
			m := &mirrored{vni: 9}
			o.Source, o.Mirror = m.source(t, "../testdata/dns.pcap"), c.mirror
			o.Format, o.Columns, o.EventsFile = FormatJSON, []string{"mirror"}, ""
		})
		rows := append(jsonRows(t, got.files["conn.log"]), jsonRows(t, got.files["dns.log"])...)
		if got.err != nil || len(rows) == 0 {
			t.Fatal(got.err, len(rows), got.files)
		}
		for _, r := range rows {
			for name, want := range c.want {
				if r[name] != want {
					t.Fatalf("%q: %s is %v: %v", c.mirror, name, r[name], r)
				}
			}
			if r["source_packet"] != nil {
				t.Fatal("columns of source:", r)
			}
		}
	}
}

func TestMirrorOption(t *testing.T) {
	o := Defaults()
	o.Paths, o.OutputDir, o.Mirror = []string{"../testdata/dns.pcap"}, t.TempDir(), []string{"gtp"}
	_, err := Run(t.Context(), o)
	var oe *OptionError
	if !errors.As(err, &oe) || oe.Option != "Mirror" {
		t.Error(err)
	}
}

// mirrorShares runs on a capture wrapped in VXLAN with four shards, and returns the share of
// the work that each was given, in percent.
func mirrorShares(t testing.TB, path string, mirror []string) (shares [4]float64) {
	t.Helper()
	o := Defaults()
	o.OutputDir, o.Shards, o.Mirror = t.TempDir(), len(shares), mirror
	o.Source = (&mirrored{vni: 3}).source(t, path)
	r, err := newRun(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	p := newParallel(r)
	err = errors.Join(p.process(t.Context()), r.merger.Close(), r.source.Close())
	if err != nil {
		t.Fatal(err)
	}
	sum := 0.0
	for _, n := range p.load {
		sum += float64(n)
	}
	for i, n := range p.load {
		shares[i] = 100 * float64(n) / sum
	}
	return shares
}

// TestMirrorShards has traffic of many hosts in one tunnel, which loads all shards, and
// without Mirror one.
func TestMirrorShards(t *testing.T) {
	path := filepath.Join(t.TempDir(), "hosts.pcap")
	w := newPcap(packet.LinkEthernet)
	for i := range 4000 {
		h := append(make([]byte, 12), 8, 0, 0x45, 0, 0, 28, 0, 0, 0, 0, 64, 17, 0, 0, 10, 1, byte(i/16), byte(i), 10, 2, 3, 4)
		w.add(int64(1e15+i), append(h, 0, 9, 0, 9, 0, 8, 0, 0))
	}
	if err := os.WriteFile(path, w.b, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, n := range mirrorShares(t, path, []string{"vxlan"}) {
		if n < 15 {
			t.Errorf("a shard has %.0f %%", n)
		}
	}
	shares := mirrorShares(t, path, nil)
	if slices.Max(shares[:]) != 100 {
		t.Error("without Mirror a tunnel is shared out:", shares)
	}
}

// BenchmarkMirrorShards reads the benchmark capture mix in VXLAN, with Mirror and without.
// Its metrics are the shares of the shards with the least and the most work.
func BenchmarkMirrorShards(b *testing.B) {
	path := "../build/bench/mix.pcap"
	if _, err := os.Stat(path); err != nil {
		b.Skip("make bench-captures: ", err)
	}
	for name, list := range map[string][]string{"mirror": {"vxlan"}, "tunnel": nil} {
		b.Run(name, func(b *testing.B) {
			for range b.N {
				shares := mirrorShares(b, path, list)
				b.ReportMetric(slices.Min(shares[:]), "least-%")
				b.ReportMetric(slices.Max(shares[:]), "most-%")
			}
		})
	}
}
