package readers

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"

	"github.com/wirelog/wirelog/readers/row"
	"github.com/wirelog/wirelog/schemas"
)

// jsonReader reads the rows of Zeek JSON.
type jsonReader struct {
	schema  *schemas.Schema
	columns map[string]int // by name
	members []member
}

// A member is a member of an object: its name and its value as text.
type member struct {
	name  string
	value json.RawMessage
}

// readObject appends the members of the object on a line.
func readObject(to []member, line []byte) ([]member, error) {
	d := json.NewDecoder(bytes.NewReader(line))
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return to, errors.New("no JSON object")
	}
	for d.More() {
		t, err := d.Token()
		if err != nil {
			return to, malformed(err)
		}
		m := member{name: t.(string)}
		if err := d.Decode(&m.value); err != nil {
			return to, malformed(err)
		}
		to = append(to, m)
	}
	if _, err := d.Token(); err != nil {
		return to, malformed(err)
	}
	if _, err := d.Token(); err != io.EOF {
		return to, errors.New("more than one JSON object in the line")
	}
	return to, nil
}

func malformed(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return errors.New("the JSON object has no end")
	}
	return fmt.Errorf("malformed JSON: %w", err)
}

// streaming reports whether a member is one that Zeek's JSON streaming logs add before
// the columns.
func streaming(name string) bool {
	return name == "_path" || name == "_system_name" || name == "_write_ts"
}

var errECS = errors.New("it has the names of the Elastic Common Schema, which do not keep all of a log: convert what it was made from")

// openJSON reads all rows to learn the columns. It skips wrong rows, which are reported
// when they are read.
func openJSON(l *lines, name string) (*schemas.Schema, lineFormat, error) {
	var seen []*inferred
	index := make(map[string]*inferred)
	var members []member
	var first error
	path := ""
	for {
		line, err := l.next()
		if err == io.EOF {
			break
		}
		if errors.Is(err, errLong) {
			continue
		}
		if err != nil {
			return nil, nil, &row.Error{Line: l.number, Err: err}
		}
		if members, err = readObject(members[:0], line); err != nil {
			if first == nil {
				first = &row.Error{Line: l.number, Err: err}
			}
			continue
		}
		for _, m := range members {
			if m.name == "_path" {
				p := strings.Trim(string(m.value), `"`)
				if path != "" && p != path {
					return nil, nil, &row.Error{Line: l.number, Err: fmt.Errorf("rows of %s and %s in one file", path, p)}
				}
				path = p
			}
			if streaming(m.name) {
				continue
			}
			c := index[m.name]
			if c == nil {
				c = &inferred{name: m.name}
				index[m.name], seen = c, append(seen, c)
			}
			c.add(m.value)
		}
	}
	if first != nil && len(seen) == 0 {
		return nil, nil, first
	}
	if index["ecs.version"] != nil && index["event.dataset"] != nil {
		return nil, nil, errECS
	}
	if path != "" {
		name = path
	}
	r := &jsonReader{schema: &schemas.Schema{Name: name}, columns: make(map[string]int)}
	if known := schemas.Lookup(name); known != nil {
		r.schema.Doc = known.Doc
		for _, f := range known.Fields {
			if f.Optional() && index[f.Name] == nil {
				continue
			}
			f.Group, f.Unsettable = 0, true
			r.add(f)
		}
	}
	for _, c := range seen {
		if _, ok := r.columns[c.name]; !ok {
			r.add(c.field())
		}
	}
	return r.schema, r, nil
}

func (r *jsonReader) add(f schemas.Field) {
	r.columns[f.Name] = len(r.schema.Fields)
	r.schema.Fields = append(r.schema.Fields, f)
}

func (r *jsonReader) read(line []byte, to *row.Row) (bool, error) {
	if len(bytes.TrimSpace(line)) == 0 {
		return false, nil
	}
	var err error
	if r.members, err = readObject(r.members[:0], line); err != nil {
		return false, err
	}
	clear(to.Values)
	for _, m := range r.members {
		i, ok := r.columns[m.name]
		if !ok {
			continue
		}
		if to.Values[i], err = jsonValue(&r.schema.Fields[i], m.value); err != nil {
			return false, fmt.Errorf("%s: %w", m.name, err)
		}
	}
	return true, nil
}

func jsonValue(f *schemas.Field, raw json.RawMessage) (v row.Value, err error) {
	if f.Container == schemas.Scalar {
		return jsonScalar(f.Kind, raw)
	}
	if string(raw) == "null" {
		return v, nil
	}
	var elements []json.RawMessage
	if err := json.Unmarshal(raw, &elements); err != nil {
		return v, fmt.Errorf("%s is not an array", short(raw))
	}
	v.Set = true
	v.List = make([]row.Value, len(elements))
	for i, e := range elements {
		if string(e) == "null" {
			continue // unset, or far less often not a number
		}
		if v.List[i], err = jsonScalar(f.Kind, e); err != nil {
			return v, err
		}
	}
	return v, nil
}

func short(raw json.RawMessage) string {
	if len(raw) > 100 {
		return string(raw[:100]) + "..."
	}
	return string(raw)
}

func jsonScalar(k schemas.Kind, raw json.RawMessage) (v row.Value, err error) {
	v.Set = true
	s := string(raw)
	if raw[0] == '"' {
		if err := json.Unmarshal(raw, &s); err != nil {
			return v, malformed(err)
		}
	}
	switch {
	case s == "null" && raw[0] == 'n':
		if k == schemas.KindDouble || k == schemas.KindInterval { // unset columns are left out
			v.Double = math.NaN()
			return v, nil
		}
		return row.Value{}, nil
	case k == schemas.KindString || k == schemas.KindEnum:
		v.Text = row.Unescape(s)
		return v, nil
	case k == schemas.KindBool:
		if s != "true" && s != "false" {
			return v, row.Wrong(k, s)
		}
		if s == "true" {
			v.Number = 1
		}
		return v, nil
	case k == schemas.KindTime:
		t, err := row.ParseTime(s)
		v.Number = uint64(t)
		return v, err
	}
	return row.Parse(k, s)
}

// inferred is what the values of an unknown column suggest about its type.
type inferred struct {
	name                                        string
	bools, counts, ints, doubles, texts, others int
	arrays, scalars                             int
}

func (c *inferred) add(raw json.RawMessage) {
	if raw[0] != '[' {
		if string(raw) != "null" {
			c.scalars++
			c.scalar(raw)
		}
		return
	}
	c.arrays++
	var elements []json.RawMessage
	if json.Unmarshal(raw, &elements) != nil {
		c.others++
	}
	for _, e := range elements {
		c.scalar(e)
	}
}

func (c *inferred) scalar(raw json.RawMessage) {
	switch raw[0] {
	case 'n':
	case 't', 'f':
		c.bools++
	case '"':
		c.texts++
	case '{', '[':
		c.others++
	default:
		if _, err := strconv.ParseUint(string(raw), 10, 64); err == nil {
			c.counts++
		} else if _, err := strconv.ParseInt(string(raw), 10, 64); err == nil {
			c.ints++
		} else {
			c.doubles++
		}
	}
}

// field returns the column. If its values have several types, they are kept as text.
func (c *inferred) field() schemas.Field {
	f := schemas.Field{Name: c.name, Kind: schemas.KindString, Unsettable: true}
	if c.arrays > 0 && c.scalars == 0 {
		f.Container = schemas.VectorOf
	}
	numbers := c.counts + c.ints + c.doubles
	mixed := c.arrays > 0 && c.scalars > 0 || c.others > 0
	switch {
	case mixed:
	case c.name == "ts" && f.Container == schemas.Scalar:
		f.Kind = schemas.KindTime
	case c.texts > 0 && c.bools+numbers > 0, c.bools > 0 && numbers > 0:
		return f
	case c.bools > 0:
		f.Kind = schemas.KindBool
	case c.doubles > 0:
		f.Kind = schemas.KindDouble
	case c.ints > 0:
		f.Kind = schemas.KindInt
	case c.counts > 0:
		f.Kind = schemas.KindCount
	}
	switch {
	case mixed:
		f.Container = schemas.Scalar
	case f.Container == schemas.Scalar && (numbers > 0 || c.texts > 0):
		f.Kind = row.GuessKind(c.name, f.Kind)
	}
	return f
}
