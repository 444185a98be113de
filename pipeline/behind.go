package pipeline

import (
	"log/slog"
	"path"
	"runtime/debug"
	"slices"
	"strings"

	"github.com/wirelog/wirelog/dissect"
	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/dissect/proto/watch"
	"github.com/wirelog/wirelog/writers"
)

// behind raises the events that relate connections of several shards, behind the merge.
type behind struct {
	hooks event.Hooks
	stone *watch.Correlator
	emit  func(line []byte) // of the current note
	// panics counts listeners that have panicked.
	panics uint64
}

// lines returns the streams of lines of the run: lines, which may be empty, with what raises
// events behind the merge. Without a stream, somebody may listen nevertheless.
func (r *run) lines(lines []writers.Lines) []writers.Lines {
	if len(lines) == 0 && r.opts.Extend == nil && len(r.opts.Builders) == 0 {
		return nil
	}
	if len(lines) == 0 {
		lines = []writers.Lines{{Name: "events"}}
	}
	b := &r.behind
	b.stone = watch.NewCorrelator(&b.hooks, r.opts.Dissect.Watch)
	lines[0].Joiner = b
	return lines
}

// Join passes a note on. A listener that panics costs what it has not heard of the note.
func (b *behind) Join(note []byte, emit func(line []byte)) {
	b.emit = emit
	defer func() {
		if r := recover(); r != nil {
			if b.panics++; b.panics == 1 {
				slog.Error("a listener panicked behind the merge", "panic", r, "stack", string(debug.Stack()))
			}
		}
	}()
	b.stone.Note(note)
}

// Limited returns the limits of the Correlator.
func (b *behind) Limited() map[string]uint64 { return b.stone.Limited() }

// stream adds the stream of events. The shards have checked the patterns, which may be for
// events of an embedder.
func (b *behind) stream(patterns []string) error {
	if len(patterns) > 0 {
		patterns = slices.DeleteFunc(slices.Clone(patterns), func(p string) bool {
			return !slices.ContainsFunc(event.Catalogue(), func(info event.Info) bool {
				return info.Section == "SteppingStone" && picks([]string{p}, info.Name)
			})
		})
		if len(patterns) == 0 {
			return nil
		}
	}
	_, err := event.NewStream(&b.hooks, b.stone.Now, func(line []byte) { b.emit(line[:len(line)-1]) }, patterns...)
	return err
}

// tellUnraised tells which patterns of EventNames match only events of analyzers that are not
// attached.
func (o *Options) tellUnraised() {
	attached, err := dissect.PickAnalyzers(o.Dissect.Analyzers)
	if o.Notice == nil || err != nil {
		return
	}
	known := dissect.AnalyzerNames()
	for _, p := range o.EventNames {
		var missing []string
		for _, info := range event.Catalogue() {
			if ok, _ := path.Match(p, info.Name); !ok || !info.Built {
				continue
			}
			name := strings.ToLower(info.Section)
			if !slices.Contains(known, name) || slices.Contains(attached, name) {
				missing = nil
				break
			}
			if !slices.Contains(missing, name) {
				missing = append(missing, name)
			}
		}
		if len(missing) > 0 {
			o.Notice(p + ": no analyzer of the events is attached: --analyzers +" + strings.Join(missing, ",+") + " attaches it")
		}
	}
}

// picks reports whether patterns of events match a name.
func picks(patterns []string, name string) bool {
	return len(patterns) == 0 || slices.ContainsFunc(patterns, func(p string) bool {
		ok, _ := path.Match(p, name)
		return ok
	})
}
