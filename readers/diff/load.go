package diff

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"math"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/wirelog/wirelog/readers"
	"github.com/wirelog/wirelog/readers/row"
	"github.com/wirelog/wirelog/schemas"
	"github.com/wirelog/wirelog/value"
)

// Placeholders in rows.
const (
	unset = "-"
	empty = "(empty)"
)

// aboutItself lists the logs in which Zeek reports on itself rather than on traffic.
var aboutItself = []string{
	"broker", "capture_loss", "cluster", "config", "loaded_scripts", "packet_filter", "print", "prof", "reporter", "stats", "telemetry",
}

// A cells is a row as text that does not depend on the format, by column. It may have
// fewer cells than the table has columns.
type cells [][]byte

// appendTo appends the encoded row.
func (c cells) appendTo(dst []byte) []byte {
	dst = binary.AppendUvarint(dst, uint64(len(c)))
	for _, cell := range c {
		dst = append(binary.AppendUvarint(dst, uint64(len(cell))), cell...)
	}
	return dst
}

// decode decodes a row into to. The cells are views of b.
func decode(b []byte, to cells) cells {
	n, used := binary.Uvarint(b)
	b, to = b[used:], to[:0]
	for range n {
		size, used := binary.Uvarint(b)
		b = b[used:]
		to = append(to, b[:size:size])
		b = b[size:]
	}
	return to
}

// A table is one log of one side.
type table struct {
	columns []string
	index   map[string]int
	// sets marks the columns that are sets in some file.
	sets map[string]bool
	rows spool
}

// get returns the value of a column, which the table may lack.
func (t *table) get(row cells, column string) []byte {
	if i, ok := t.index[column]; ok && i < len(row) {
		return row[i]
	}
	return []byte(unset)
}

// A side is the logs of one side of a comparison.
type side struct {
	temp   *temp
	tables map[string]*table
	report func(error)
	sink   sink
	row    cells
	buf    []byte
}

// load reads the logs of a folder, or of one file, and reports what cannot be read.
func (s *side) load(path string, wanted func(log string) bool) error {
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	files := []string{path}
	if info.IsDir() {
		files = nil
		err := filepath.WalkDir(path, func(file string, d fs.DirEntry, err error) error {
			switch {
			case err != nil:
				return err
			case d.IsDir() && d.Name()[0] == '.' && file != path:
				return fs.SkipDir // what is not finished
			case !d.IsDir() && readers.IsLog(file):
				files = append(files, file)
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	for _, file := range files {
		f, err := readers.Open(file, "")
		if errors.Is(err, readers.ErrEmpty) {
			continue
		}
		if err == nil {
			err = s.add(f, wanted)
		}
		if err != nil {
			s.report(err)
		}
	}
	if len(s.tables) == 0 {
		return fmt.Errorf("%s: there is no log", path)
	}
	return s.temp.err
}

// needed reports whether the log is needed to resolve identifiers.
func needed(name string) bool { return name == "conn" || name == "files" }

// add appends the rows of a file.
func (s *side) add(f *readers.File, wanted func(log string) bool) (err error) {
	defer func() { err = errors.Join(err, f.Close()) }()
	type place struct {
		table *table
		at    []int
	}
	places := make(map[*schemas.Schema]*place)
	for _, log := range f.Logs() {
		name := log.Name
		if !wanted(name) && !needed(name) {
			continue
		}
		t := s.tables[name]
		if t == nil {
			t = &table{index: make(map[string]int), sets: make(map[string]bool), rows: spool{temp: s.temp}}
			s.tables[name] = t
		}
		p := &place{table: t}
		for i := range log.Fields {
			field := &log.Fields[i]
			at, ok := t.index[field.Name]
			if !ok {
				at = len(t.columns)
				t.index[field.Name], t.columns = at, append(t.columns, field.Name)
			}
			p.at = append(p.at, at)
			if field.Container == schemas.SetOf {
				t.sets[field.Name] = true
			}
		}
		places[log] = p
	}
	if len(places) == 0 {
		return nil
	}
	for s.temp.err == nil {
		rec, err := f.Next()
		var rowErr *row.Error
		switch {
		case err == io.EOF:
			return nil
		case errors.As(err, &rowErr):
			s.report(err)
			continue
		case err != nil:
			return err
		}
		p := places[rec.Schema()]
		if p == nil {
			continue
		}
		s.sink.reset()
		rec.Encode(&s.sink)
		s.row = s.row[:0]
		for range p.table.columns {
			s.row = append(s.row, []byte(unset))
		}
		start := 0
		for i, end := range s.sink.ends {
			s.row[p.at[i]] = s.sink.buf[start:end]
			start = end
		}
		s.buf = s.row.appendTo(s.buf[:0])
		p.table.rows.add(s.buf)
	}
	return s.temp.err
}

// names returns the names of the logs in order.
func (s *side) names() []string { return slices.Sorted(maps.Keys(s.tables)) }

// sink converts values to text. Numbers get six decimals, as TSV has no more.
type sink struct {
	buf    []byte
	ends   []int // of the cells in buf
	nested bool
	any    bool // whether the list has an element
}

func (s *sink) reset() { s.buf, s.ends, s.nested = s.buf[:0], s.ends[:0], false }

// before begins a value.
func (s *sink) before() {
	if s.nested {
		if s.any {
			s.buf = append(s.buf, ',')
		}
		s.any = true
	}
}

// after ends a value.
func (s *sink) after() {
	if !s.nested {
		s.ends = append(s.ends, len(s.buf))
	}
}

func (s *sink) put(text string) {
	s.before()
	s.buf = append(s.buf, text...)
	s.after()
}

func (s *sink) Groups() schemas.Groups { return 0 }
func (s *sink) Unset()                 { s.put(unset) }
func (s *sink) Bool(v bool)            { s.put(strconv.FormatBool(v)) }
func (s *sink) Interval(v float64)     { s.Double(v) }
func (s *sink) Enum(v string)          { s.String(v) }
func (s *sink) Subnet(v netip.Prefix)  { s.put(v.String()) }
func (s *sink) Port(v uint16)          { s.Count(uint64(v)) }

func (s *sink) Count(v uint64) {
	s.before()
	s.buf = strconv.AppendUint(s.buf, v, 10)
	s.after()
}

func (s *sink) Int(v int64) {
	s.before()
	s.buf = strconv.AppendInt(s.buf, v, 10)
	s.after()
}

func (s *sink) Double(v float64) {
	s.before()
	s.buf = strconv.AppendFloat(s.buf, v, 'f', 6, 64)
	s.after()
}

func (s *sink) Time(v value.Time) { s.Double(v.Seconds()) }

func (s *sink) Addr(v netip.Addr) {
	s.before()
	s.buf = v.AppendTo(s.buf)
	s.after()
}

func (s *sink) String(v string) {
	switch v {
	case "":
		v = empty
	case unset, empty:
		v = strconv.Quote(v)
	}
	// Zeek's JSON does not distinguish a byte from its escape.
	v = row.Unescape(v)
	if s.nested {
		v = strings.ReplaceAll(v, ",", `\x2c`)
	}
	s.put(v)
}

func (s *sink) Begin(schemas.Container, int) { s.nested, s.any = true, false }

func (s *sink) End() {
	if !s.any {
		s.buf = append(s.buf, empty...)
	}
	s.nested = false
	s.after()
}

// sortable returns the text of a number as bytes that sort as numbers do.
func sortable(dst, text []byte) []byte {
	v, _ := strconv.ParseFloat(string(text), 64) // 0 for what is no number
	bits := math.Float64bits(v)
	if v < 0 {
		bits = ^bits
	} else {
		bits |= 1 << 63
	}
	return binary.BigEndian.AppendUint64(dst, bits)
}
