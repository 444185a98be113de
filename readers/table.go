package readers

import (
	"fmt"
	"slices"

	"github.com/wirelog/wirelog/readers/row"
	"github.com/wirelog/wirelog/schemas"
)

// maxLogs is the number of logs that a file may have.
const maxLogs = 1000

// A guess says how sure the type of a column is.
type guess uint8

const (
	declared guess = iota // by a header, by metadata, or by this build's log
	guessed               // from values
	unknown               // no value tells
)

// A table is one log of a file: its columns, and how sure their types are.
type table struct {
	schema  *schemas.Schema
	guesses []guess // by column; nil if all are declared
	index   map[string]int
}

func newTable(name string) *table {
	return &table{schema: &schemas.Schema{Name: name}, index: make(map[string]int)}
}

// tableOf returns the table of a schema whose types are declared.
func tableOf(s *schemas.Schema) *table { return &table{schema: s} }

// add appends a column and returns its index.
func (t *table) add(f schemas.Field) int {
	i := len(t.schema.Fields)
	t.schema.Fields = append(t.schema.Fields, f)
	t.index[f.Name] = i
	return i
}

// row returns a row with the table's columns.
func (t *table) row() *row.Row { return row.New(t.schema) }

// guess returns how sure the type of a column is.
func (t *table) guess(i int) guess {
	if t.guesses == nil {
		return declared
	}
	return t.guesses[i]
}

// common returns the type that can hold the values of both fields.
func common(a, b *schemas.Field) (k schemas.Kind, c schemas.Container, ok bool) {
	c = a.Container
	switch {
	case a.Container == b.Container:
	case a.Container != schemas.Scalar && b.Container != schemas.Scalar:
		c = schemas.VectorOf
	default:
		return 0, 0, false
	}
	pair := func(x, y schemas.Kind) bool { return a.Kind == x && b.Kind == y || a.Kind == y && b.Kind == x }
	switch {
	case a.Kind == b.Kind:
		return a.Kind, c, true
	case pair(schemas.KindCount, schemas.KindInt):
		return schemas.KindInt, c, true
	case pair(schemas.KindString, schemas.KindEnum):
		return schemas.KindString, c, true
	}
	return 0, 0, false
}

// widest is common for types that were guessed: whatever has no other type is text.
func widest(a, b *schemas.Field) (k schemas.Kind, c schemas.Container) {
	if k, c, ok := common(a, b); ok {
		return k, c
	}
	number := func(k schemas.Kind) bool {
		return k == schemas.KindCount || k == schemas.KindInt || k == schemas.KindDouble
	}
	switch {
	case a.Container != b.Container:
		return schemas.KindString, schemas.Scalar
	case number(a.Kind) && number(b.Kind):
		return schemas.KindDouble, a.Container
	}
	return schemas.KindString, a.Container
}

// A Union is the logs of several files, each with all columns that it has in any file.
type Union struct {
	// Logs are in the order of their first file.
	Logs  []*schemas.Schema
	parts []part
	sure  [][]guess // by log and column
}

// A part is one log of one file.
type part struct {
	file *File
	// log is the index of the log, places are the indexes of the columns in it.
	log    int
	table  *table
	places []int
}

// Add adds the logs of a file. It fails, and adds nothing, if a column has another type
// than in the files before.
func (u *Union) Add(f *File) error {
	for _, t := range f.tables {
		i := u.find(t.schema.Name)
		if i < 0 {
			continue
		}
		have := u.Logs[i]
		for j := range t.schema.Fields {
			field := &t.schema.Fields[j]
			k := slices.IndexFunc(have.Fields, func(h schemas.Field) bool { return h.Name == field.Name })
			if k < 0 || t.guess(j) != declared || u.sure[i][k] != declared {
				continue
			}
			if _, _, ok := common(&have.Fields[k], field); !ok {
				return fmt.Errorf("%s: the column %s of %s is %s there and %s in a file before; convert them apart",
					f.Path, field.Name, have.Name, field.ZeekType(), have.Fields[k].ZeekType())
			}
		}
	}
	for _, t := range f.tables {
		u.add(f, t)
	}
	return nil
}

func (u *Union) find(log string) int {
	return slices.IndexFunc(u.Logs, func(s *schemas.Schema) bool { return s.Name == log })
}

func (u *Union) add(f *File, t *table) {
	i := u.find(t.schema.Name)
	if i < 0 {
		i = len(u.Logs)
		u.Logs = append(u.Logs, &schemas.Schema{Name: t.schema.Name, Doc: t.schema.Doc})
		u.sure = append(u.sure, nil)
	}
	have := u.Logs[i]
	p := part{file: f, log: i, table: t}
	for j := range t.schema.Fields {
		field, g := t.schema.Fields[j], t.guess(j)
		k := slices.IndexFunc(have.Fields, func(h schemas.Field) bool { return h.Name == field.Name })
		if k < 0 {
			k = len(have.Fields)
			have.Fields = append(have.Fields, field)
			u.sure[i] = append(u.sure[i], g)
			p.places = append(p.places, k)
			continue
		}
		p.places = append(p.places, k)
		h, sure := &have.Fields[k], &u.sure[i][k]
		switch {
		case *sure == declared && g == declared:
			h.Kind, h.Container, _ = common(h, &field)
		case g > *sure: // less sure
		case g < *sure:
			h.Kind, h.Container, *sure = field.Kind, field.Container, g
		default:
			h.Kind, h.Container = widest(h, &field)
		}
	}
	u.parts = append(u.parts, p)
}

// Extend adds the columns of this build's logs that no file has.
func (u *Union) Extend() {
	for i, s := range u.Logs {
		known := schemas.Lookup(s.Name)
		if known == nil {
			continue
		}
		for _, f := range known.Fields {
			if !slices.ContainsFunc(s.Fields, func(h schemas.Field) bool { return h.Name == f.Name }) {
				f.Group, f.Unsettable = 0, true
				s.Fields, u.sure[i] = append(s.Fields, f), append(u.sure[i], declared)
			}
		}
	}
}

// Finish gives the columns of all files the types of the union. Call it after the last
// Add, before rows are read. File.Next then returns rows of Logs.
func (u *Union) Finish() {
	for i := range u.parts {
		p := &u.parts[i]
		for j, k := range p.places {
			have := &u.Logs[p.log].Fields[k]
			f := &p.table.schema.Fields[j]
			f.Kind, f.Container = have.Kind, have.Container
		}
		if p.file.into == nil {
			p.file.into = make(map[*schemas.Schema]*placed)
		}
		p.file.into[p.table.schema] = &placed{row: row.New(u.Logs[p.log]), places: p.places}
	}
}

// placed is a row of a union, with the places of the columns of a file.
type placed struct {
	row    *row.Row
	places []int
}

func (p *placed) take(r *row.Row) *row.Row {
	for i, at := range p.places {
		p.row.Values[at] = r.Values[i]
	}
	return p.row
}

// notes counts by text what a reader has to say besides errors.
type notes struct {
	texts  []string
	counts []int
}

// noteZone is about times.
const noteZone = "times without a zone, taken as UTC"

func (n *notes) add(text string, count int) {
	i := slices.Index(n.texts, text)
	if i < 0 {
		i = len(n.texts)
		n.texts, n.counts = append(n.texts, text), append(n.counts, 0)
	}
	n.counts[i] += count
}
