package cases

import (
	"encoding/binary"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/wirelog/wirelog/internal/testconn"
	"github.com/wirelog/wirelog/pipeline"
)

// TestStraySegments reads connections into which one segment outside the window was put.
func TestStraySegments(t *testing.T) {
	for _, c := range []struct {
		file              string
		origBytes, answer string
		requests          int
	}{
		{"http.pcap", "27", "40", 1},
		{"stray-fin-out-of-window.pcap", "61", "80", 2},
		{"stray-rst-out-of-window.pcap", "61", "80", 2},
		{"stray-syn.pcap", "61", "80", 2},
		{"stray-synack-wrong-ack.pcap", "61", "80", 2},
		{"stray-synack.pcap", "61", "80", 2},
	} {
		logs, _ := read(t, func(o *pipeline.Options) { o.Dissect.Packet.IgnoreChecksums = true },
			input(t, "11-synack-retransmit-other-seq", c.file))
		if len(logs["conn"]) != 1 {
			t.Errorf("%s: %d connections", c.file, len(logs["conn"]))
			continue
		}
		r := logs["conn"][0]
		if r["orig_bytes"] != c.origBytes || r["resp_bytes"] != c.answer || r["missed_bytes"] != "0" || r["conn_state"] != "SF" {
			t.Errorf("%s: %v", c.file, r)
		}
		if got, want := column(logs["http"], "status_code"), slices.Repeat([]string{"200"}, c.requests); !slices.Equal(got, want) {
			t.Errorf("%s: status codes %q, want %q", c.file, got, want)
		}
	}
}

// TestPacketsOlderThanTheClock reads packets that a later one preceded.
func TestPacketsOlderThanTheClock(t *testing.T) {
	file := input(t, "zeek-02-clock-goes-back", "back.pcap")
	reference := readTSV(t, input(t, "zeek-02-clock-goes-back", "zeek", "back.pcap", "conn.log"))
	for _, c := range []struct {
		name string
		edit func(*pipeline.Options)
		want int
	}{{"ours", nil, 3}, {"zeek-8.2", zeek82, len(reference)}} {
		logs, _ := read(t, func(o *pipeline.Options) {
			o.Dissect.Packet.IgnoreChecksums = true
			if c.edit != nil {
				c.edit(o)
			}
		}, file)
		if got := len(logs["conn"]); got != c.want {
			t.Errorf("%s: %d connections, want %d", c.name, got, c.want)
		}
		if c.edit == nil {
			continue
		}
		line := func(r row) string {
			return strings.Join([]string{r["ts"], r["id.orig_h"], r["proto"], r["conn_state"], r["history"], r["orig_pkts"], r["resp_pkts"]}, " ")
		}
		got, want := []string{}, []string{}
		for _, r := range logs["conn"] {
			got = append(got, line(r))
		}
		for _, r := range reference {
			want = append(want, line(r))
		}
		slices.Sort(got)
		slices.Sort(want)
		if !slices.Equal(got, want) {
			t.Errorf("rows\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
	}
}

// TestEvasion hides a request from a sensor that does not follow TCP's rules.
func TestEvasion(t *testing.T) {
	const attack = "GET /attack HTTP/1.1\r\nHost: a\r\n\r\n"
	const benign = "GET /benign HTTP/1.1\r\nHost: a\r\n\r\n"
	client, server := netip.MustParseAddrPort("10.0.0.2:4000"), netip.MustParseAddrPort("192.168.0.1:80")
	up := func(flags string, seq, ack uint32, data string) testconn.Segment {
		return testconn.Segment{Src: client, Dst: server, Flags: flags, Seq: seq, Ack: ack, Window: 65000, Data: []byte(data)}
	}
	down := func(flags string, seq, ack uint32, data string) testconn.Segment {
		return testconn.Segment{Src: server, Dst: client, Flags: flags, Seq: seq, Ack: ack, Window: 65000, Data: []byte(data)}
	}
	handshake := []testconn.Segment{up("S", 999, 0, ""), down("SA", 4999, 1000, ""), up("A", 1000, 5000, "")}
	n := uint32(1000 + len(attack))
	rest := []testconn.Segment{
		up("PA", 1000, 5000, attack),
		down("PA", 5000, n, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"),
		up("FA", n, 5040, ""), down("FA", 5040, n+1, ""), up("A", n+1, 5041, ""),
	}
	for _, c := range []struct {
		name  string
		trick []testconn.Segment
		weird string
	}{
		{"window_trick", append(handshake[:3:3], up("PA", 201000, 5000, benign)), "TCP_segment_outside_window"},
		{"desync_syn", append(handshake[:3:3], up("S", 500000, 0, "")), "TCP_segment_outside_window"},
		{"simopen", []testconn.Segment{up("S", 999, 0, ""), down("S", 4999, 0, ""), up("SA", 999, 5000, ""), down("SA", 4999, 1000, "")}, "simultaneous_open"},
		{"split_hs", []testconn.Segment{up("S", 999, 0, ""), down("A", 77, 1000, ""), down("S", 4999, 0, ""), up("SA", 999, 5000, ""), down("A", 5000, 1000, "")}, "simultaneous_open"},
	} {
		file := filepath.Join(t.TempDir(), c.name+".pcap")
		if err := os.WriteFile(file, pcapOfSegments(append(slices.Clone(c.trick), rest...)), 0o600); err != nil {
			t.Fatal(err)
		}
		logs, _ := read(t, nil, file)
		if got := column(logs["http"], "uri"); !slices.Equal(got, []string{"/attack"}) {
			t.Errorf("%s: requests %q", c.name, got)
		}
		if got := column(logs["weird"], "name"); !slices.Contains(got, c.weird) {
			t.Errorf("%s: weirds %q", c.name, got)
		}
		if got := len(logs["conn"]); got != 1 {
			t.Errorf("%s: %d connections", c.name, got)
		}
	}
}

// pcapOfSegments returns the segments as a pcap (version 2.4, raw IP), 10 ms apart.
func pcapOfSegments(segments []testconn.Segment) []byte {
	out := binary.LittleEndian.AppendUint32(nil, 0xa1b2c3d4)
	for _, x := range []uint32{2 | 4<<16, 0, 0, 65535, 101} {
		out = binary.LittleEndian.AppendUint32(out, x)
	}
	for i := range segments {
		p := segments[i].Bytes()
		at := uint32(i+1) * 10_000
		for _, x := range []uint32{1_700_000_000 + at/1_000_000, at % 1_000_000, uint32(len(p)), uint32(len(p))} {
			out = binary.LittleEndian.AppendUint32(out, x)
		}
		out = append(out, p...)
	}
	return out
}
