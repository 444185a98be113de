package capture

import (
	"fmt"
	"path/filepath"
	"slices"
	"testing"
)

// TestOrigins checks that every packet has the same origin however the captures are read.
func TestOrigins(t *testing.T) {
	paths, err := filepath.Glob("../testdata/t*.pcap*")
	if err != nil || len(paths) < 10 {
		t.Fatal(paths, err)
	}
	want := map[string]string{}
	last := map[string]uint64{}
	for _, o := range []Options{{}, {Merge: true}} {
		o.Origins = true
		r, err := Open(paths, o)
		if err != nil {
			t.Fatal(err)
		}
		n := 0
		for {
			b, err := r.Next()
			if err != nil {
				break
			}
			if len(b.Origins) != len(b.Packets) {
				t.Fatalf("%d origins of %d packets", len(b.Origins), len(b.Packets))
			}
			for i := range b.Packets {
				p, from := &b.Packets[i], b.Origins[i]
				at := fmt.Sprint(from.File, " ", from.Num)
				packet := fmt.Sprintf("%d %d %x", from.Interface, p.Time, p.Data)
				switch {
				case !o.Merge:
					if from.Num != last[from.File]+1 || want[at] != "" {
						t.Fatalf("%s comes after %d", at, last[from.File])
					}
					last[from.File] = from.Num
					want[at] = packet
				case want[at] != packet:
					t.Errorf("merged: %s is %s, want %s", at, packet, want[at])
				}
				n++
			}
			b.Release()
		}
		if n != len(want) {
			t.Errorf("%d packets, want %d", n, len(want))
		}
	}
	with := slices.ContainsFunc(paths, func(p string) bool { return filepath.Ext(p) == ".pcapng" && last[p] > 0 })
	if !with {
		t.Error("no pcapng file has packets")
	}
}

// TestOriginsWithFilter checks that packets count that the filter rejects, and that there are
// no origins if nobody asks for them.
func TestOriginsWithFilter(t *testing.T) {
	for _, origins := range []bool{true, false} {
		r, err := Open([]string{"../testdata/mixed.pcap"}, Options{Origins: origins, Filter: "udp"})
		if err != nil {
			t.Fatal(err)
		}
		skipped := false
		for {
			b, err := r.Next()
			if err != nil {
				break
			}
			if !origins && len(b.Origins) > 0 {
				t.Error("origins that nobody asked for")
			}
			for i := range b.Origins {
				skipped = skipped || b.Origins[i].Num > b.Packets[i].Num
			}
			b.Release()
		}
		if skipped != origins {
			t.Errorf("origins %v: numbers are those of the capture: %v", origins, skipped)
		}
	}
}
