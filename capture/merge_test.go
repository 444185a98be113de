package capture

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// names returns the data of packets in a row.
func names(all []got) string {
	var list []string
	for _, p := range all {
		list = append(list, p.data)
	}
	return strings.Join(list, " ")
}

func TestMerge(t *testing.T) {
	spec := plainPcap()
	ng := ngSpec{binary.BigEndian}
	us := func(sec uint64) uint64 { return sec * 1e6 }
	gz := compressors(t)["gzip"]
	pcap := func(packets ...string) []byte {
		b := spec.header()
		for _, p := range packets {
			var sec uint32
			fmt.Sscanf(p[1:], "%d", &sec)
			b = spec.packet(b, sec, 0, p)
		}
		return b
	}
	// Two sections, of which the second is older and has two interfaces, one after the other.
	two := ng.iface(ng.section(nil), 1, 0)
	two = ng.enhanced(two, 0, us(3), "s3")
	two = ng.enhanced(two, 0, us(8), "s8")
	two = ng.iface(ng.iface(ng.section(two), 1, 0), 101, 0)
	two = ng.enhanced(two, 0, us(2), "i2")
	two = ng.enhanced(two, 0, us(6), "i6")
	two = ng.enhanced(two, 1, us(4), "j4")
	two = ng.enhanced(two, 1, us(9), "j9")
	for _, c := range []struct {
		name   string
		files  [][]byte
		want   string
		damage int
	}{
		{"one", [][]byte{pcap("a1", "a2")}, "a1 a2", 0},
		{"two", [][]byte{pcap("a1", "a4", "a6"), pcap("b2", "b4", "b5")}, "a1 b2 a4 b4 b5 a6", 0},
		{"own order", [][]byte{pcap("a5", "a1", "a6"), pcap("b2", "b7")}, "b2 a5 a1 a6 b7", 0},
		{"compressed", [][]byte{gz(pcap("a1", "a4")), pcap("b2")}, "a1 b2 a4", 0},
		{"sections", [][]byte{two}, "i2 s3 j4 i6 s8 j9", 0},
		{"sections compressed", [][]byte{gz(two), pcap("b5")}, "i2 s3 j4 b5 i6 s8 j9", 0},
		{"empty", [][]byte{pcap("a1"), nil, pcap()}, "a1", 1},
		{"cut", [][]byte{pcap("a1", "a4")[:50], pcap("b2", "b3")}, "a1 b2 b3", 1},
		{"cut sections", [][]byte{two[:len(two)-3]}, "i2 s3 j4 i6 s8", 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			var paths []string
			for i, b := range c.files {
				paths = append(paths, writeFile(t, fmt.Sprint(i), b))
			}
			r := open(t, Options{Merge: true}, paths...)
			if got := names(readAll(t, r)); got != c.want || len(r.Damage()) != c.damage {
				t.Errorf("%s, %v", got, r.Damage())
			}
			var sum uint64
			for _, f := range r.Stats().Files {
				sum += f.Packets
			}
			if s := r.Stats(); sum != s.Packets || len(s.Files) != len(c.files) || c.name != "own order" && s.Backwards > 0 {
				t.Errorf("%+v", s)
			}
		})
	}
}

// TestMergeMany merges more files than may be open at a time, all of which overlap.
func TestMergeMany(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	spec := plainPcap()
	compress := compressors(t)
	dir := t.TempDir()
	const files = maxOpen + 20
	contents := make([][]byte, files)
	for i := range contents {
		contents[i] = spec.header()
	}
	var want []string
	for n := range 3000 {
		i := rng.IntN(files)
		name := fmt.Sprint(n, strings.Repeat("x", rng.IntN(600)))
		if n%1000 == 500 {
			name += strings.Repeat("long", laneChunk/2)
		}
		want = append(want, name)
		contents[i] = spec.packet(contents[i], uint32(n), 0, name)
	}
	for i, b := range contents {
		switch {
		case i < maxHeavy+4:
			b = compress["zstd"](b)
		case i%50 == 0:
			b = compress["gzip"](b)
		}
		if err := os.WriteFile(filepath.Join(dir, fmt.Sprint(i)), b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	var notices []string
	r := open(t, Options{Merge: true, OnNotice: func(s string) { notices = append(notices, s) }}, dir)
	most := 0
	var got []string
	for {
		b, err := r.Next()
		if err != nil {
			break
		}
		for _, p := range b.Packets {
			got = append(got, string(p.Data))
		}
		b.Release()
		most = max(most, len(r.merge.open))
	}
	if !slices.Equal(got, want) || r.err() != nil {
		t.Errorf("%d packets, %v", len(got), r.err())
	}
	if most > maxOpen {
		t.Errorf("%d files were open", most)
	}
	if !strings.Contains(strings.Join(notices, "\n"), "decompressed from the start again and again") {
		t.Errorf("notices %q", notices)
	}
}

// TestOverlap reads captures one after another that should be merged: it is said.
func TestOverlap(t *testing.T) {
	spec := plainPcap()
	file := func(name string, secs ...uint32) string {
		b := spec.header()
		for _, s := range secs {
			b = spec.packet(b, s, 0, "p")
		}
		return writeFile(t, name, b)
	}
	ng := ngSpec{binary.LittleEndian}
	two := ng.enhanced(ng.iface(ng.section(nil), 1, 0), 0, 9e6, "p")
	two = ng.enhanced(ng.iface(ng.section(two), 1, 0), 0, 4e6, "p")
	sections := writeFile(t, "sections", two)
	for _, c := range []struct {
		paths []string
		want  []string
	}{
		{[]string{file("a", 1, 2), file("b", 2, 3)}, nil},
		{[]string{file("a", 1, 5), file("b", 2, 8)}, []string{"b begins 3s before the end"}},
		{[]string{file("a", 1, 5), file("b", 2, 8), file("c", 3)}, []string{"b begins 3s before", "2 captures, or sections"}},
		{[]string{sections}, []string{"sections: section 2 begins 5s before"}},
		{[]string{file("a", 1, 9, 2, 10)}, []string{"1 packet is older than one before it, by up to 7s"}},
	} {
		var notices []string
		r := open(t, Options{OnNotice: func(s string) { notices = append(notices, s) }}, c.paths...)
		readAll(t, r)
		if _, err := r.Next(); err == nil {
			t.Error("no end")
		}
		ok := len(notices) == len(c.want)
		for i := range min(len(notices), len(c.want)) {
			ok = ok && strings.Contains(notices[i], c.want[i])
		}
		if !ok {
			t.Errorf("notices %q, not %q", notices, c.want)
		}
	}
}

// TestSmallFiles reads many small files: their packets share blocks.
func TestSmallFiles(t *testing.T) {
	spec := plainPcap()
	dir := t.TempDir()
	const files = 3000
	for i := range files {
		if err := os.WriteFile(filepath.Join(dir, fmt.Sprint(i)), spec.packet(spec.header(), uint32(i), 0, strings.Repeat("s", 1000)), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	r := open(t, Options{}, dir)
	var held []*Batch
	n := 0
	blocks := map[*block]bool{}
	for {
		b, err := r.Next()
		if err != nil {
			break
		}
		n += len(b.Packets)
		held = append(held, b)
		for _, blk := range b.blocks {
			blocks[blk] = true
		}
	}
	if most := files*1100/(blockSize-minRoom) + 1; n != files || len(blocks) > most {
		t.Errorf("%d packets in %d blocks, not at most %d", n, len(blocks), most)
	}
	for _, b := range held {
		b.Release()
	}
}
