package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"slices"
)

// A figure says how many rows or events are exact, of all that the reference or
// wirelog has.
type figure struct {
	Exact int `json:"exact"`
	Of    int `json:"of"`
}

func (f figure) percent() float64 {
	if f.Of == 0 {
		return 100
	}
	return 100 * float64(f.Exact) / float64(f.Of)
}

// figures are the figures of logs or sections, by group.
type figures map[string]map[string]figure

func readRatchet(file string) (figures, error) {
	b, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return figures{}, nil
	}
	if err != nil {
		return nil, err
	}
	f := figures{}
	if err := json.Unmarshal(b, &f); err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return f, nil
}

func (f figures) write(file string) error {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetIndent("", "  ")
	if err := e.Encode(f); err != nil {
		return err
	}
	return os.WriteFile(file, b.Bytes(), 0o644)
}

// diff describes the figures that are worse than before, and names all that
// changed: improvements, if none is worse. A figure is worse with fewer exact
// rows, or with more others, such as rows that the reference lacks.
func (f figures) diff(before figures) (falls, rises []string) {
	for _, group := range slices.Sorted(maps.Keys(before)) {
		for _, name := range slices.Sorted(maps.Keys(before[group])) {
			was, is := before[group][name], f[group][name]
			if is.Exact < was.Exact || is.Of-is.Exact > was.Of-was.Exact {
				falls = append(falls, fmt.Sprintf("%s %s: %d of %d, before %d of %d", group, name, is.Exact, is.Of, was.Exact, was.Of))
			}
		}
	}
	for _, group := range slices.Sorted(maps.Keys(f)) {
		for _, name := range slices.Sorted(maps.Keys(f[group])) {
			if was, ok := before[group][name]; !ok || was != f[group][name] {
				rises = append(rises, group+" "+name)
			}
		}
	}
	return falls, rises
}

func (f figures) print(w io.Writer, before figures) {
	for _, group := range slices.Sorted(maps.Keys(f)) {
		fmt.Fprintf(w, "%s\n", group)
		for _, name := range slices.Sorted(maps.Keys(f[group])) {
			is := f[group][name]
			change := ""
			if d := is.Exact - before[group][name].Exact; d != 0 {
				change = fmt.Sprintf("  %+d", d)
			}
			fmt.Fprintf(w, "  %-24s %8d of %8d  %6.2f %%%s\n", name, is.Exact, is.Of, is.percent(), change)
		}
	}
}
