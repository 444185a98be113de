package main

import (
	"slices"
	"strings"
	"testing"

	"github.com/wirelog/wirelog/pipeline"
)

func TestListen(t *testing.T) {
	s := pipeline.Summary{
		Packets: 90, Processed: 80,
		Interfaces: []pipeline.InterfaceStats{{Name: "eth1", Kernel: 1100, Read: 90, Dropped: 1000, Full: 1, Left: 10, Coalesced: 3, Gone: 2, Filter: pipeline.FilterKernel}},
		Dropped: []pipeline.Drop{
			{Unit: pipeline.UnitPacket, Where: "dissect", Reason: "malformed", Count: 10},
			{Unit: pipeline.UnitRecord, Where: "conn", Reason: "write_failed", Count: 2, Lost: true},
		},
		Logs: []pipeline.LogCount{{Log: "conn", Built: 7, Written: 5}},
	}
	r := invoke(t, s, nil, "listen", "--summary", "text", "eth1")
	for _, want := range []string{
		"packets: 1,100 captured, 1,010 of them lost before they were read; 90 read, 80 processed, 10 left out, 0 of these lost",
		"records: 7 built, 5 written, 2 left out, 2 of these lost",
		"eth1: 1,000 packets lost: the ring was full, once",
		"eth1: 10 packets lost: captured, and not read before the end",
	} {
		if !strings.Contains(r.stderr, want) {
			t.Errorf("no %q in %s", want, r.stderr)
		}
	}
	for _, want := range []string{"eth1: 1,100 packets captured after the filter, which the kernel ran, 3 put together", "gone or down 2 times", "1,000 packets of eth1: the ring was full"} {
		if !strings.Contains(r.stdout, want) {
			t.Errorf("no %q in %s", want, r.stdout)
		}
	}
	if r.status != exitLost {
		t.Errorf("status %d", r.status)
	}
	if r := invoke(t, s, nil, "listen"); r.status != exitUsage || !strings.Contains(r.stderr, "which interface") {
		t.Errorf("without an interface: status %d, %s", r.status, r.stderr)
	}
	if r := invoke(t, s, nil, "listen", "--listen-udp", "vxlan:4789", "--listen-udp", "geneve:6081"); r.opts == nil || !slices.Equal(r.opts.ListenUDP, []string{"vxlan:4789", "geneve:6081"}) || len(r.opts.Interfaces) > 0 {
		t.Errorf("ports of mirrors: status %d, %s", r.status, r.stderr)
	}
	if r := invoke(t, s, nil, "listen", "--fanout", "hash", "--cpus", "2-5,8", "eth1"); r.opts == nil || r.opts.Listen.FanOut != "hash" || r.opts.CPUs != "2-5,8" {
		t.Errorf("rings and cores: status %d, %s", r.status, r.stderr)
	}
	// What serves captures or live traffic alone is a flag of that command alone.
	for _, args := range [][]string{{"listen", "--merge", "eth1"}, {"read", "--ring", "131072", "x"}} {
		if r := invoke(t, s, nil, args...); r.status != exitUsage || !strings.Contains(r.stderr, "unknown flag") {
			t.Errorf("%q: status %d, %s", args, r.status, r.stderr)
		}
	}
}
