package pipeline

import (
	"bytes"
	"errors"
	"hash/fnv"
	"io"
	"math/rand/v2"
	"os"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/wirelog/wirelog/capture"
	"github.com/wirelog/wirelog/dissect/link/packet"
)

// recorded is a packet from a capture.
type recorded struct {
	us   int64
	data []byte
	wire int
}

// load reads the packets of a capture, of its first link type.
func load(t testing.TB, path string) (list []recorded, link packet.LinkType) {
	t.Helper()
	r, err := capture.Open([]string{path}, capture.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	for {
		b, err := r.Next()
		if errors.Is(err, io.EOF) {
			return list, link
		}
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range b.Packets {
			if len(list) == 0 {
				link = packet.LinkType(p.Link)
			}
			if packet.LinkType(p.Link) == link {
				list = append(list, recorded{p.Time / 1000, bytes.Clone(p.Data), int(p.OrigLen)})
			}
		}
		b.Release()
	}
}

// mutatePackets makes a capture in which some packets are cut, changed, missing,
// duplicated or out of order.
func mutatePackets(rng *rand.Rand, list []recorded, link packet.LinkType) []byte {
	w := newPcap(link)
	kind := rng.IntN(6) // 5 is all of them
	often := []int{2, 10, 100}[rng.IntN(3)]
	for i, p := range list {
		if rng.IntN(often) != 0 {
			w.addCut(p.us, p.data, p.wire)
			continue
		}
		k := kind
		if k == 5 {
			k = rng.IntN(5)
		}
		switch k {
		case 0:
			w.addCut(p.us, p.data[:rng.IntN(len(p.data)+1)], p.wire)
		case 1:
			b := bytes.Clone(p.data)
			for range 1 + rng.IntN(3) {
				if len(b) > 0 {
					b[rng.IntN(len(b))] = []byte{0, 1, 0x7f, 0x80, 0xff, byte(rng.Uint32())}[rng.IntN(6)]
				}
			}
			w.addCut(p.us, b, p.wire)
		case 2: // missing
		case 3:
			w.addCut(p.us, p.data, p.wire)
			w.addCut(p.us, p.data, p.wire)
		case 4:
			q := list[rng.IntN(i+1)] // an earlier one in its place
			w.addCut(p.us, q.data, q.wire)
		}
	}
	return w.b
}

// mutateFile cuts a file anywhere, or changes bytes anywhere.
func mutateFile(rng *rand.Rand, file []byte) []byte {
	if len(file) == 0 {
		return nil
	}
	if rng.IntN(2) == 0 {
		return file[:rng.IntN(len(file))]
	}
	b := bytes.Clone(file)
	for range 1 + rng.IntN(8) {
		b[rng.IntN(len(b))] ^= byte(1 + rng.IntN(255))
	}
	return b
}

// survive runs on a capture in memory and checks what must hold whatever it holds.
func survive(t testing.TB, what, dir string, file []byte) {
	t.Helper()
	o := Defaults()
	o.Paths, o.Stdin = []string{"-"}, bytes.NewReader(file)
	o.OutputDir, o.EventsFile, o.Overwrite = dir, dir+"/events.jsonl", true
	o.Dissect.Packet.IgnoreChecksums, o.Seed, o.Shards = true, "test", 1
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	s, err := Run(t.Context(), o)
	runtime.ReadMemStats(&after)
	if err != nil {
		t.Errorf("%s: %v", what, err)
	}
	checkSummary(t, &s)
	// The total allocated bounds the memory in use at any time. Decompression is
	// bounded by its ratio, so only its output counts.
	if got, limit := after.TotalAlloc-before.TotalAlloc, allocLimit(s.Bytes); got > limit {
		t.Errorf("%s: %d bytes allocated for %d bytes of packets", what, got, s.Bytes)
	}
	if t.Failed() {
		save(t, what, file)
	}
}

// allocLimit has room for the window of a decompressor, which may be 64 MB.
func allocLimit(captured uint64) uint64 { return 96<<20 + 200*captured }

// save keeps a capture that failed.
func save(t testing.TB, what string, file []byte) {
	t.Helper()
	f, err := os.CreateTemp("", "wirelog-*.pcap")
	if err != nil {
		t.Fatal(err)
	}
	_, err = f.Write(file)
	if err = errors.Join(err, f.Close()); err != nil {
		t.Fatal(err)
	}
	t.Fatalf("%s: kept in %s", what, f.Name())
}

// surviveMutations tries n mutations of a capture's packets and n of its bytes.
func surviveMutations(t *testing.T, dir, path string, n int) {
	t.Helper()
	h := fnv.New64a()
	io.WriteString(h, path)
	rng := rand.New(rand.NewPCG(h.Sum64(), 0))
	file, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	list, link := load(t, path)
	for range n {
		survive(t, path+", packets changed", dir, mutatePackets(rng, list, link))
		survive(t, path+", file changed", dir, mutateFile(rng, file))
	}
}

func TestSurvivesMutations(t *testing.T) {
	skipIfOneGoroutine(t)
	dir := t.TempDir()
	n := 3
	if testing.Short() {
		n = 1
	}
	for _, path := range testCaptures(t) {
		surviveMutations(t, dir, path, n)
	}
}

func TestSurvivesMutationsReference(t *testing.T) {
	skipIfOneGoroutine(t)
	if testing.Short() {
		t.Skip("takes a while")
	}
	dir := t.TempDir()
	for _, path := range referenceTraces(t) {
		st, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		if st.Size() < 1<<20 {
			surviveMutations(t, dir, path, 1)
		}
	}
}

// TestSurvivesEveryCut cuts a capture at every byte, and its packets at every byte
// of each.
func TestSurvivesEveryCut(t *testing.T) {
	skipIfOneGoroutine(t)
	dir := t.TempDir()
	file, err := os.ReadFile("../testdata/tiny.pcap")
	if err != nil {
		t.Fatal(err)
	}
	step := 7
	if testing.Short() {
		step = 97
	}
	for n := 0; n < len(file); n += step {
		survive(t, "tiny.pcap cut", dir, file[:n])
	}
	for _, name := range []string{"tiny.pcap", "tunnels-nested.pcap", "gtp.pcap", "teredo.pcap", "vlan-qinq.pcap", "mpls.pcap", "icmp.pcap"} {
		list, link := load(t, "../testdata/"+name)
		for n := 0; n < 200; n += step {
			w := newPcap(link)
			for _, p := range list {
				w.addCut(p.us, p.data[:min(n, len(p.data))], p.wire)
			}
			survive(t, name+" with packets cut", dir, w.b)
		}
	}
}

// FuzzCapture reads any file, after a few changes that the fuzzer would take long
// to find.
func FuzzCapture(f *testing.F) {
	for _, path := range testCaptures(f) {
		if b, err := os.ReadFile(path); err == nil && len(b) < 20_000 && !strings.Contains(path, "damaged") {
			f.Add(b, uint64(0))
			f.Add(b, uint64(1))
		}
	}
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, file []byte, seed uint64) {
		if len(file) > 1<<17 {
			return
		}
		if seed != 0 {
			file = mutateFile(rand.New(rand.NewPCG(seed, 0)), file)
		}
		survive(t, "file", dir, slices.Clip(file))
	})
}
