package pipeline

import (
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/wirelog/wirelog/dissect/link/packet"
	"github.com/wirelog/wirelog/internal/testconn"
)

// longCapture has three connections that begin at once and are then silent, while another
// pair of hosts exchanges a datagram every 20 seconds for some hours.
func longCapture(t *testing.T, hours int) string {
	w := newPcap(packet.LinkRaw)
	at := func(s string) netip.AddrPort { return netip.MustParseAddrPort(s) }
	us := int64(1_700_000_000e6)
	add := func(p []byte) { w.add(us, p) }
	c, s := at("10.0.0.1:1025"), at("192.0.2.7:22")
	for _, g := range []testconn.Segment{
		{Src: c, Dst: s, Flags: "S", Seq: 1}, {Src: s, Dst: c, Flags: "SA", Seq: 1, Ack: 2}, {Src: c, Dst: s, Flags: "A", Seq: 2, Ack: 2},
	} {
		add(g.Bytes())
		us += 1000
	}
	add(testconn.UDP(at("10.0.0.2:4500"), at("192.0.2.8:4500"), []byte("hello")))
	add(testconn.ICMP(netip.MustParseAddr("10.0.0.3"), netip.MustParseAddr("192.0.2.9"), 8, 0, make([]byte, 8)))
	for range hours * 180 {
		us += 20e6
		add(testconn.UDP(at("10.0.0.4:4501"), at("192.0.2.10:4501"), []byte("still here")))
	}
	path := filepath.Join(t.TempDir(), "long.pcap")
	if err := os.WriteFile(path, w.b, 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

// patient has idle connections stay open.
func patient(o *Options) {
	d := &o.Dissect.Conn
	d.TCPInactivity, d.UDPInactivity, d.ICMPInactivity, d.Interactive = 100*time.Hour, 100*time.Hour, 100*time.Hour, 100*time.Hour
	o.OptionalLogs = []string{"conn_long", "open_conn"}
}

// Connections that are open have rows at the ages of the options, idle or not.
func TestLongConnections(t *testing.T) {
	path := longCapture(t, 14)
	if out := runOn(t, []string{path}, nil); out.files["conn_long.log"] != "" || out.files["open_conn.log"] != "" {
		t.Error("rows of open connections without being asked for")
	}
	out := runOn(t, []string{path}, patient)
	for _, c := range []struct {
		log, host string
		rows      int
	}{
		{"conn_long", "10.0.0.1", 5}, {"conn_long", "10.0.0.2", 5}, {"conn_long", "10.0.0.3", 5}, {"conn_long", "10.0.0.4", 5},
		{"open_conn", "10.0.0.1", 14}, {"open_conn", "10.0.0.2", 14}, {"open_conn", "10.0.0.4", 13},
		{"conn", "10.0.0.1", 1}, {"conn", "10.0.0.4", 1},
	} {
		if n := strings.Count(strings.Join(out.rows(c.log), "\n"), "\t"+c.host+"\t"); n != c.rows {
			t.Errorf("%s: %d rows of %s, want %d", c.log, n, c.host, c.rows)
		}
	}
	// A row has what the connection has done by then, before the packet that tells the time,
	// under its uid.
	var sizes []string
	uid := ""
	for _, r := range out.rows("conn_long") {
		f := strings.Split(r, "\t")
		if f[2] == "10.0.0.4" {
			sizes = append(sizes, f[8]+" "+f[9])
			uid = f[1]
		}
	}
	if got, want := strings.Join(sizes, ", "), "580.000000 300, 1780.000000 900, 3580.000000 1800, 25180.000000 12600, 46780.000000 23400"; got != want {
		t.Errorf("durations and bytes %q, want %q", got, want)
	}
	if !strings.Contains(strings.Join(out.rows("conn"), "\n"), uid) {
		t.Errorf("%s is not in conn", uid)
	}
}

// Their rows do not depend on the number of shards, nor on what other logs are written.
func TestLongConnectionsOnShards(t *testing.T) {
	often := func(o *Options) {
		patient(o)
		o.Reports.ConnLongAfter, o.Reports.ConnLongEvery = []time.Duration{5 * time.Second, time.Second, 0, 5 * time.Second}, 10*time.Second
		o.Reports.OpenConnAfter, o.Reports.OpenConnEvery = nil, 7*time.Second
	}
	path := filepath.Join(t.TempDir(), "random.pcap")
	if err := os.WriteFile(path, synthetic(3, 3000), 0o644); err != nil {
		t.Fatal(err)
	}
	captures := []string{path}
	sameForShards(t, "open connections", captures, []int{2, 3, 8}, often)
	out := runOn(t, captures, often)
	if n := len(out.rows("conn_long")); n < 1000 {
		t.Errorf("only %d rows", n)
	}
	alone := runOn(t, captures, func(o *Options) {
		often(o)
		o.Logs, o.OptionalLogs = []string{"conn_long"}, nil
	})
	if a, b := out.files["conn_long.log"], alone.files["conn_long.log"]; a != b || a == "" {
		t.Errorf("conn_long has %d bytes alone, %d with others", len(b), len(a))
	}
}
