package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
)

// compare runs the reference's tools on the output of readTraces.
func compare(ctx context.Context, shared, out string) (figures, error) {
	sections, err := readSections(filepath.Join(shared, "reference", "events.json"))
	if err != nil {
		return nil, err
	}
	now := figures{}
	var (
		mu sync.Mutex
		wg sync.WaitGroup
		// Each comparison keeps a core busy for a while.
		room  = make(chan struct{}, 2)
		first error
	)
	for i := range modes {
		m := &modes[i]
		wg.Go(func() {
			room <- struct{}{}
			defer func() { <-room }()
			f, err := m.compare(ctx, shared, out, sections)
			mu.Lock()
			defer mu.Unlock()
			if err != nil && first == nil {
				first = err
			}
			now[m.reference] = f
		})
	}
	wg.Wait()
	return now, first
}

// compare returns the figures of a mode.
func (m *mode) compare(ctx context.Context, shared, out string, sections map[string]string) (map[string]figure, error) {
	tool := func(name string) string { return filepath.Join(shared, "tools", name) }
	reference, ours := filepath.Join(shared, m.reference), filepath.Join(out, m.reference)
	if m.events {
		table, err := output(ctx, tool("compare-events"), reference, ours)
		if err != nil {
			return nil, err
		}
		return eventFigures(table, sections)
	}
	file := ours + ".json"
	if _, err := output(ctx, tool("compare-logs"), "--json", file, reference, ours); err != nil {
		return nil, err
	}
	return logFigures(file)
}

func output(ctx context.Context, name string, args ...string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Stderr = os.Stderr
	b, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return b, nil
}

// logFigures reads the output of compare-logs --json, for the logs that wirelog
// writes.
func logFigures(file string) (map[string]figure, error) {
	b, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	var result struct {
		Logs map[string]struct{ Exact, Ref, Ours, Extra int }
	}
	if err := json.Unmarshal(b, &result); err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	f := map[string]figure{}
	for name, l := range result.Logs {
		if l.Ours != 0 {
			f[name] = figure{Exact: l.Exact, Of: l.Ref + l.Extra}
		}
	}
	return f, nil
}

// readSections reads the section of each event.
func readSections(file string) (map[string]string, error) {
	b, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	var catalogue map[string]struct{ Section string }
	if err := json.Unmarshal(b, &catalogue); err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	sections := make(map[string]string, len(catalogue))
	for name, e := range catalogue {
		sections[name] = e.Section
	}
	return sections, nil
}

// eventFigures adds up the table of compare-events by section, for the sections
// that the reference has, and of which wirelog raises an event. Its rows are:
// name, reference, ours, exact, percent.
func eventFigures(table []byte, sections map[string]string) (map[string]figure, error) {
	f := map[string]figure{}
	has, raised := map[string]bool{}, map[string]bool{}
	in := bufio.NewScanner(bytes.NewReader(table))
	for in.Scan() {
		col := strings.Fields(in.Text())
		if len(col) != 5 || col[0] == "event" {
			continue
		}
		var n [3]int
		for i := range n {
			v, err := strconv.Atoi(col[i+1])
			if err != nil {
				return nil, fmt.Errorf("compare-events: unexpected row %q", in.Text())
			}
			n[i] = v
		}
		ref, ours, exact := n[0], n[1], n[2]
		section, ok := sections[col[0]]
		if !ok {
			continue // not in the catalogue, so the reference does not record it
		}
		s := f[section]
		s.Exact += exact
		s.Of += max(ref, ours)
		f[section] = s
		has[section] = has[section] || ref != 0
		raised[section] = raised[section] || ours != 0
	}
	for section := range f {
		if !has[section] || !raised[section] {
			delete(f, section)
		}
	}
	return f, in.Err()
}
