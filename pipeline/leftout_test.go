package pipeline

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/wirelog/wirelog/dissect/link/packet"
)

// stats counts packets of hosts 10.0.0.1, 10.0.0.2 and so on.
func stats(hosts ...packet.ChecksumCounts) *packet.ChecksumStats {
	s := new(packet.ChecksumStats)
	for i, h := range hosts {
		src := [16]byte{10: 0xff, 11: 0xff, 12: 10, 15: byte(i + 1)}
		for range h.Wrong {
			s.Count(&src, packet.DropTCPChecksum)
		}
		for range h.Partial {
			s.Count(&src, packet.DropPartialChecksum)
		}
		for range h.Taken {
			s.CountTaken(&src)
		}
	}
	return s
}

func TestChecksumLine(t *testing.T) {
	type n = packet.ChecksumCounts
	for _, c := range []struct {
		stats *packet.ChecksumStats
		want  string
	}{
		{stats(), ""},
		{stats(n{Wrong: 1}), "1 of 90 packets, of 1 host, was left out because of checksums that are wrong: -C takes them"},
		{stats(n{Partial: 2}, n{Partial: 3}), "5 of 90 packets, of 2 hosts, were left out because of checksums that are partial " +
			"(checksum offloading on 10.0.0.2, 10.0.0.1): --checksums auto takes these, -C takes all"},
		{stats(n{Partial: 2}, n{Wrong: 1}), "3 of 90 packets, of 2 hosts, were left out because of checksums: 2 are partial " +
			"(checksum offloading on 10.0.0.1) and 1 is wrong: --checksums auto takes the partial ones, -C takes all"},
		{stats(n{Taken: 2}), "2 packets were taken with partial checksums (checksum offloading on 10.0.0.1)"},
		{stats(n{Taken: 1, Wrong: 2}), "2 of 90 packets, of 1 host, were left out because of checksums that are wrong: -C takes them; " +
			"1 packet was taken with partial checksums (checksum offloading on 10.0.0.1)"},
		{stats(n{Partial: 1}, n{Partial: 1}, n{Partial: 1}, n{Partial: 1}, n{Partial: 1}, n{Partial: 1}, n{Partial: 1}), "7 of 90 packets, of 7 hosts, were left out because of checksums that are partial " +
			"(checksum offloading on 10.0.0.1, 10.0.0.2, 10.0.0.3, 10.0.0.4, 10.0.0.5 and 2 more): --checksums auto takes these, -C takes all"},
	} {
		sum := newChecksums(c.stats)
		if got := sum.line(90); got != c.want {
			t.Errorf("%q, want %q", got, c.want)
		}
	}
}

func TestCutLine(t *testing.T) {
	const whole = " not captured whole, and what is cut off is not analyzed: capture with a larger snapshot length (tcpdump -s 0)"
	for _, c := range []struct {
		headers, cut uint64
		want         string
	}{
		{0, 0, ""},
		{1, 0, "1 of 9 packets were left out: the TCP, UDP or ICMP header is cut"},
		{0, 2, "2 of 9 packets were" + whole},
		{2, 3, "2 of 9 packets were left out: the TCP, UDP or ICMP header is cut; 3 of 9 packets were" + whole},
	} {
		if got := cutLine(9, c.headers, c.cut); got != c.want {
			t.Errorf("%q, want %q", got, c.want)
		}
	}
}

// TestMinutes has the clock of a run whose shard counts.
func TestMinutes(t *testing.T) {
	var lines []string
	s := new(shard)
	r := &run{shards: []*shard{s}, opts: Options{Notice: func(msg string) { lines = append(lines, msg) }}}
	at := func(seconds int) { r.minutes.tick(r, time.Unix(int64(seconds), 0)) }
	count := func(n uint64) {
		if s.report.wanted.Swap(false) {
			s.report.packets, s.report.checksums = 10*n, *stats(packet.ChecksumCounts{Wrong: n})
		}
	}
	at(0)
	at(59)
	if s.report.wanted.Load() {
		t.Error("the shard is asked too early")
	}
	for _, c := range []struct {
		second int
		count  uint64
	}{{60, 1}, {121, 1}, {182, 3}} { // the second minute brings nothing new
		at(c.second)
		if !s.report.wanted.Load() {
			t.Fatalf("the shard is not asked at %d s", c.second)
		}
		count(c.count)
		at(c.second + 1)
	}
	const of = " packets, of 1 host, "
	want := []string{"so far 1 of 10" + of + "was left out because of checksums that are wrong: -C takes them",
		"so far 3 of 30" + of + "were left out because of checksums that are wrong: -C takes them"}
	if !slices.Equal(lines, want) {
		t.Errorf("%q, want %q", lines, want)
	}
}

// TestOffloading reads a capture that the sending host made.
func TestOffloading(t *testing.T) {
	const capture = "../testdata/tcp-offload.pcap"
	run := func(edit func(*packet.Options)) (Summary, []string, map[string]string) {
		var lines []string
		o := Defaults()
		o.Paths, o.OutputDir, o.Seed, o.OpenTime = []string{capture}, t.TempDir(), "offloading", time.Unix(0, 0)
		o.Notice = func(msg string) { lines = append(lines, msg) }
		edit(&o.Dissect.Packet)
		s, err := Run(context.Background(), o)
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Check(); err != nil {
			t.Error(err)
		}
		return s, lines, readTree(t, o.OutputDir)
	}
	s, lines, _ := run(func(*packet.Options) {})
	if s.Checksums.Partial == 0 || s.Checksums.LeftOut != s.Checksums.Partial || len(s.Checksums.Offloading) == 0 || s.Lost() {
		t.Errorf("%+v", s.Checksums)
	}
	if len(lines) != 1 || !strings.Contains(lines[0], "(checksum offloading on "+s.Checksums.Offloading[0]) || !strings.Contains(lines[0], "--checksums auto") {
		t.Errorf("%q", lines)
	}
	_, lines, all := run(func(o *packet.Options) { o.Checksums = packet.ChecksumsIgnore })
	if len(lines) != 0 {
		t.Errorf("%q", lines)
	}
	auto, lines, rows := run(func(o *packet.Options) { o.Checksums = packet.ChecksumsAuto })
	if auto.Checksums.Taken != s.Checksums.Partial || auto.Checksums.LeftOut != 0 || len(lines) != 1 {
		t.Errorf("%+v, %q", auto.Checksums, lines)
	}
	sameOutput(t, "auto", &outcome{files: all}, &outcome{files: rows})
}
