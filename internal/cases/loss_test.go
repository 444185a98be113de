package cases

import (
	"encoding/binary"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

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
	// The mix of the benchmarks, where it was made.
	files = append(files, filepath.Join("..", "..", "..", "..", "main", "build", "bench", "mix.pcap"))
	for _, name := range files {
		b, err := os.ReadFile(filepath.Join(traces, name))
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
			if err := os.WriteFile(file, without(b, c.drop), 0o600); err != nil {
				t.Fatal(err)
			}
			checksums := func(o *pipeline.Options) { o.Dissect.Packet.IgnoreChecksums = true }
			ours, _ := read(t, checksums, file)
			zeeks, _ := read(t, func(o *pipeline.Options) { checksums(o); zeek82(o) }, file)
			for log, rows := range zeeks {
				if log == "weird" {
					continue
				}
				if n := differ(rows, ours[log]); n*100 > len(rows) {
					t.Errorf("%s without %s: %d of %d rows of %s.log differ", name, c.name, n, len(rows), log)
				}
			}
		}
	}
}

// differ counts the rows of a that b lacks. Uids and letters of the history are left out.
func differ(a, b []row) (n int) {
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

// without returns a pcap of at most 100,000 packets without some of them.
func without(pcap []byte, drop func(i int) bool) []byte {
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
