// Package diff compares the logs of two folders row by row, in any formats.
package diff

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/wirelog/wirelog/schemas"
)

// Options configure a comparison.
type Options struct {
	// Logs are the logs to compare, as schemas.Wanted has it. If empty, all are, except those in which Zeek
	// reports on itself.
	Logs []string
	// Ignore lists columns that are not compared: "history" in all logs, or
	// "conn:history" in one.
	Ignore []string
	// Show is the number of differences of a log to put into Log.Shown.
	Show int
	// Report takes errors of reading. It may be nil.
	Report func(error)
}

// Log is the result of comparing one log.
type Log struct {
	Name string
	// A and B are the numbers of rows, Equal the number of rows that both have.
	A, B, Equal int
	// Wrong rows are on both sides but differ in columns, which Fields counts by name.
	// OnlyA and OnlyB rows have no partner.
	Wrong, OnlyA, OnlyB int
	Fields              map[string]int
	// ColumnsA and ColumnsB are columns that only one side has. The other side counts as
	// unset.
	ColumnsA, ColumnsB []string
	// Shown describes the first differences.
	Shown []string
}

// Same reports whether both sides have the same rows.
func (l *Log) Same() bool { return l.Equal == l.A && l.Equal == l.B }

// Compare compares the logs of two folders or files. Identifiers of connections and files
// are compared by what they stand for, and sets regardless of order. It needs some 100 MB
// of memory for logs of any size, and temporary files for several times their size as
// text.
func Compare(a, b string, opts Options) (result []*Log, err error) {
	if opts.Report == nil {
		opts.Report = func(error) {}
	}
	wanted, err := schemas.Wanted(opts.Logs)
	if err != nil {
		return nil, err
	}
	chosen := func(name string) bool {
		if len(opts.Logs) == 0 {
			return !slices.Contains(aboutItself, name)
		}
		return wanted(name)
	}
	tmp := new(temp)
	defer func() {
		if closeErr := tmp.close(); err == nil && closeErr != nil {
			result, err = nil, closeErr
		}
	}()
	sides := [2]canonical{}
	// JSON does not distinguish sets from vectors.
	sets := make(map[string]map[string]bool)
	for i, path := range []string{a, b} {
		s := &side{temp: tmp, tables: make(map[string]*table), report: opts.Report}
		if err := s.load(path, chosen); err != nil {
			return nil, err
		}
		sides[i] = canonical{side: s, sets: sets}
		for name, t := range s.tables {
			if sets[name] == nil {
				sets[name] = make(map[string]bool)
			}
			maps.Copy(sets[name], t.sets)
		}
	}
	for i := range sides {
		sides[i].names = sides[i].side.replacements()
	}
	for _, name := range slices.Sorted(maps.Keys(sets)) {
		if !chosen(name) {
			for i := range sides {
				sides[i].each(name, func(int, cells) {})
			}
			continue
		}
		result = append(result, compare(name, &sides, tmp, &opts))
		if tmp.err != nil {
			return nil, tmp.err
		}
	}
	return result, nil
}

// A comparison compares one log.
type comparison struct {
	*Log
	temp    *temp
	columns []string
	show    int
	scratch []byte
}

func compare(name string, sides *[2]canonical, tmp *temp, opts *Options) *Log {
	c := comparison{Log: &Log{Name: name, Fields: make(map[string]int)}, temp: tmp, show: opts.Show}
	ignored := func(column string) bool {
		return slices.Contains(opts.Ignore, column) || slices.Contains(opts.Ignore, name+":"+column)
	}
	var tables [2]*table
	for i := range sides {
		tables[i] = cmp.Or(sides[i].side.tables[name], &table{})
	}
	c.A, c.B = tables[0].rows.n, tables[1].rows.n
	for _, column := range tables[0].columns {
		if _, ok := tables[1].index[column]; !ok && c.B > 0 {
			c.ColumnsA = append(c.ColumnsA, column)
		}
		if !ignored(column) {
			c.columns = append(c.columns, column)
		}
	}
	for _, column := range tables[1].columns {
		if _, ok := tables[0].index[column]; ok {
			continue
		}
		if c.A > 0 {
			c.ColumnsB = append(c.ColumnsB, column)
		}
		if !ignored(column) {
			c.columns = append(c.columns, column)
		}
	}
	var rows [2]*sorter // row: number
	for i := range sides {
		rows[i] = tmp.sorter()
		var key, data []byte
		projected := make(cells, len(c.columns))
		sides[i].each(name, func(n int, row cells) {
			for j, column := range c.columns {
				projected[j] = tables[i].get(row, column)
			}
			key = projected.appendTo(key[:0])
			data = binary.BigEndian.AppendUint64(data[:0], uint64(n))
			rows[i].add(key, data)
		})
	}
	c.run(rows[0].sorted(), rows[1].sorted())
	return c.Log
}

// Partners agree on connection and time, or else on one of the two.
var partners = [][]string{
	{"uid", "fuid", "id.orig_h", "id.orig_p", "id.resp_h", "id.resp_p", "ts"},
	{"uid", "fuid", "id.orig_h", "id.orig_p", "id.resp_h", "id.resp_p"},
	{"ts"},
}

// A rest is the rows of a side that have no partner yet, by the columns in which partners
// agree and their number.
type rest struct {
	*sorter
	at []int // the columns
}

// rest makes a rest for the partners of that index.
func (c *comparison) rest(by int) *rest {
	r := &rest{sorter: c.temp.sorter()}
	for i, column := range c.columns {
		if by < len(partners) && slices.Contains(partners[by], column) {
			r.at = append(r.at, i)
		}
	}
	return r
}

// add adds an encoded row and its number.
func (c *comparison) add(r *rest, row cells, encoded, number []byte) {
	c.scratch = c.scratch[:0]
	for _, i := range r.at {
		c.scratch = append(append(c.scratch, row[i]...), 0x1f)
	}
	c.scratch = append(append(c.scratch, 0), number...)
	r.add(c.scratch, encoded)
}

// group returns the part of a key of a rest that partners have in common.
func group(key []byte) []byte { return key[:max(0, len(key)-8)] }

func (c *comparison) run(a, b *cursor) {
	left, right := c.rest(0), c.rest(0)
	var row cells
	for a.ok || b.ok {
		d := 0
		switch {
		case !b.ok:
			d = -1
		case !a.ok:
			d = 1
		default:
			d = bytes.Compare(a.key, b.key)
		}
		switch {
		case d == 0:
			c.Equal++
			a.next()
			b.next()
		case d < 0:
			row = decode(a.key, row)
			c.add(left, row, a.key, a.data)
			a.next()
		default:
			row = decode(b.key, row)
			c.add(right, row, b.key, b.data)
			b.next()
		}
	}
	for by := range partners {
		left, right = c.pair(left, right, by)
	}
	c.OnlyA = c.only("only in A", left)
	c.OnlyB = c.only("only in B", right)
}

// maxPartners is how many candidates are considered for one row.
const maxPartners = 64

// A spare is a row that waits for its partner.
type spare struct {
	number, encoded []byte
	row             cells
}

// pair finds partners that agree on the columns, and returns the rows without one.
func (c *comparison) pair(left, right *rest, by int) (noPartner, others *rest) {
	noPartner, others = c.rest(by+1), c.rest(by+1)
	first := shown{most: c.show - len(c.Shown)}
	a, b := left.sorted(), right.sorted()
	if len(left.at) == 0 {
		var row cells
		for _, side := range []struct {
			from *cursor
			to   *rest
		}{{a, noPartner}, {b, others}} {
			for at := side.from; at.ok; at.next() {
				row = decode(at.data, row)
				c.add(side.to, row, at.data, at.key[len(at.key)-8:])
			}
		}
		return noPartner, others
	}
	var row cells
	var key []byte
	var window []spare
	for a.ok {
		// The candidates are the first rows of the group that have no partner.
		if !bytes.Equal(key, group(a.key)) {
			key = append(key[:0], group(a.key)...)
			c.give(others, window)
			window = window[:0]
			for ; b.ok && bytes.Compare(group(b.key), key) < 0; b.next() {
				row = decode(b.data, row)
				c.add(others, row, b.data, b.key[len(b.key)-8:])
			}
		}
		for ; len(window) < maxPartners && b.ok && bytes.Equal(group(b.key), key); b.next() {
			s := spare{number: bytes.Clone(b.key[len(b.key)-8:]), encoded: bytes.Clone(b.data)}
			s.row = decode(s.encoded, nil)
			window = append(window, s)
		}
		row = decode(a.data, row)
		best, score := -1, -1
		for i := range window {
			same := 0
			for k := range row {
				if bytes.Equal(row[k], window[i].row[k]) {
					same++
				}
			}
			if same > score {
				best, score = i, same
			}
		}
		number := a.key[len(a.key)-8:]
		if best < 0 {
			c.add(noPartner, row, a.data, number)
		} else {
			c.wrong(row, window[best].row, &first, number)
			window = slices.Delete(window, best, best+1)
		}
		a.next()
	}
	c.give(others, window)
	for ; b.ok; b.next() {
		row = decode(b.data, row)
		c.add(others, row, b.data, b.key[len(b.key)-8:])
	}
	c.Shown = append(c.Shown, first.texts...)
	return noPartner, others
}

func (c *comparison) give(to *rest, rows []spare) {
	for i := range rows {
		c.add(to, rows[i].row, rows[i].encoded, rows[i].number)
	}
}

// shown keeps the texts with the lowest numbers.
type shown struct {
	most    int
	numbers [][]byte
	texts   []string
}

// wants reports whether there is room for a text with that number.
func (s *shown) wants(number []byte) bool {
	return len(s.texts) < s.most || s.most > 0 && bytes.Compare(number, s.numbers[len(s.numbers)-1]) < 0
}

// add adds a text that is wanted.
func (s *shown) add(number []byte, text string) {
	i, _ := slices.BinarySearchFunc(s.numbers, number, bytes.Compare)
	s.numbers = slices.Insert(s.numbers, i, bytes.Clone(number))
	s.texts = slices.Insert(s.texts, i, text)
	if len(s.texts) > s.most {
		s.numbers, s.texts = s.numbers[:s.most], s.texts[:s.most]
	}
}

func (c *comparison) wrong(a, b cells, to *shown, number []byte) {
	c.Wrong++
	wanted := to.wants(number)
	var parts []string
	for i, column := range c.columns {
		if !bytes.Equal(a[i], b[i]) {
			c.Fields[column]++
			if wanted {
				parts = append(parts, fmt.Sprintf("%s: A %q, B %q", column, a[i], b[i]))
			}
		}
	}
	if wanted {
		to.add(number, c.who(a)+strings.Join(parts, "; "))
	}
}

// who identifies a row by its time and connection.
func (c *comparison) who(row cells) string {
	var b strings.Builder
	for i, column := range c.columns {
		if (column == "ts" || column == "uid") && string(row[i]) != unset {
			fmt.Fprintf(&b, "%s ", row[i])
		}
	}
	return b.String()
}

// only counts the rows of a rest and shows the first ones.
func (c *comparison) only(what string, r *rest) (n int) {
	first := shown{most: c.show - len(c.Shown)}
	var row cells
	for at := r.sorted(); at.ok; at.next() {
		n++
		number := at.key[len(at.key)-8:]
		if !first.wants(number) {
			continue
		}
		row = decode(at.data, row)
		var parts []string
		for i, column := range c.columns {
			if string(row[i]) != unset {
				parts = append(parts, fmt.Sprintf("%s=%q", column, row[i]))
			}
		}
		first.add(number, what+": "+strings.Join(parts, " "))
	}
	c.Shown = append(c.Shown, first.texts...)
	return n
}
