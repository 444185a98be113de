package readers

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/wirelog/wirelog/readers/row"
	"github.com/wirelog/wirelog/schemas"
	"github.com/wirelog/wirelog/writers/tsv"
)

// tsvReader reads the rows of Zeek TSV. A file may have several headers, of one log with
// other columns or of several logs, as when files were joined.
type tsvReader struct {
	name                      string // log of headers that do not name theirs
	sep, setSep, empty, unset string
	log                       string
	fields, types             []string
	tables                    []*table
	rows                      []*row.Row // by table
	// layouts are by header. layout is the current one; err is what is wrong with the
	// header if it is nil.
	layouts map[string]*layout
	layout  *layout
	err     error
	notes   *notes
}

// A layout is the cells of a header.
type layout struct {
	table int
	cells []tsvCell
}

// A tsvCell is a cell of a row. It has several columns, separated by spaces, in files
// with labels.
type tsvCell struct {
	sep string
	// at are the columns in the table.
	at []int
}

// openTSV reads the headers of a file. It skips rows, and wrong headers but the first,
// which are reported when they are read.
func openTSV(l *lines, name string, n *notes) ([]*table, lineFormat, error) {
	r := &tsvReader{name: name, layouts: make(map[string]*layout), notes: n}
	r.reset()
	for {
		line, err := l.next()
		if err == io.EOF {
			break
		}
		if l.failed {
			if r.tables == nil {
				return nil, nil, &row.Error{Line: l.number, Err: err}
			}
			break
		}
		switch {
		case err != nil, len(line) == 0:
			continue
		case line[0] == '#':
			err = r.header(string(line), true)
		case r.tables == nil:
			err = errors.New("the header has no #fields and #types")
		}
		if err != nil && r.tables == nil {
			return nil, nil, &row.Error{Line: l.number, Err: err}
		}
	}
	if r.tables == nil {
		return nil, nil, errors.New("the file ends in the header")
	}
	for _, t := range r.tables {
		r.rows = append(r.rows, t.row())
	}
	r.reset()
	return r.tables, r, nil
}

// reset forgets the header.
func (r *tsvReader) reset() {
	r.sep, r.setSep, r.empty, r.unset = "\t", ",", tsv.Empty, tsv.Unset
	r.log, r.fields, r.types = r.name, nil, nil
	r.layout, r.err = nil, errors.New("the header above has no #fields and #types")
}

// header parses a line that begins with #. learning means that columns are collected.
func (r *tsvReader) header(line string, learning bool) error {
	if v, ok := strings.CutPrefix(line, "#separator "); ok {
		r.reset()
		if r.sep = tsv.Unescape(v); r.sep == "" {
			r.sep = "\t"
			return errors.New("the separator is empty")
		}
		return nil
	}
	key, v, _ := strings.Cut(line, r.sep)
	switch key {
	case "#set_separator":
		if v == "" {
			return errors.New("the separator of sets is empty")
		}
		r.setSep = v
	case "#empty_field":
		r.empty = v
	case "#unset_field":
		r.unset = v
	case "#path":
		r.log, r.layout = v, nil
	case "#fields":
		r.fields, r.layout = strings.Split(v, r.sep), nil
	case "#types":
		r.types, r.layout = strings.Split(v, r.sep), nil
		r.layout, r.err = r.columns(learning)
		return r.err
	}
	return nil
}

// columns returns the layout of the header that has just been read.
func (r *tsvReader) columns(learning bool) (*layout, error) {
	if len(r.fields) != len(r.types) {
		return nil, fmt.Errorf("%d #fields, %d #types", len(r.fields), len(r.types))
	}
	if r.log == "" {
		return nil, errLog
	}
	key := strings.Join(slices.Concat([]string{r.log}, r.fields, r.types), "\x00")
	if l := r.layouts[key]; l != nil || !learning {
		if l == nil {
			// Learning has failed here too, for the same reason.
			return nil, r.conflict()
		}
		return l, nil
	}
	fields, cells, err := r.cells()
	if err != nil {
		return nil, err
	}
	i := slices.IndexFunc(r.tables, func(t *table) bool { return t.schema.Name == r.log })
	if i >= 0 {
		if err := compatible(r.tables[i], fields); err != nil {
			return nil, err
		}
	} else {
		if len(r.tables) == maxLogs {
			return nil, fmt.Errorf("more than %d logs", maxLogs)
		}
		i = len(r.tables)
		r.tables = append(r.tables, newTable(r.log))
	}
	t := r.tables[i]
	known := schemas.Lookup(r.log)
	if known != nil {
		t.schema.Doc = known.Doc
	}
	n := 0
	for c := range cells {
		for j := range cells[c].at {
			cells[c].at[j] = t.take(fields[n], known)
			n++
		}
	}
	l := &layout{table: i, cells: cells}
	r.layouts[key] = l
	return l, nil
}

// conflict returns the error of a header that could not be learned.
func (r *tsvReader) conflict() error {
	fields, _, err := r.cells()
	if err != nil {
		return err
	}
	for _, t := range r.tables {
		if t.schema.Name == r.log {
			if err := compatible(t, fields); err != nil {
				return err
			}
		}
	}
	return fmt.Errorf("more than %d logs", maxLogs)
}

// cells returns the columns of the header and, for each cell of a row, how many of them
// it has.
func (r *tsvReader) cells() (fields []schemas.Field, cells []tsvCell, err error) {
	known := schemas.Lookup(r.log)
	taken := make(map[string]bool)
	for _, name := range r.fields {
		taken[name] = true
	}
	twice := make(map[string]bool)
	for i, name := range r.fields {
		cell := tsvCell{}
		names, types := []string{name}, []string{r.types[i]}
		if at := strings.IndexByte(r.types[i], ' '); at >= 0 {
			// Labels that were added to a log, as in public collections, are separated
			// by spaces.
			names, types = strings.Fields(name), strings.Fields(r.types[i])
			if len(names) != len(types) {
				return nil, nil, fmt.Errorf("%d names, %d types in the column %q with the type %q", len(names), len(types), name, r.types[i])
			}
			rest := strings.TrimLeft(r.types[i][at:], " ")
			cell.sep = strings.Repeat(" ", len(r.types[i])-at-len(rest))
		}
		for j, name := range names {
			if dotted := row.Dotted(known, name); !taken[dotted] {
				name = dotted
			}
			if twice[name] {
				return nil, nil, fmt.Errorf("two columns have the name %q", name)
			}
			twice[name] = true
			f := schemas.Field{Name: name, Unsettable: true}
			var ok bool
			if f.Kind, f.Container, ok = schemas.ParseZeekType(types[j]); !ok {
				r.notes.add(fmt.Sprintf("column %s of %s has the type %s, kept as text", name, r.log, types[j]), 0)
			}
			fields = append(fields, f)
		}
		cell.at = make([]int, len(names))
		cells = append(cells, cell)
	}
	return fields, cells, nil
}

// compatible returns an error if a column has another type in the table.
func compatible(t *table, fields []schemas.Field) error {
	for i := range fields {
		if at, ok := t.index[fields[i].Name]; ok {
			have := &t.schema.Fields[at]
			if _, _, ok := common(have, &fields[i]); !ok {
				return fmt.Errorf("the type of the column %s of %s changes from %s to %s in the middle of the file",
					have.Name, t.schema.Name, have.ZeekType(), fields[i].ZeekType())
			}
		}
	}
	return nil
}

// take returns the index of a column, which it adds if necessary.
func (t *table) take(f schemas.Field, known *schemas.Schema) int {
	if at, ok := t.index[f.Name]; ok {
		have := &t.schema.Fields[at]
		have.Kind, have.Container, _ = common(have, &f)
		return at
	}
	if known != nil {
		if j := slices.IndexFunc(known.Fields, func(k schemas.Field) bool { return k.Name == f.Name }); j >= 0 {
			f.Doc = known.Fields[j].Doc
		}
	}
	return t.add(f)
}

func (r *tsvReader) at(l *lines) int { return l.number }

func (r *tsvReader) next(l *lines) (*row.Row, error) {
	for {
		line, err := l.next()
		switch {
		case err != nil:
			return nil, err
		case len(line) == 0:
		case line[0] == '#':
			if err := r.header(string(line), false); err != nil {
				return nil, err
			}
		case r.layout == nil:
			return nil, fmt.Errorf("row below a header that cannot be used: %w", r.err)
		default:
			return r.read(string(line))
		}
	}
}

// read parses a row.
func (r *tsvReader) read(line string) (*row.Row, error) {
	cells := r.layout.cells
	if n := strings.Count(line, r.sep) + 1; n != len(cells) {
		return nil, fmt.Errorf("%d columns, want %d", n, len(cells))
	}
	to := r.rows[r.layout.table]
	fields := to.Schema().Fields
	if len(cells) < len(fields) {
		clear(to.Values)
	}
	for i := range cells {
		c := &cells[i]
		var cell string
		cell, line, _ = strings.Cut(line, r.sep)
		if len(c.at) > 1 {
			if n := strings.Count(cell, c.sep) + 1; n < len(c.at) {
				return nil, fmt.Errorf("%s: %d values, want %d with %d spaces between them", fields[c.at[0]].Name, n, len(c.at), len(c.sep))
			}
		}
		for j, at := range c.at {
			one := cell
			if j < len(c.at)-1 {
				one, cell, _ = strings.Cut(cell, c.sep)
			}
			v, err := r.cell(&fields[at], one)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", fields[at].Name, err)
			}
			to.Values[at] = v
		}
	}
	return to, nil
}

func (r *tsvReader) cell(f *schemas.Field, cell string) (v row.Value, err error) {
	if cell == r.unset {
		return v, nil
	}
	if f.Container == schemas.Scalar {
		return r.scalar(f.Kind, cell)
	}
	v.Set = true
	if cell == r.empty {
		return v, nil
	}
	for e := range strings.SplitSeq(cell, r.setSep) {
		var element row.Value
		if e != r.unset {
			if element, err = r.scalar(f.Kind, e); err != nil {
				return v, err
			}
		}
		v.List = append(v.List, element)
	}
	return v, nil
}

func (r *tsvReader) scalar(k schemas.Kind, s string) (row.Value, error) {
	switch {
	case k == schemas.KindString || k == schemas.KindEnum:
		if s == r.empty {
			return row.Value{Set: true}, nil
		}
		return row.Value{Set: true, Text: tsv.Unescape(s)}, nil
	case k == schemas.KindTime && row.Zoneless(s):
		r.notes.add(noteZone, 1)
	}
	return row.Parse(k, s)
}
