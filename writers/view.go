package writers

import (
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/wirelog/wirelog/internal/nearest"
	"github.com/wirelog/wirelog/schemas"
	"github.com/wirelog/wirelog/writers/filter"
)

// Fields says which columns an output writes, and under which names. "history" names a
// column in every log that has it, "conn:history" in one log; "id.*" matches several.
type Fields struct {
	// Keep lists the columns to write, in the log's own order. A log without an entry
	// keeps all columns.
	Keep []string
	// Drop lists the columns to leave out.
	Drop []string
	// Rename gives columns other names: "id.orig_h=src_ip", "conn:service=app".
	Rename []string
	// Add lists columns with the same text in every row, such as "site=Berlin". They
	// come last.
	Add []string
}

// A View is the form in which an output writes a log.
type View struct {
	// Schema has the columns as written.
	Schema *schemas.Schema
	// Groups is for encoders of Schema; see StreamInfo.Groups.
	Groups schemas.Groups

	log    *schemas.Schema
	groups schemas.Groups // of the original records
	// keep tells for each column of a record whether it is written. It is nil if all are
	// and none is added.
	keep   []bool
	add    []string
	filter *filter.Program
	where  string // of filter
}

// NewView checks fields and a filter, "" for none, against the columns of s, with the
// optional columns of g.
func NewView(s *schemas.Schema, g schemas.Groups, fields Fields, where string) (*View, error) {
	full := s.With(g)
	v := &View{Schema: full, Groups: g, log: s, groups: g, where: where}
	if !fields.none() {
		if err := v.choose(full, &fields); err != nil {
			return nil, err
		}
	}
	if where != "" {
		var err error
		if v.filter, err = filter.Compile(where, s, g); err != nil {
			return nil, fmt.Errorf("where: %s: %w", s.Name, err)
		}
	}
	return v, nil
}

// none reports whether all columns are written as they are.
func (f *Fields) none() bool { return len(f.Keep)+len(f.Drop)+len(f.Rename)+len(f.Add) == 0 }

// choose sets the columns of v to those of full that fields want, and adds theirs.
func (v *View) choose(full *schemas.Schema, fields *Fields) error {
	keep, changed, err := fields.kept(full)
	if err != nil {
		return err
	}
	written := *full
	written.Fields = nil
	names, renamed, err := fields.names(full)
	if err != nil {
		return err
	}
	for i, f := range full.Fields {
		if keep[i] {
			f.Name, f.Group = names[i], 0
			written.Fields = append(written.Fields, f)
		}
	}
	if len(written.Fields) == 0 {
		return fmt.Errorf("keep and drop leave no column of %s", full.Name)
	}
	for _, a := range fields.Add {
		name, value, ok := strings.Cut(a, "=")
		if !ok || !columnName(name) {
			return fmt.Errorf("add: want name=text, got %q", a)
		}
		v.add = append(v.add, value)
		written.Fields = append(written.Fields, schemas.Field{
			Name: name, Kind: schemas.KindString, Doc: "Set by the configuration of the output.",
		})
	}
	for i, f := range written.Fields {
		if slices.ContainsFunc(written.Fields[:i], func(o schemas.Field) bool { return o.Name == f.Name }) {
			return fmt.Errorf("two columns of %s would be named %q", full.Name, f.Name)
		}
	}
	if changed || renamed || len(v.add) > 0 {
		v.Schema, v.Groups, v.keep = &written, 0, keep
	}
	return nil
}

// columnName reports whether name is valid in the header of every format.
func columnName(name string) bool {
	return name != "" && !strings.ContainsFunc(name, func(c rune) bool {
		return !(c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '_' || c == '.' || c == '-' || c == '@')
	})
}

// matches reports whether an entry of a list matches the column of the log.
func matches(entry, log, column string) bool {
	if l, c, ok := strings.Cut(entry, ":"); ok {
		if l != log {
			return false
		}
		entry = c
	}
	ok, _ := path.Match(entry, column)
	return ok
}

// about reports whether an entry of a list applies to the log.
func about(entry, log string) bool {
	l, _, ok := strings.Cut(entry, ":")
	return !ok || l == log
}

// kept tells which columns are written, and whether any is left out.
func (f *Fields) kept(s *schemas.Schema) (keep []bool, changed bool, err error) {
	list := slices.DeleteFunc(slices.Clone(f.Keep), func(e string) bool { return !about(e, s.Name) })
	keep = make([]bool, len(s.Fields))
	for i := range s.Fields {
		names := func(e string) bool { return matches(e, s.Name, s.Fields[i].Name) }
		keep[i] = (len(list) == 0 || slices.ContainsFunc(list, names)) && !slices.ContainsFunc(f.Drop, names)
		changed = changed || !keep[i]
	}
	for _, e := range slices.Concat(f.Keep, f.Drop) {
		if err := f.checkEntry(e, s); err != nil {
			return nil, false, err
		}
	}
	return keep, changed, nil
}

// checkEntry returns an error for an entry that names the log but no column of it.
func (f *Fields) checkEntry(e string, s *schemas.Schema) error {
	log, column, ok := strings.Cut(e, ":")
	if !ok || log != s.Name {
		return nil
	}
	var known []string
	for _, f := range s.Fields {
		if ok, _ := path.Match(column, f.Name); ok {
			return nil
		}
		known = append(known, f.Name)
	}
	return fmt.Errorf("%s has no column %q%s", log, column, nearest.Hint(column, known))
}

// names returns the names of all columns, and whether any differs from the log's.
func (f *Fields) names(s *schemas.Schema) (names []string, renamed bool, err error) {
	for _, f := range s.Fields {
		names = append(names, f.Name)
	}
	for _, e := range f.Rename {
		from, to, ok := strings.Cut(e, "=")
		if !ok || !columnName(to) {
			return nil, false, fmt.Errorf("rename: want column=name, got %q", e)
		}
		if err := f.checkEntry(from, s); err != nil {
			return nil, false, err
		}
		for i := range s.Fields {
			if matches(from, s.Name, s.Fields[i].Name) {
				names[i], renamed = to, true
			}
		}
	}
	return names, renamed, nil
}

// Check verifies that every entry names a column of one of the logs, with the optional
// columns of g.
func (f *Fields) Check(logs []*schemas.Schema, g schemas.Groups) error {
	if f.none() {
		return nil
	}
	full := make([]*schemas.Schema, len(logs))
	for i, s := range logs {
		full[i] = s.With(g)
	}
	var errs []error
	entry := func(list, e string) {
		var known []string
		for _, s := range full {
			for _, field := range s.Fields {
				if matches(e, s.Name, field.Name) {
					return
				}
				known = append(known, field.Name)
			}
		}
		_, column, ok := strings.Cut(e, ":")
		if !ok {
			column = e
		}
		errs = append(errs, fmt.Errorf("%s: no log of the output has a column %q%s", list, e, nearest.Hint(column, known)))
	}
	for _, e := range f.Keep {
		entry("keep", e)
	}
	for _, e := range f.Drop {
		entry("drop", e)
	}
	for _, e := range f.Rename {
		from, _, _ := strings.Cut(e, "=")
		entry("rename", from)
	}
	return errors.Join(errs...)
}

// A viewer encodes one shard's records as a View wants them.
type viewer struct {
	view   *View
	to     RowEncoder
	filter *filter.Evaluator
	failed *Mark // rows that the filter could not judge
	over   *Mark // those for which it exceeded its budget
	rec    projected
}

func (v *View) viewer(to RowEncoder, counts *Counts) *viewer {
	w := &viewer{view: v, to: to}
	w.rec.sink.view, w.rec.sink.Next = v, w.rec.sink.next
	if v.filter != nil {
		w.filter, w.failed = v.filter.Evaluator(), counts.Mark("errors of filters", true)
		w.over = counts.Mark("rows left out because their filter (where) exceeded its memory budget", true)
	}
	return w
}

// Append appends rec as a row, or nothing if the filter rejects it.
func (w *viewer) Append(dst []byte, rec schemas.Record) []byte {
	if w.filter != nil {
		match, err := w.filter.Match(rec)
		switch {
		case err == nil:
		case errors.Is(err, filter.ErrBudget):
			w.over.Add(1)
		default:
			w.failed.Add(1)
		}
		if !match {
			return dst
		}
	}
	if w.view.keep == nil {
		return w.to.Append(dst, rec)
	}
	w.rec.of = rec
	dst = w.to.Append(dst, &w.rec)
	w.rec.of = nil
	return dst
}

// projected is a record with the columns of a View.
type projected struct {
	of   schemas.Record
	sink projection
}

// Schema returns the columns as they are written.
func (p *projected) Schema() *schemas.Schema { return p.sink.view.Schema }

// Encode passes the kept columns to s.
func (p *projected) Encode(s schemas.Sink) {
	p.sink.To, p.sink.col = s, 0
	p.of.Encode(&p.sink)
	for _, v := range p.sink.view.add {
		s.String(v)
	}
	p.sink.To = nil
}

// projection is a sink that passes on the columns that a View keeps.
type projection struct {
	schemas.Forward
	view   *View
	col    int
	nested bool
	pass   bool
}

// next moves to the next value and reports whether it is kept.
func (p *projection) next() bool {
	if !p.nested {
		p.pass = p.view.keep[p.col]
		p.col++
	}
	return p.pass
}

// Groups, like the methods below and those of Forward, implements schemas.Sink.
func (p *projection) Groups() schemas.Groups { return p.view.groups }

func (p *projection) Begin(c schemas.Container, n int) {
	if p.next() {
		p.To.Begin(c, n)
	}
	p.nested = true
}

func (p *projection) End() {
	p.nested = false
	if p.pass {
		p.To.End()
	}
}
