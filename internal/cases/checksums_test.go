package cases

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/wirelog/wirelog/dissect/link/packet"
	"github.com/wirelog/wirelog/pipeline"
)

// noticed reads a capture with a value of checksums, and returns what read does and the
// notices.
func noticed(t *testing.T, checksums, capture string) (map[string][]row, pipeline.Summary, string) {
	t.Helper()
	var lines []string
	logs, s := read(t, func(o *pipeline.Options) {
		o.Dissect.Packet.Checksums = checksums
		o.Notice = func(msg string) { lines = append(lines, msg) }
	}, capture)
	if err := s.Check(); err != nil {
		t.Error(err)
	}
	return logs, s, strings.Join(lines, "\n")
}

// dropped returns how many packets were left out for a reason.
func dropped(s *pipeline.Summary, reason packet.Drop) (n uint64) {
	for _, d := range s.Dropped {
		if d.Unit == pipeline.UnitPacket && d.Reason == reason.String() {
			n += d.Count
		}
	}
	return n
}

func TestChecksums(t *testing.T) {
	for _, c := range []struct {
		file   string
		reason packet.Drop
		line   string
		auto   bool // auto takes the packets
	}{
		{"in.pcap", packet.DropTCPChecksum, "6 of 10 packets, of 1 host, were left out because of checksums that are wrong: -C takes them", false},
		{"partial.pcap", packet.DropPartialChecksum, "--checksums auto takes these, -C takes all", true},
		{"zero.pcap", packet.DropPartialChecksum, "--checksums auto takes these, -C takes all", true},
	} {
		t.Run(c.file, func(t *testing.T) {
			capture := input(t, "01-checksum-offload", c.file)
			_, s, lines := noticed(t, packet.ChecksumsVerify, capture)
			if n := dropped(&s, c.reason); n != 6 || s.Checksums.LeftOut != 6 || s.Processed != 4 || s.Lost() {
				t.Errorf("%d packets left out: %+v", n, s)
			}
			if !strings.Contains(lines, c.line) || strings.Contains(lines, "\n") || c.auto != strings.Contains(lines, "offloading") {
				t.Errorf("%q", lines)
			}
			for _, host := range s.Checksums.Offloading {
				if !strings.Contains(lines, host) {
					t.Errorf("%s is not in %q", host, lines)
				}
			}
			all, _, lines := noticed(t, packet.ChecksumsIgnore, capture)
			if lines != "" || len(all["http"]) != 1 || all["http"][0]["method"] != "GET" {
				t.Errorf("all packets: %q, %v", lines, all["http"])
			}
			logs, s, lines := noticed(t, packet.ChecksumsAuto, capture)
			if same := fmt.Sprint(all) == fmt.Sprint(logs); same != c.auto {
				t.Errorf("auto: same rows as with all packets: %v", same)
			}
			if !c.auto && dropped(&s, c.reason) != 6 || c.auto && (s.Checksums.Taken != 6 || s.Checksums.LeftOut != 0) || lines == "" {
				t.Errorf("auto: %+v, %q", s.Checksums, lines)
			}
		})
	}
}

func TestSYNWithWrongChecksum(t *testing.T) {
	logs, s, lines := noticed(t, packet.ChecksumsVerify, input(t, "02-syn-bad-checksum", "in.pcap"))
	if c := logs["conn"]; len(c) != 1 || c[0]["history"] != "C" || c[0]["orig_pkts"] != "0" {
		t.Errorf("conn %v", c)
	}
	if dropped(&s, packet.DropTCPChecksum) != 1 || !strings.HasPrefix(lines, "1 of 1 packet, of 1 host, was left out") {
		t.Errorf("%+v, %q", s.Dropped, lines)
	}
}

func TestSnapLengths(t *testing.T) {
	logs, s, lines := noticed(t, packet.ChecksumsVerify, input(t, "03-snaplen-54", "in.pcap"))
	if got := column(logs["conn"], "history"); !slices.Equal(got, []string{"-", "^"}) {
		t.Errorf("history %q", got)
	}
	if n := dropped(&s, packet.DropTruncatedHeader); n == 0 || n != s.Packets || s.Records.Cut != 14 || !strings.Contains(lines, "header is cut; 14 of 14 packets were not captured whole") {
		t.Errorf("%d of %d packets without header, %+v, %q", n, s.Packets, s.Records, lines)
	}
	_, s, lines = noticed(t, packet.ChecksumsVerify, input(t, "03-snaplen-54", "snap96.pcap"))
	if dropped(&s, packet.DropTruncatedHeader) != 0 || s.Records.Cut == 0 || !strings.Contains(lines, "not captured whole") {
		t.Errorf("%+v, %+v, %q", s.Dropped, s.Records, lines)
	}
}
