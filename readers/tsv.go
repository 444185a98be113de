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

// tsvReader reads the rows of Zeek TSV.
type tsvReader struct {
	sep, setSep, empty, unset string
	schema                    *schemas.Schema
	fields, types             []string
}

// openTSV reads the header and stops before the first row.
func openTSV(l *lines, name string) (*schemas.Schema, lineFormat, error) {
	r := &tsvReader{sep: "\t", setSep: ",", empty: tsv.Empty, unset: tsv.Unset}
	r.schema = &schemas.Schema{Name: name}
	for r.types == nil {
		line, err := l.next()
		if err == io.EOF {
			return nil, nil, errors.New("the file ends in the header")
		}
		if err != nil {
			return nil, nil, &row.Error{Line: l.number, Err: err}
		}
		if len(line) == 0 || line[0] != '#' {
			return nil, nil, &row.Error{Line: l.number, Err: errors.New("the header has no #fields and #types")}
		}
		if err := r.header(string(line)); err != nil {
			return nil, nil, &row.Error{Line: l.number, Err: err}
		}
	}
	if len(r.fields) != len(r.types) {
		return nil, nil, &row.Error{Line: l.number, Err: fmt.Errorf("%d #fields, %d #types", len(r.fields), len(r.types))}
	}
	known := schemas.Lookup(r.schema.Name)
	for i, name := range r.fields {
		f := schemas.Field{Name: name, Unsettable: true}
		f.Kind, f.Container, _ = schemas.ParseZeekType(r.types[i])
		if known != nil {
			if j := slices.IndexFunc(known.Fields, func(k schemas.Field) bool { return k.Name == name }); j >= 0 {
				f.Doc = known.Fields[j].Doc
			}
		}
		r.schema.Fields = append(r.schema.Fields, f)
	}
	return r.schema, r, nil
}

// header parses a line that begins with #.
func (r *tsvReader) header(line string) error {
	if v, ok := strings.CutPrefix(line, "#separator "); ok {
		if r.sep = tsv.Unescape(v); r.sep == "" {
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
		r.schema.Name = v
	case "#fields":
		fields := strings.Split(v, r.sep)
		if r.types != nil && !slices.Equal(fields, r.fields) {
			return errors.New("the columns change in the middle of the file")
		}
		r.fields = fields
	case "#types":
		types := strings.Split(v, r.sep)
		if r.types != nil && !slices.Equal(types, r.types) {
			return errors.New("the types of columns change in the middle of the file")
		}
		r.types = types
	}
	return nil
}

func (r *tsvReader) read(line []byte, to *row.Row) (bool, error) {
	if len(line) == 0 {
		return false, nil
	}
	text := string(line)
	if text[0] == '#' {
		return false, r.header(text)
	}
	n := strings.Count(text, r.sep) + 1
	if n != len(r.schema.Fields) {
		return false, fmt.Errorf("%d columns, want %d", n, len(r.schema.Fields))
	}
	for i := range r.schema.Fields {
		var cell string
		cell, text, _ = strings.Cut(text, r.sep)
		v, err := r.cell(&r.schema.Fields[i], cell)
		if err != nil {
			return false, fmt.Errorf("%s: %w", r.schema.Fields[i].Name, err)
		}
		to.Values[i] = v
	}
	return true, nil
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
	if k == schemas.KindString || k == schemas.KindEnum {
		if s == r.empty {
			return row.Value{Set: true}, nil
		}
		return row.Value{Set: true, Text: tsv.Unescape(s)}, nil
	}
	return row.Parse(k, s)
}
