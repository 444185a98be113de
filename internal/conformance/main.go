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
	for _, dir := range []string{"reference", "reference-spicy"} {
		if _, err := os.Stat(filepath.Join(*shared, dir)); errors.Is(err, fs.ErrNotExist) {
			fmt.Printf("conformance: skipped: there are no reference results in %s\n", filepath.Join(*shared, dir))
			return
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
	spicy, err := differing(filepath.Join(shared, "reference", "logs-C"), filepath.Join(shared, "reference-spicy", "logs-C"))
	if err != nil {
		return err
	}
	fmt.Printf("%d traces are compared with -C only: they are other with Zeek's analyzers in Spicy\n", len(spicy))
	if err := readTraces(ctx, filepath.Join(shared, "reference", "traces"), out, spicy); err != nil {
		return err
	}
	read := time.Since(start)
	now, err := compare(ctx, shared, out, spicy)
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

// A mode is a way of reading traces for which the reference has results.
type mode struct {
	name        string // of our folder
	reference   string // folder of the reference's
	noChecksums bool
	events      bool
}

// modes has, with -C, the logs of a Zeek as it is installed. Those with checksums come from one
// without the analyzers that are written in Spicy: of them, only the traces count of which both
// say the same with -C.
var modes = []mode{
	{"logs-C", "reference-spicy/logs-C", true, true},
	{"logs", "reference/logs", false, false},
}

// readTraces reads each trace in each mode into out/MODE/TRACE, several at once; those of spicy
// in the modes with -C only.
func readTraces(ctx context.Context, traces, out string, spicy map[string]bool) error {
	var names []string
	err := filepath.WalkDir(traces, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		name, err := filepath.Rel(traces, path)
		names = append(names, name)
		return err
	})
	if err != nil {
		return err
	}
	type job struct {
		mode  mode
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
				lost, err := readTrace(ctx, filepath.Join(traces, j.trace), filepath.Join(out, j.mode.name, j.trace), j.mode)
				mu.Lock()
				if err != nil {
					errs = append(errs, fmt.Errorf("%s (%s): %w", j.trace, j.mode.name, err))
				}
				damage = append(damage, lost...)
				mu.Unlock()
			}
		})
	}
	for _, m := range modes {
		if err := os.RemoveAll(filepath.Join(out, m.name)); err != nil {
			return err
		}
	}
	for _, m := range modes {
		for _, name := range names {
			if m.noChecksums || !spicy[name] {
				jobs <- job{m, name}
			}
		}
	}
	close(jobs)
	wg.Wait()
	slices.Sort(damage)
	for _, line := range slices.Compact(damage) {
		fmt.Println("damaged:", line)
	}
	return errors.Join(errs...)
}

// readTrace reads one trace. Damage of the capture is not an error: the
// reference has results for the packets before it.
func readTrace(ctx context.Context, capture, out string, m mode) (damage []string, err error) {
	if err := os.MkdirAll(out, 0o755); err != nil {
		return nil, err
	}
	o := pipeline.Defaults()
	o.Paths = []string{capture}
	o.OutputDir = out
	o.Dissect.Packet.IgnoreChecksums = m.noChecksums
	o.Shards = 1 // the traces themselves are read in parallel
	o.Seed = "conformance"
	o.Compat = compat.Zeek82
	if m.events {
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
