package readers

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"

	"github.com/wirelog/wirelog/readers/row"
	"github.com/wirelog/wirelog/schemas"
)

// jsonReader reads the rows of Zeek JSON: an object per line or, in scan mode, objects
// laid out in any way. It flattens nested objects into columns with dotted names.
type jsonReader struct {
	objects
	flat flattener
	name string // log of objects that do not name theirs
	logs []*jsonLog
	// log is the log of the current object, seq its number.
	log *jsonLog
	seq int
	// learning means that columns are collected, not values.
	learning bool
	// streaming counts members that only JSON streaming logs have.
	streaming int
	notes     *notes
}

// A jsonLog is one log of a file.
type jsonLog struct {
	name string
	// seen has the columns in the order of their first value, index all by name.
	seen  []*inferred
	index map[string]*inferred
	// lists has the columns of lists of objects by the list's name.
	lists map[string][]*inferred
	row   *row.Row
	// inferred marks the columns of row whose type was guessed.
	inferred []guess
	// nulls means that unset columns are null.
	nulls bool
}

// maxColumns is the number of columns that the logs of a file may have.
const maxColumns = 10000

var (
	errColumns = fmt.Errorf("more than %d columns", maxColumns)
	errECS     = errors.New("it has the names of the Elastic Common Schema, which do not keep all of a log: convert what it was made from")
)

// openJSON reads all objects to learn the logs and columns. It skips wrong objects, which
// are reported when they are read.
func openJSON(l *lines, name string, n *notes) ([]*table, lineFormat, error) {
	r := &jsonReader{name: name, learning: true, notes: n}
	r.flat.leaf = r.learn
	if head, err := l.r.Peek(l.r.Size()); len(head) > 0 {
		r.scan = laidOut(head, err == io.EOF)
	}
	var first error
	for {
		object, err := r.object(l)
		if err == io.EOF {
			break
		}
		if err == nil {
			err = r.take(object)
		}
		if err == errColumns { //nolint:errorlint // it is returned as it is
			return nil, nil, err
		}
		if err != nil && first == nil {
			first = &row.Error{Line: r.line, Err: err}
		}
		if l.failed {
			break
		}
	}
	if len(r.logs) == 0 {
		if first == nil {
			first = ErrEmpty
		}
		return nil, nil, first
	}
	var tables []*table
	for _, log := range r.logs {
		if log.index["ecs.version"] != nil && log.index["event.dataset"] != nil {
			return nil, nil, errECS
		}
		tables = append(tables, log.finish())
	}
	if r.streaming > 0 {
		n.add("members _system_name and _write_ts, which are no columns, left out", r.streaming)
	}
	r.learning, r.seq, r.log = false, 0, nil
	r.flat.leaf = r.value
	return tables, r, nil
}

func (r *jsonReader) at(*lines) int { return r.line }

// next returns the row of the next object.
func (r *jsonReader) next(l *lines) (*row.Row, error) {
	object, err := r.object(l)
	if err == nil {
		err = r.take(object)
	}
	if err != nil {
		return nil, err
	}
	return r.log.row, nil
}

// take takes an object.
func (r *jsonReader) take(object []byte) error {
	if !json.Valid(object) {
		return malformed(object)
	}
	r.seq++
	name, inner := logOf(object)
	if name == "" {
		name = r.name
	}
	if name == "" {
		return errLog
	}
	if r.log == nil || r.log.name != name {
		r.log = nil
		for _, log := range r.logs {
			if log.name == name {
				r.log = log
			}
		}
	}
	switch {
	case r.log == nil && len(r.logs) == maxLogs:
		return fmt.Errorf("more than %d logs", maxLogs)
	case r.log == nil:
		r.log = &jsonLog{name: name, index: make(map[string]*inferred), lists: make(map[string][]*inferred)}
		r.logs = append(r.logs, r.log)
	case !r.learning:
		clear(r.log.row.Values)
	}
	return r.flat.object(inner, -1, -1)
}

// logOf returns the log that an object names, or "", and the object with the columns:
// the member _path of JSON streaming logs, or an object around it, as in {"conn": {...}}.
func logOf(object []byte) (name string, inner []byte) {
	n := 0
	_ = members(object, func(key, value []byte) error {
		if n++; n == 1 && value[0] == '{' {
			if log := text(key); schemas.Lookup(log) != nil || hasTime(value) {
				name, inner = log, value
			}
		}
		if string(key) == `"_path"` && value[0] == '"' {
			name, inner = text(value), nil
		}
		return nil
	})
	if inner == nil || n > 1 {
		if inner != nil {
			name = ""
		}
		return name, object
	}
	return name, inner
}

// hasTime reports whether an object has a member ts.
func hasTime(object []byte) (found bool) {
	_ = members(object, func(key, _ []byte) error {
		found = found || string(key) == `"ts"`
		return nil
	})
	return found
}

// streaming reports whether a member is one that Zeek's JSON streaming logs add before
// the columns.
func streaming(name []byte) bool {
	return string(name) == "_path" || string(name) == "_system_name" || string(name) == "_write_ts"
}

// learn takes a value's type.
func (r *jsonReader) learn(name, raw []byte, i, n int) error {
	if streaming(name) {
		if string(name) != "_path" {
			r.streaming++
		}
		return nil
	}
	log := r.log
	c := log.index[string(name)]
	if c == nil {
		if len(log.seen) == maxColumns {
			return errColumns
		}
		c = &inferred{name: string(name)}
		log.index[c.name], log.seen = c, append(log.seen, c)
	}
	if n < 0 {
		c.add(raw)
		return nil
	}
	if c.objects == 0 {
		list := string(r.flat.list)
		log.lists[list] = append(log.lists[list], c)
	}
	c.objects++
	c.scalar(raw)
	return nil
}

// finish makes the table: the columns of this build's log of that name, then others.
func (log *jsonLog) finish() *table {
	t := newTable(log.name)
	known := schemas.Lookup(log.name)
	for _, c := range log.seen {
		if name := row.Dotted(known, c.name); log.index[name] == nil {
			// The name in the file stays a key of index.
			c.name = name
			log.index[name] = c
		}
	}
	if known != nil {
		t.schema.Doc = known.Doc
		for _, f := range known.Fields {
			c := log.index[f.Name]
			switch {
			case c == nil && f.Optional():
				continue
			case c == nil:
				c = &inferred{name: f.Name}
				log.index[f.Name] = c
			}
			f.Group, f.Unsettable = 0, true
			if f.Container == schemas.Scalar && (c.objects > 0 || c.arrays > 0 && c.scalars == 0) {
				f.Container = schemas.VectorOf
			}
			c.at = t.add(f)
			c.placed = true
			log.inferred = append(log.inferred, declared)
		}
	}
	for _, c := range log.seen {
		if !c.placed {
			f, g := c.field()
			if g == unknown && log.lists[c.name] != nil {
				continue // the columns of the objects stand for it
			}
			c.at = t.add(f)
			c.placed = true
			log.inferred = append(log.inferred, g)
		}
	}
	for _, c := range log.index {
		if c.nulls > 0 && c.placed && t.schema.Fields[c.at].Kind != schemas.KindDouble {
			log.nulls = true
		}
	}
	t.guesses, log.row = log.inferred, t.row()
	return t
}

// value sets the value of a column.
func (r *jsonReader) value(name, raw []byte, i, n int) error {
	log := r.log
	c := log.index[string(name)]
	if c == nil {
		return nil // of the streaming form
	}
	if n < 0 {
		if string(raw) == "[]" || len(raw) > 2 && raw[0] == '[' && isEmpty(raw) {
			for _, c := range log.lists[string(name)] {
				if c.seq != r.seq {
					log.row.Values[c.at] = row.Value{Set: true}
				}
			}
		}
		if c.seq == r.seq {
			return fmt.Errorf("%s: the object has two of that name", c.name)
		}
		c.seq = r.seq
		if !c.placed {
			return nil
		}
		f, v := &log.row.Schema().Fields[c.at], &log.row.Values[c.at]
		var err error
		if *v, err = r.whole(f, raw); err != nil {
			return fmt.Errorf("%s: %w", c.name, err)
		}
		return nil
	}
	f, v := &log.row.Schema().Fields[c.at], &log.row.Values[c.at]
	if f.Container == schemas.Scalar {
		return fmt.Errorf("%s: a list of objects here, and one value elsewhere", c.name)
	}
	if c.seq != r.seq {
		c.seq = r.seq
		*v = row.Value{Set: true, List: make([]row.Value, n)}
	}
	if i >= len(v.List) || v.List[i].Set {
		return fmt.Errorf("%s: the object has two of that name", c.name)
	}
	var err error
	if v.List[i], err = r.scalar(f.Kind, raw, false); err != nil {
		return fmt.Errorf("%s: %w", c.name, err)
	}
	return nil
}

// isEmpty reports whether an array has no elements.
func isEmpty(array []byte) bool { return len(bytes.TrimSpace(array[1:len(array)-1])) == 0 }

// whole parses a value that is not part of a list of objects.
func (r *jsonReader) whole(f *schemas.Field, raw []byte) (v row.Value, err error) {
	if f.Container == schemas.Scalar {
		return r.scalar(f.Kind, raw, false)
	}
	if raw[0] == 'n' {
		return v, nil
	}
	if raw[0] != '[' {
		return v, fmt.Errorf("%s is not an array", short(raw))
	}
	v.Set = true
	err = elements(raw, func(e []byte) error {
		one, err := r.scalar(f.Kind, e, true)
		v.List = append(v.List, one)
		return err
	})
	return v, err
}

func short(raw []byte) string {
	if len(raw) > 100 {
		return string(raw[:100]) + "..."
	}
	return string(raw)
}

// scalar parses one value. In an array, null is an unset element, or far less often not a
// number. Elsewhere Zeek writes it for what is not a number, and leaves unset columns out;
// programs that write unset columns as null do so in columns of other types too.
func (r *jsonReader) scalar(k schemas.Kind, raw []byte, element bool) (v row.Value, err error) {
	if raw[0] == 'n' {
		if !element && k == schemas.KindDouble && !r.log.nulls {
			return row.Value{Set: true, Double: math.NaN()}, nil
		}
		return v, nil
	}
	s := text(raw)
	switch {
	case k == schemas.KindString || k == schemas.KindEnum:
		return row.Value{Set: true, Text: row.Unescape(s)}, nil
	case raw[0] == '{' || raw[0] == '[':
		return v, row.Wrong(k, s)
	case k == schemas.KindTime && row.Zoneless(s):
		r.notes.add(noteZone, 1)
	}
	return row.Parse(k, s)
}

// inferred is what the values of a column suggest about its type.
type inferred struct {
	name                                        string
	bools, counts, ints, doubles, texts, others int
	arrays, scalars, objects, nulls             int
	// unlike counts values that cannot be what the name suggests.
	unlike int
	// at is the index of the column, once it is placed.
	at     int
	placed bool
	// seq is the number of the object that set it last.
	seq int
}

func (c *inferred) add(raw []byte) {
	if raw[0] != '[' {
		if raw[0] == 'n' {
			c.nulls++
			return
		}
		c.scalars++
		c.scalar(raw)
		return
	}
	c.arrays++
	_ = elements(raw, func(e []byte) error {
		c.scalar(e)
		return nil
	})
}

func (c *inferred) scalar(raw []byte) {
	switch raw[0] {
	case 'n':
		return
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
	if c.unlike == 0 {
		if k := row.GuessKind(c.name, 0); k != 0 {
			if _, err := row.Parse(k, text(raw)); err != nil {
				c.unlike++
			}
		}
	}
}

// field returns the column and how sure its type is. If its values have several types,
// they are kept as text.
func (c *inferred) field() (schemas.Field, guess) {
	f := schemas.Field{Name: c.name, Kind: schemas.KindString, Unsettable: true}
	if c.objects > 0 || c.arrays > 0 && c.scalars == 0 {
		f.Container = schemas.VectorOf
	}
	numbers := c.counts + c.ints + c.doubles
	switch {
	case c.others > 0, c.arrays > 0 && c.scalars > 0:
		// Text, with arrays and objects as in the file.
		if c.objects == 0 {
			f.Container = schemas.Scalar
		}
		return f, guessed
	case c.bools+numbers+c.texts == 0:
		return f, unknown
	case f.Container == schemas.Scalar && c.unlike == 0 && row.GuessKind(c.name, 0) != 0:
		f.Kind = row.GuessKind(c.name, 0)
	case c.texts > 0 && c.bools+numbers > 0, c.bools > 0 && numbers > 0:
	case c.bools > 0:
		f.Kind = schemas.KindBool
	case c.doubles > 0:
		f.Kind = schemas.KindDouble
	case c.ints > 0:
		f.Kind = schemas.KindInt
	case c.counts > 0:
		f.Kind = schemas.KindCount
	}
	return f, guessed
}
