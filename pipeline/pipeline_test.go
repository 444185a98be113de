package pipeline

import (
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// outcome is everything that a run produces.
type outcome struct {
	files   map[string]string // by name, events among them
	summary Summary
	err     error
}

// runOn runs on captures with options that make output reproducible, modified by
// change, and checks what must hold for every run.
func runOn(t testing.TB, paths []string, change func(*Options)) outcome {
	t.Helper()
	dir := t.TempDir()
	o := Defaults()
	o.Paths = paths
	o.OutputDir = filepath.Join(dir, "logs")
	o.EventsFile = filepath.Join(dir, "events.jsonl")
	o.OpenTime = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	o.Seed = "test"
	o.Shards = 1
	if change != nil {
		change(&o)
	}
	var out outcome
	out.summary, out.err = Run(t.Context(), o)
	checkSummary(t, &out.summary)
	out.files = readTree(t, dir)
	return out
}

// checkSummary checks the conservation of packets and records, and that nothing panicked.
func checkSummary(t testing.TB, s *Summary) {
	t.Helper()
	if err := s.Check(); err != nil {
		t.Error(err)
	}
	if len(s.Panics) != 0 {
		t.Errorf("panics: %+v", s.Panics)
	}
}

func readTree(t testing.TB, dir string) map[string]string {
	t.Helper()
	files := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.IsDir() && d.Name() == ".wirelog" {
			return fs.SkipDir
		}
		if err != nil || d.IsDir() {
			return err
		}
		b, err := os.ReadFile(path)
		files[d.Name()] = string(b)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// rows returns the rows of a log, without header and footer.
func (o *outcome) rows(log string) []string {
	var rows []string
	for line := range strings.Lines(o.files[log+".log"]) {
		if !strings.HasPrefix(line, "#") {
			rows = append(rows, strings.TrimSuffix(line, "\n"))
		}
	}
	return rows
}

// testCaptures lists the captures in testdata.
func testCaptures(t testing.TB) []string {
	t.Helper()
	list, err := filepath.Glob("../testdata/*.pcap*")
	if err != nil || len(list) < 50 {
		t.Fatalf("%d captures in testdata, %v", len(list), err)
	}
	return list
}

// referenceTraces lists the captures of the reference results, which are beside the
// checkout if present.
func referenceTraces(t testing.TB) []string {
	t.Helper()
	var list []string
	root := "../../shared/reference/traces"
	if _, err := os.Stat(root); err != nil {
		t.Skip("no reference traces: ", err)
	}
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			list = append(list, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return everyStep(list)
}

// everyStep returns every captureStep-th element of list.
func everyStep(list []string) (some []string) {
	for i := 0; i < len(list); i += captureStep {
		some = append(some, list[i])
	}
	return some
}

// skipIfOneGoroutine skips a test that the race detector has nothing to find in.
func skipIfOneGoroutine(t *testing.T) {
	t.Helper()
	if raceDetector {
		t.Skip("uses one goroutine: the race detector has nothing to find, and the other run has this test")
	}
}

// firstDifference describes the first difference of two texts.
func firstDifference(a, b string) string {
	al, bl := strings.Split(a, "\n"), strings.Split(b, "\n")
	for i := range min(len(al), len(bl)) {
		if al[i] != bl[i] {
			return "line " + strconv.Itoa(i+1) + "\n  " + cut(al[i]) + "\n  " + cut(bl[i])
		}
	}
	return strconv.Itoa(len(al)) + " lines and " + strconv.Itoa(len(bl))
}

func cut(s string) string { return s[:min(len(s), 400)] }

// sameOutput compares all output of two runs.
func sameOutput(t testing.TB, what string, a, b *outcome) {
	t.Helper()
	for name := range a.files {
		if _, ok := b.files[name]; !ok {
			t.Errorf("%s: %s is missing", what, name)
		}
	}
	for name, text := range b.files {
		was, ok := a.files[name]
		if !ok {
			t.Errorf("%s: %s is new", what, name)
		} else if was != text {
			t.Errorf("%s: %s differs at %s", what, name, firstDifference(was, text))
		}
	}
}

// sameForShards runs on captures with one shard and with the given numbers of
// shards and compares the outputs.
func sameForShards(t *testing.T, what string, paths []string, shards []int, change func(*Options)) {
	t.Helper()
	one := runOn(t, paths, change)
	for _, n := range shards {
		more := runOn(t, paths, func(o *Options) {
			if change != nil {
				change(o)
			}
			o.Shards = n
		})
		sameOutput(t, what+" with "+strconv.Itoa(n)+" shards", &one, &more)
		a, b := one.summary, more.summary
		if a.Packets != b.Packets || a.Processed != b.Processed || a.Connections != b.Connections || a.Events != b.Events {
			t.Errorf("%s with %d shards: summary %+v, not %+v", what, n, b, a)
		}
	}
}

func TestShardsMakeNoDifference(t *testing.T) {
	for _, path := range everyStep(testCaptures(t)) {
		sameForShards(t, path, []string{path}, []int{2, 3, 8}, nil)
	}
	sameForShards(t, "all at once", testCaptures(t), []int{2, 3, 8}, func(o *Options) { o.Dissect.Packet.IgnoreChecksums = true })
}

// TestShardsWaitForEachOther makes every job wait until the one before is
// merged.
func TestShardsWaitForEachOther(t *testing.T) {
	defer func(n int) { maxLead = n }(maxLead)
	maxLead = 1
	sameForShards(t, "all at once", everyStep(testCaptures(t)), []int{2, 3, 8}, nil)
}

// TestPartsMakeNoDifference has every shard hand its rows over after each packet and timer.
func TestPartsMakeNoDifference(t *testing.T) {
	var whole []outcome
	captures := everyStep(testCaptures(t))
	for _, path := range captures {
		whole = append(whole, runOn(t, []string{path}, nil))
	}
	all := runOn(t, captures, nil)
	defer func(n int) { maxRows = n }(maxRows)
	maxRows = 1
	for i, path := range captures {
		parts := runOn(t, []string{path}, nil)
		sameOutput(t, path+" in parts", &whole[i], &parts)
	}
	for _, n := range []int{1, 2, 3} {
		parts := runOn(t, captures, func(o *Options) { o.Shards = n })
		sameOutput(t, "all at once in parts with "+strconv.Itoa(n)+" shards", &all, &parts)
	}
}

// TestShardsMakeNoDifferenceSynthetic reads what no network would send: few hosts,
// every kind of packet, tunnels between some hosts that carry the traffic of others.
func TestShardsMakeNoDifferenceSynthetic(t *testing.T) {
	for seed := range uint64(8) {
		path := filepath.Join(t.TempDir(), "synthetic.pcap")
		if err := os.WriteFile(path, synthetic(seed, 6000), 0o666); err != nil {
			t.Fatal(err)
		}
		sameForShards(t, "seed "+strconv.FormatUint(seed, 10), []string{path}, []int{2, 3, 8}, nil)
	}
}

func TestShardsMakeNoDifferenceReference(t *testing.T) {
	if testing.Short() {
		t.Skip("takes a while")
	}
	for i, path := range referenceTraces(t) {
		shards := []int{3}
		if i%4 == 0 {
			shards = []int{2, 3, 8}
		}
		sameForShards(t, path, []string{path}, shards, func(o *Options) { o.Dissect.Packet.IgnoreChecksums = true })
	}
}
