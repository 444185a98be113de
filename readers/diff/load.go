package diff

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
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

// A table holds the rows of one log as text that does not depend on the format.
type table struct {
	columns []string
	index   map[string]int
	// sets marks the columns that are sets in some file.
	sets map[string]bool
	rows [][]string
}

// get returns the value of a column, which the table may lack.
func (t *table) get(row []string, column string) string {
	if i, ok := t.index[column]; ok && i < len(row) {
		return row[i]
	}
	return unset
}

// load reads the logs of a folder, or of one file, and reports what cannot be read.
func load(path string, wanted []string, report func(error)) (map[string]*table, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	files := []string{path}
	if info.IsDir() {
		files = nil
		err := filepath.WalkDir(path, func(file string, d fs.DirEntry, err error) error {
			if err == nil && !d.IsDir() && readers.IsLog(file) {
				files = append(files, file)
			}
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	tables := make(map[string]*table)
	for _, file := range files {
		f, err := readers.Open(file, "")
		if errors.Is(err, readers.ErrEmpty) {
			continue
		}
		if err != nil {
			report(err)
			continue
		}
		name := f.Schema.Name
		if len(wanted) > 0 && !slices.Contains(wanted, name) && !needed(name) || len(wanted) == 0 && slices.Contains(aboutItself, name) {
			continue
		}
		if tables[name] == nil {
			tables[name] = &table{index: make(map[string]int), sets: make(map[string]bool)}
		}
		if err := tables[name].add(f, report); err != nil {
			report(err)
		}
	}
	if len(tables) == 0 {
		return nil, fmt.Errorf("%s: there is no log", path)
	}
	return tables, nil
}

// needed reports whether the log is needed to resolve identifiers.
func needed(name string) bool { return name == "conn" || name == "files" }

// add appends the rows of a file.
func (t *table) add(f *readers.File, report func(error)) (err error) {
	defer func() { err = errors.Join(err, f.Close()) }()
	place := make([]int, len(f.Schema.Fields))
	for i := range f.Schema.Fields {
		field := &f.Schema.Fields[i]
		at, ok := t.index[field.Name]
		if !ok {
			at = len(t.columns)
			t.index[field.Name], t.columns = at, append(t.columns, field.Name)
		}
		place[i] = at
		if field.Container == schemas.SetOf {
			t.sets[field.Name] = true
		}
	}
	var s sink
	for {
		rec, err := f.Next()
		var rowErr *row.Error
		switch {
		case err == io.EOF:
			return nil
		case errors.As(err, &rowErr):
			report(err)
			continue
		case err != nil:
			return err
		}
		s.cells = s.cells[:0]
		rec.Encode(&s)
		cells := make([]string, len(t.columns))
		for i := range cells {
			cells[i] = unset
		}
		for i, c := range s.cells {
			cells[place[i]] = c
		}
		t.rows = append(t.rows, cells)
	}
}

// sink converts values to text. Numbers get six decimals, as TSV has no more.
type sink struct {
	cells  []string
	list   []string
	nested bool
}

func (s *sink) put(text string) {
	if s.nested {
		s.list = append(s.list, text)
		return
	}
	s.cells = append(s.cells, text)
}

func (s *sink) Groups() schemas.Groups { return 0 }
func (s *sink) Unset()                 { s.put(unset) }
func (s *sink) Bool(v bool)            { s.put(strconv.FormatBool(v)) }
func (s *sink) Count(v uint64)         { s.put(strconv.FormatUint(v, 10)) }
func (s *sink) Int(v int64)            { s.put(strconv.FormatInt(v, 10)) }
func (s *sink) Double(v float64)       { s.put(strconv.FormatFloat(v, 'f', 6, 64)) }
func (s *sink) Interval(v float64)     { s.Double(v) }
func (s *sink) Time(v value.Time)      { s.Double(v.Seconds()) }
func (s *sink) Enum(v string)          { s.String(v) }
func (s *sink) Addr(v netip.Addr)      { s.put(v.String()) }
func (s *sink) Subnet(v netip.Prefix)  { s.put(v.String()) }
func (s *sink) Port(v uint16)          { s.Count(uint64(v)) }

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

func (s *sink) Begin(schemas.Container, int) {
	s.list, s.nested = s.list[:0], true
}

func (s *sink) End() {
	s.nested = false
	if len(s.list) == 0 {
		s.put(empty)
		return
	}
	s.put(strings.Join(s.list, ","))
}
