// Conformance reads every reference capture, compares logs and events with the
// reference results row by row, and fails if fewer are exact than
// conformance.json in the current folder records. With -update it writes the
// results to that file, which only ever raises its figures.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/wirelog/wirelog/compat"
	"github.com/wirelog/wirelog/pipeline"
)

func main() {
	shared := flag.String("shared", "../shared", "folder with reference/ and tools/")
	out := flag.String("out", "build/conformance", "folder for our results")
	file := flag.String("ratchet", "conformance.json", "file of the figures reached")
	update := flag.Bool("update", false, "write the figures reached to the ratchet file")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	for _, m := range modes {
		for _, dir := range []string{m.reference, m.traces} {
			if _, err := os.Stat(filepath.Join(*shared, dir)); errors.Is(err, fs.ErrNotExist) {
				fmt.Printf("conformance: skipped: there is no %s\n", filepath.Join(*shared, dir))
				return
			}
		}
	}
	if err := run(ctx, *shared, *out, *file, *update); err != nil {
		fmt.Fprintln(os.Stderr, "conformance:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, shared, out, file string, update bool) error {
	before, err := readRatchet(file)
	if err != nil {
		return err
	}
	start := time.Now()
	if err := os.RemoveAll(out); err != nil {
		return err
	}
	if err := readTraces(ctx, shared, out); err != nil {
		return err
	}
	read := time.Since(start)
	now, err := compare(ctx, shared, out)
	if err != nil {
		return err
	}
	falls, rises := now.diff(before)
	now.print(os.Stdout, before)
	fmt.Printf("read in %.0f s, compared in %.0f s\n", read.Seconds(), (time.Since(start) - read).Seconds())
	switch {
	case len(falls) != 0:
		return fmt.Errorf("fewer are exact than in %s:\n  %s", file, strings.Join(falls, "\n  "))
	case len(rises) == 0:
	case update:
		return now.write(file)
	default:
		fmt.Printf("better than %s: make conformance-update keeps it\n", file)
	}
	return nil
}

// A mode is a way of reading traces for which there are results of Zeek.
type mode struct {
	reference string // folder of Zeek's results; ours are in one of the same name
	traces    string // folder of the captures
	events    bool   // the results are events, not logs
	checksums bool   // wrong ones count
	compat    string
	analyzers []string
}

const (
	traces     = "reference/traces"
	moreTraces = "reference-more/traces"
)

// all also chooses the analyzers that Zeek attaches to no port by itself.
var all = []string{"all"}

var modes = []mode{
	{reference: "reference-spicy/logs-C", traces: traces, compat: compat.Zeek82},
	{reference: "reference-spicy/events", traces: traces, compat: compat.Zeek82, events: true},
	{reference: "reference/logs", traces: traces, compat: compat.Zeek82NoSpicy, checksums: true},
	{reference: "reference/logs-C", traces: traces, compat: compat.Zeek82NoSpicy},
	{reference: "reference/events", traces: traces, compat: compat.Zeek82NoSpicy, events: true},
	{reference: "reference-more/traces-logs-C", traces: moreTraces, compat: compat.Zeek82NoSpicy},
	{reference: "reference-more/traces-events", traces: moreTraces, compat: compat.Zeek82NoSpicy, events: true, analyzers: all},
	{reference: "reference-more/traces-events-login-prompts", traces: moreTraces, compat: compat.Zeek82NoSpicy + ",-login_prompts", events: true, analyzers: all},
	{reference: "reference-more/events", traces: traces, compat: compat.Zeek82NoSpicy, events: true, analyzers: all},
	{reference: "reference-more/old-events/ref", traces: traces, compat: compat.Zeek82NoSpicy, events: true, analyzers: all},
	{reference: "reference-more/old-events/new", traces: moreTraces, compat: compat.Zeek82NoSpicy, events: true, analyzers: all},
}

// names lists the traces that a mode reads: those with events, or all.
func (m *mode) names(shared string) ([]string, error) {
	dir := filepath.Join(shared, m.traces)
	var names []string
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		name, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		if m.events {
			if _, err := os.Stat(filepath.Join(shared, m.reference, name)); errors.Is(err, fs.ErrNotExist) {
				return nil
			}
		}
		names = append(names, name)
		return nil
	})
	return names, err
}

// readTraces reads the traces of each mode, several at once, each into a folder of its name in that
// of the mode.
func readTraces(ctx context.Context, shared, out string) error {
	type job struct {
		mode  *mode
		trace string
	}
	jobs := make(chan job)
	var (
		wg     sync.WaitGroup
		mu     sync.Mutex
		errs   []error
		damage []string
	)
	for range runtime.GOMAXPROCS(0) {
		wg.Go(func() {
			for j := range jobs {
				lost, err := readTrace(ctx, filepath.Join(shared, j.mode.traces, j.trace), filepath.Join(out, j.mode.reference, j.trace), j.mode)
				mu.Lock()
				if err != nil {
					errs = append(errs, fmt.Errorf("%s (%s): %w", j.trace, j.mode.reference, err))
				}
				damage = append(damage, lost...)
				mu.Unlock()
			}
		})
	}
	var listing error
	for i := range modes {
		m := &modes[i]
		names, err := m.names(shared)
		listing = errors.Join(listing, err)
		for _, name := range names {
			jobs <- job{m, name}
		}
	}
	close(jobs)
	wg.Wait()
	slices.Sort(damage)
	for _, line := range slices.Compact(damage) {
		fmt.Println("damaged:", line)
	}
	return errors.Join(append(errs, listing)...)
}

// readTrace reads one trace. Damage of the capture is not an error: the
// reference has results for the packets before it.
func readTrace(ctx context.Context, capture, out string, m *mode) (damage []string, err error) {
	if err := os.MkdirAll(out, 0o755); err != nil {
		return nil, err
	}
	o := pipeline.Defaults()
	o.Paths = []string{capture}
	o.OutputDir = out
	o.Dissect.Packet.IgnoreChecksums = !m.checksums
	o.Shards = 1 // the traces themselves are read in parallel
	o.Seed = "conformance"
	o.Compat, o.Dissect.Analyzers = m.compat, m.analyzers
	if m.events {
		o.Logs = []string{"none"}
		o.EventsFile = filepath.Join(out, "events.jsonl")
	}
	s, err := pipeline.Run(ctx, o)
	if len(s.Panics) != 0 {
		err = errors.Join(err, fmt.Errorf("panics were contained: %v", s.Panics))
	}
	if len(s.Damage) != 0 && ctx.Err() == nil && !isOption(err) {
		err = nil
	}
	return s.Damage, errors.Join(err, s.Check())
}

func isOption(err error) bool {
	var o *pipeline.OptionError
	return errors.As(err, &o)
}
