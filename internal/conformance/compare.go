package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// compare runs the reference's tools on the output of readTraces.
func compare(ctx context.Context, shared, out string, spicy map[string]bool) (figures, error) {
	tool := func(name string) string { return filepath.Join(shared, "tools", name) }
	plain := filepath.Join(out, "reference")
	if err := os.RemoveAll(plain); err != nil {
		return nil, err
	}
	if err := copyTraces(filepath.Join(plain, "logs"), filepath.Join(shared, "reference", "logs"), spicy); err != nil {
		return nil, err
	}
	others := map[string]bool{} // whose events are in the other reference
	err := eachFile(filepath.Join(shared, "reference-spicy", "events"), func(trace, _ string) error {
		others[trace] = true
		return nil
	})
	if err != nil {
		return nil, err
	}
	if err := copyTraces(filepath.Join(plain, "events"), filepath.Join(shared, "reference", "events"), others); err != nil {
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
	start := func(group string, do func() (map[string]figure, error)) {
		wg.Go(func() {
			room <- struct{}{}
			defer func() { <-room }()
			f, err := do()
			mu.Lock()
			defer mu.Unlock()
			if err != nil && first == nil {
				first = err
			}
			now[group] = f
		})
	}
	for group, reference := range map[string]string{"events": plain, "events with Spicy": filepath.Join(shared, "reference-spicy")} {
		start(group, func() (map[string]figure, error) {
			sections, err := readSections(filepath.Join(shared, "reference", "events.json"))
			if err != nil {
				return nil, err
			}
			table, err := output(ctx, tool("compare-events"), filepath.Join(reference, "events"), filepath.Join(out, "logs-C"))
			if err != nil {
				return nil, err
			}
			return eventFigures(table, sections)
		})
	}
	for _, m := range modes {
		reference := filepath.Join(shared, m.reference)
		if !m.noChecksums {
			reference = filepath.Join(plain, "logs")
		}
		logs := func(name string, args ...string) func() (map[string]figure, error) {
			return func() (map[string]figure, error) {
				file := filepath.Join(out, name+".json")
				args := append([]string{"--json", file}, args...)
				if _, err := output(ctx, tool("compare-logs"), append(args, reference, filepath.Join(out, m.name))...); err != nil {
					return nil, err
				}
				return logFigures(file)
			}
		}
		start(m.name, logs(m.name))
		start(m.name+" but for service", logs(m.name+"-service", "--log", "conn", "--ignore", "service"))
	}
	wg.Wait()
	return now, first
}

// copyTraces copies the folders of the traces in from to dir, but for those of without.
func copyTraces(dir, from string, without map[string]bool) error {
	return eachFile(from, func(trace, name string) error {
		if without[trace] {
			return nil
		}
		if err := os.MkdirAll(filepath.Join(dir, trace), 0o755); err != nil {
			return err
		}
		b, err := os.ReadFile(filepath.Join(from, trace, name))
		if err != nil {
			return err
		}
		return os.WriteFile(filepath.Join(dir, trace, name), b, 0o644)
	})
}

// eachFile calls do for each file in the folders of traces: with the trace and the file's name.
func eachFile(dir string, do func(trace, name string) error) error {
	return filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		trace, err := filepath.Rel(dir, filepath.Dir(path))
		if err != nil {
			return err
		}
		return do(trace, d.Name())
	})
}

// differing returns the traces whose rows are not the same in two folders of logs, identifiers
// apart.
func differing(a, b string) (map[string]bool, error) {
	traces := map[string]bool{}
	for _, pair := range [][2]string{{a, b}, {b, a}} {
		err := eachFile(pair[0], func(trace, name string) error {
			if filepath.Ext(name) != ".log" {
				return nil
			}
			var rows [2]string
			for i, dir := range pair {
				var err error
				if rows[i], err = sortedRows(filepath.Join(dir, trace, name)); err != nil {
					return err
				}
			}
			if rows[0] != rows[1] {
				traces[trace] = true
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	return traces, nil
}

var identifier = regexp.MustCompile(`\b[CF][0-9A-Za-z]{11,18}\b`)

// sortedRows returns the rows of a log without identifiers, sorted, and with the elements of sets
// and lists sorted. A log that does not exist has none.
func sortedRows(file string) (string, error) {
	b, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	var rows []string
	for row := range strings.Lines(string(b)) {
		if row[0] == '#' {
			continue
		}
		fields := strings.Split(identifier.ReplaceAllString(row, "ID"), "\t")
		for i, f := range fields {
			elements := strings.Split(f, ",")
			slices.Sort(elements)
			fields[i] = strings.Join(elements, ",")
		}
		rows = append(rows, strings.Join(fields, "\t"))
	}
	slices.Sort(rows)
	return strings.Join(rows, ""), err
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
// with an event that wirelog raises. Its rows are: name, reference, ours, exact,
// percent.
func eventFigures(table []byte, sections map[string]string) (map[string]figure, error) {
	f := map[string]figure{}
	raised := map[string]bool{}
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
		raised[section] = raised[section] || ours != 0
	}
	for section := range f {
		if !raised[section] {
			delete(f, section)
		}
	}
	return f, in.Err()
}
