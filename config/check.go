package config

import (
	"fmt"
	"path"
	"slices"

	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/internal/nearest"
	"github.com/wirelog/wirelog/pipeline"
	"github.com/wirelog/wirelog/schemas"
)

// check verifies the names in the configuration against those of this build.
func (l *Loaded) check() []error {
	var errs []error
	if l.OutputDir == "" {
		errs = append(errs, fmt.Errorf("%s: want a folder; . is the current one", l.place("output_dir")))
	}
	wrong := func(key string, err error) {
		if err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", l.place(key), err))
		}
	}
	known, err := schemas.NewSet()
	if err != nil {
		return []error{err}
	}
	_, err = known.Pick(l.Logs, known.Default(), nil)
	wrong("logs", err)
	_, err = known.Pick(l.OptionalLogs, nil, nil)
	wrong("optional_logs", err)
	_, err = pipeline.PickAnalyzers(l.Dissect.Analyzers)
	wrong("analyzers", err)
	_, err = schemas.ParseGroups(l.Columns)
	wrong("columns", err)
	names := func(key, what string, given, known []string) {
		for _, name := range given {
			if !slices.Contains(known, name) {
				errs = append(errs, fmt.Errorf("%s: unknown %s %q%s", l.place(key), what, name, nearest.Hint(name, known)))
			}
		}
	}
	names("files.hash", "hash", l.Dissect.Files.Hash, pipeline.Hashes())
	for _, p := range l.Dissect.Files.Extract {
		if err := pipeline.CheckPattern(p); err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", l.place("files.extract"), err))
		}
	}
	for _, pattern := range l.EventNames {
		if err := checkEvents(pattern); err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", l.place("event_names"), err))
		}
	}
	if len(errs) == 0 {
		errs = l.checkOutputs()
	}
	return errs
}

// checkEvents verifies that a glob pattern matches an event that this build raises.
func checkEvents(pattern string) error {
	if _, err := path.Match(pattern, ""); err != nil {
		return fmt.Errorf("%q is not a glob pattern", pattern)
	}
	var known []string
	match := false
	for _, e := range event.Catalogue() {
		ok, _ := path.Match(pattern, e.Name)
		if ok && e.Built {
			return nil
		}
		match = match || ok
		known = append(known, e.Name)
	}
	if match {
		return fmt.Errorf("this build does not raise event %q", pattern)
	}
	return fmt.Errorf("unknown event %q%s", pattern, nearest.Hint(pattern, known))
}
