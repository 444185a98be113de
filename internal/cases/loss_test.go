package cases

import (
	"encoding/binary"
	"math/rand/v2"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/wirelog/wirelog/internal/testconn"
	"github.com/wirelog/wirelog/pipeline"
)

// TestLoss drops packets from captures and compares the rows with those of Zeek's rule, to
// which every segment is acceptable: a sensor that loses packets must not lose connections.
func TestLoss(t *testing.T) {
	traces := filepath.Join("..", "..", "..", "shared", "reference", "traces")
	if _, err := os.Stat(traces); err != nil {
		t.Skip("the reference is not here:", err)
	}
	files := []string{"web.pcap", "workshop_2011_browse.pcap", "wikipedia.pcap", "ftp/bigtransfer.pcap", "http/bro.org-filtered.pcap"}
	for i, name := range files {
		files[i] = filepath.Join(traces, name)
	}
	transfer := filepath.Join(t.TempDir(), "transfer.pcap")
	if err := os.WriteFile(transfer, transfers(), 0o600); err != nil {
		t.Fatal(err)
	}
	// The mix of the benchmarks, where make bench-captures has made it.
	files = append(files, transfer, filepath.Join("..", "..", "build", "bench", "mix.pcap"))
	for _, name := range files {
		b, err := os.ReadFile(name)
		if err != nil || len(b) < 24 {
			t.Logf("%s is not here: %v", name, err)
			continue
		}
		rng := rand.New(rand.NewPCG(1, 2))
		for _, c := range []struct {
			name string
			drop func(i int) bool
		}{
			{"1 %", func(int) bool { return rng.IntN(100) == 0 }},
			{"500 in a row", func(i int) bool { return i%3000 >= 100 && i%3000 < 600 }},
		} {
			file := filepath.Join(t.TempDir(), "lossy.pcap")
			if err := os.WriteFile(file, dropPackets(b, c.drop), 0o600); err != nil {
				t.Fatal(err)
			}
			checksums := func(o *pipeline.Options) { o.Dissect.Packet.IgnoreChecksums = true }
			ours, _ := read(t, checksums, file)
			zeeks, _ := read(t, func(o *pipeline.Options) { checksums(o); zeek82(o) }, file)
			for log, rows := range zeeks {
				// Their effects are others: after a violation, as of a wrong cookie, Zeek reads no
				// more of a flow of DHCP (detection_replay), and a transaction lacks messages.
				// Texts of LDAP, and what of MQTT is read in a segment, are other without loss too
				// (ldap, mqtt).
				switch log {
				case "weird", "dns", "dhcp", "ldap", "ldap_search", "mqtt_connect", "mqtt_publish", "mqtt_subscribe":
					continue
				}
				if n := rowsLacking(rows, ours[log]); n*50 > len(rows) {
					t.Errorf("%s without %s: %d of %d rows of %s.log differ", name, c.name, n, len(rows), log)
				}
			}
		}
	}
}

// transfers is a capture of ten connections of 2.8 MB each, with windows of 64 KB, one after
// the other.
func transfers() []byte {
	var segments []testconn.Segment
	for i := range uint16(10) {
		client, server := netip.AddrPortFrom(netip.MustParseAddr("192.0.2.1"), 40000+i), netip.MustParseAddrPort("198.51.100.2:9999")
		send := func(up bool, flags string, seq, ack uint32, n int) {
			s := testconn.Segment{Src: client, Dst: server, Flags: flags, Seq: seq, Ack: ack, Window: 65535, Data: make([]byte, n)}
			if !up {
				s.Src, s.Dst = s.Dst, s.Src
			}
			segments = append(segments, s)
		}
		send(true, "S", 99, 0, 0)
		send(false, "SA", 499, 100, 0)
		send(true, "A", 100, 500, 0)
		seq := uint32(100)
		for range 1000 {
			send(true, "A", seq, 500, 1400)
			send(true, "A", seq+1400, 500, 1400)
			seq += 2800
			send(false, "A", 500, seq, 0)
		}
		send(true, "FA", seq, 500, 0)
		send(false, "FA", 500, seq+1, 0)
		send(true, "A", seq+1, 501, 0)
	}
	return pcapOfSegments(segments)
}

// rowsLacking counts the rows of a that b lacks. Letters of the history are left out.
func rowsLacking(a, b []row) (n int) {
	line := func(r row) string {
		var fields []string
		for k, v := range r {
			if k != "history" {
				fields = append(fields, k+"="+v)
			}
		}
		slices.Sort(fields)
		return strings.Join(fields, " ")
	}
	have := map[string]int{}
	for _, r := range b {
		have[line(r)]++
	}
	for _, r := range a {
		if have[line(r)]--; have[line(r)] < 0 {
			n++
		}
	}
	return n
}

// dropPackets returns a pcap of at most 100,000 packets without some of them.
func dropPackets(pcap []byte, drop func(i int) bool) []byte {
	order := binary.ByteOrder(binary.LittleEndian)
	if pcap[0] == 0xa1 {
		order = binary.BigEndian
	}
	out := slices.Clone(pcap[:24])
	rest := pcap[24:]
	for i := 0; i < 100_000 && len(rest) >= 16; i++ {
		n := 16 + int(order.Uint32(rest[8:]))
		if n > len(rest) {
			break
		}
		if !drop(i) {
			out = append(out, rest[:n]...)
		}
		rest = rest[n:]
	}
	return out
}
