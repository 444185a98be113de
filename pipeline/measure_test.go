package pipeline

import (
	"maps"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/wirelog/wirelog/dissect/link/packet"
	"github.com/wirelog/wirelog/internal/testconn"
)

// lossyCapture has, in each of some minutes, a connection of a host whose server
// acknowledges data ten times, of which the ninth was not captured, and three datagrams.
func lossyCapture(t *testing.T, minutes int) string {
	w := newPcap(packet.LinkRaw)
	us := int64(1_700_000_000e6)
	for i := range minutes {
		c := netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 0, 0, byte(i)}), 1025)
		s := netip.MustParseAddrPort("192.0.2.7:9999")
		add := func(g testconn.Segment) { w.add(us, g.Bytes()) }
		add(testconn.Segment{Src: c, Dst: s, Flags: "S", Seq: 1})
		add(testconn.Segment{Src: s, Dst: c, Flags: "SA", Seq: 1, Ack: 2})
		add(testconn.Segment{Src: c, Dst: s, Flags: "A", Seq: 2, Ack: 2})
		for n := range uint32(10) {
			if n != 8 {
				add(testconn.Segment{Src: c, Dst: s, Flags: "PA", Seq: 2 + 4*n, Ack: 2, Data: []byte("data")})
			}
			add(testconn.Segment{Src: s, Dst: c, Flags: "A", Seq: 2, Ack: 6 + 4*n})
			us += 1_000_000
		}
		for range 3 {
			w.add(us, testconn.UDP(netip.AddrPortFrom(c.Addr(), 4501), s, []byte("hello")))
			us += 1000
		}
		us += 60e6 - 10e6 - 3000
	}
	path := filepath.Join(t.TempDir(), "lossy.pcap")
	if err := os.WriteFile(path, w.b, 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

// columns returns columns of the rows of a log, by their numbers.
func columns(o *outcome, log string, numbers ...int) (rows []string) {
	for _, r := range o.rows(log) {
		f := strings.Split(r, "\t")
		var some []string
		for _, n := range numbers {
			some = append(some, f[n])
		}
		rows = append(rows, strings.Join(some, " "))
	}
	return rows
}

// The times are Zeek's: a minute after the first packet, then at the packet after each
// interval, and at the end.
func TestCaptureLoss(t *testing.T) {
	out := runOn(t, []string{lossyCapture(t, 12)}, func(o *Options) {
		o.OptionalLogs = []string{"capture_loss", "stats"}
		o.Reports.CaptureLossEvery = 5 * time.Minute
	})
	want := []string{
		"1700000060.000000 60.000000 zeek 1 10 10.0",
		"1700000360.000000 300.000000 zeek 5 50 10.0",
		"1700000660.000000 300.000000 zeek 5 50 10.0",
		"1700000670.002000 10.002000 zeek 1 10 10.0",
	}
	if got := columns(&out, "capture_loss", 0, 1, 2, 3, 4, 5); !slices.Equal(got, want) {
		t.Errorf("capture_loss:\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	// 25 packets of 910 bytes a minute; the flow of datagrams of the last minute is open at
	// the end, and those before have ended after a minute without any.
	want = []string{
		"1700000300.000000 125 - - - - 5 1 0 5 5 0 - -",
		"1700000600.000000 125 - - - - 5 1 0 5 5 0 - -",
		"1700000670.002000 50 - - - - 5 1 0 2 2 0 - -",
	}
	if got := columns(&out, "stats", 0, 3, 5, 6, 7, 8, 11, 12, 13, 14, 15, 16, 17, 18); !slices.Equal(got, want) {
		t.Errorf("stats:\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	packets, bytes, events := 0, 0, 0
	for _, r := range columns(&out, "stats", 3, 4, 9) {
		var n [3]int
		for i, s := range strings.Fields(r) {
			n[i], _ = strconv.Atoi(s)
		}
		packets, bytes, events = packets+n[0], bytes+n[1], events+n[2]
	}
	if s := out.summary; uint64(packets) != s.Packets || uint64(bytes) != s.Bytes || events == 0 || uint64(events) > s.Events {
		t.Errorf("%d packets, %d bytes and %d events in all, the summary has %d, %d and %d", packets, bytes, events, s.Packets, s.Bytes, s.Events)
	}
	for _, r := range columns(&out, "stats", 2) {
		if n, err := strconv.Atoi(r); err != nil || n == 0 {
			t.Errorf("%s MB of memory", r)
		}
	}
}

// The rows do not depend on the number of shards, and other logs not on them.
func TestMeasurementsOnShards(t *testing.T) {
	path := filepath.Join(t.TempDir(), "random.pcap")
	if err := os.WriteFile(path, synthetic(5, 3000), 0o644); err != nil {
		t.Fatal(err)
	}
	measured := func(o *Options) {
		o.OptionalLogs = []string{"capture_loss", "stats"}
		o.Reports.CaptureLossFirst, o.Reports.CaptureLossEvery, o.Reports.StatsEvery = time.Second, 3*time.Second, 2*time.Second
		o.Outputs = []Output{{Type: FormatTSV, Settings: &TSVSettings{o.fileSettings()}, Drop: []string{"stats:mem", "stats:reassem_*_size"}}}
	}
	paths := append([]string{path}, everyStep(testCaptures(t))...)
	for _, p := range [][]string{{path}, paths} {
		sameForShards(t, "measurements", p, []int{2, 3, 8}, measured)
		with, without := runOn(t, p, measured), runOn(t, p, nil)
		for _, log := range []string{"stats", "capture_loss"} {
			if n := len(with.rows(log)); n < 5 {
				t.Errorf("%s: %d rows", log, n)
			}
			delete(with.files, log+".log")
		}
		if !maps.Equal(with.files, without.files) {
			t.Error("what else is written depends on the measurements")
		}
	}
}
