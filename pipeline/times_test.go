package pipeline

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/wirelog/wirelog/capture"
)

// pcapOf returns a capture of packets.
func pcapOf(list []capture.Packet) []byte {
	le := binary.LittleEndian
	b := le.AppendUint32(nil, 0xa1b2c3d4)
	b = le.AppendUint16(b, 2)
	b = le.AppendUint16(b, 4)
	b = append(b, make([]byte, 8)...)
	b = le.AppendUint32(b, capture.MaxPacket)
	b = le.AppendUint32(b, uint32(list[0].Link))
	for _, p := range list {
		b = le.AppendUint32(b, uint32(p.Time/1e9))
		b = le.AppendUint32(b, uint32(p.Time%1e9/1e3))
		b = le.AppendUint32(b, uint32(len(p.Data)))
		b = le.AppendUint32(b, p.OrigLen)
		b = append(b, p.Data...)
	}
	return b
}

// TestMergeSides splits captures into what each side of an Ethernet sends, as two taps would,
// and merges them: the rows are those of the whole.
func TestMergeSides(t *testing.T) {
	for _, name := range []string{"http.pcap", "dns.pcap", "tcp-states.pcap", "mixed.pcap"} {
		list, _ := packetsOf(t, filepath.Join("..", "testdata", name))
		side := func(p *capture.Packet) int {
			if d := p.Data; len(d) >= 12 && bytes.Compare(d[:6], d[6:12]) < 0 {
				return 1
			}
			return 0
		}
		slices.SortStableFunc(list, func(a, b capture.Packet) int {
			if a.Time != b.Time {
				return int(a.Time - b.Time)
			}
			return side(&a) - side(&b)
		})
		var sides [2][]capture.Packet
		for _, p := range list {
			s := side(&p)
			sides[s] = append(sides[s], p)
		}
		if len(sides[0]) == 0 || len(sides[1]) == 0 {
			t.Fatalf("%s has one side", name)
		}
		want := runOn(t, []string{writeFile(t, "whole.pcap", pcapOf(list))}, nil)
		taps := []string{writeFile(t, "a.pcap", pcapOf(sides[0])), writeFile(t, "b.pcap", pcapOf(sides[1]))}
		for shards := 1; shards <= 3; shards++ {
			got := runOn(t, taps, func(o *Options) { o.Merge, o.Shards = true, shards })
			sameOutput(t, fmt.Sprintf("%s, %d shards", name, shards), &want, &got)
		}
	}
}

// TestTimesWhileHeld reads packets each of which is too far ahead of the others for the clock
// to follow it: their rows and events have their times.
func TestTimesWhileHeld(t *testing.T) {
	list, _ := packetsOf(t, filepath.Join("..", "testdata", "dns.pcap"))
	query := list[slices.IndexFunc(list, func(p capture.Packet) bool { return len(p.Data) > 60 })]
	var all []capture.Packet
	var times []string
	for _, days := range []int64{0, 23, 69, 10} {
		p := query
		p.Time += days * 86400e9
		all = append(all, p)
		times = append(times, fmt.Sprintf("%d.%06d", p.Time/1e9, p.Time%1e9/1e3))
	}
	path := writeFile(t, "held.pcap", pcapOf(all))
	sameForShards(t, "held", []string{path}, []int{1, 2, 3}, nil)
	got := runOn(t, []string{path}, nil)
	var ts []string
	for _, line := range got.rows("dns") {
		ts = append(ts, line[:strings.IndexByte(line, '\t')])
	}
	slices.Sort(ts)
	slices.Sort(times)
	if !slices.Equal(ts, times) {
		t.Errorf("dns.log has the times %v, not %v", ts, times)
	}
}
