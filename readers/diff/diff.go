// Package diff compares the logs of two folders row by row, in any formats.
package diff

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Options configure a comparison.
type Options struct {
	// Logs are the logs to compare. If empty, all are, except those in which Zeek
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

// Compare compares the logs of two folders or files, which it holds in memory.
// Identifiers of connections and files are compared by what they stand for, and sets
// regardless of order.
func Compare(a, b string, opts Options) ([]*Log, error) {
	if opts.Report == nil {
		opts.Report = func(error) {}
	}
	left, err := load(a, opts.Logs, opts.Report)
	if err != nil {
		return nil, err
	}
	right, err := load(b, opts.Logs, opts.Report)
	if err != nil {
		return nil, err
	}
	// JSON does not distinguish sets from vectors.
	sets := make(map[string]map[string]bool)
	for _, tables := range []map[string]*table{left, right} {
		for name, t := range tables {
			if sets[name] == nil {
				sets[name] = make(map[string]bool)
			}
			maps.Copy(sets[name], t.sets)
		}
	}
	canonical(left, sets)
	canonical(right, sets)
	var result []*Log
	for _, name := range slices.Sorted(maps.Keys(sets)) {
		if len(opts.Logs) > 0 && !slices.Contains(opts.Logs, name) {
			continue
		}
		result = append(result, compare(name, cmp.Or(left[name], &table{}), cmp.Or(right[name], &table{}), &opts))
	}
	return result, nil
}

// A comparison compares one log.
type comparison struct {
	*Log
	a, b    *table
	columns []string
	show    int
}

func compare(name string, a, b *table, opts *Options) *Log {
	c := comparison{Log: &Log{Name: name, A: len(a.rows), B: len(b.rows), Fields: make(map[string]int)}, a: a, b: b, show: opts.Show}
	ignored := func(column string) bool {
		return slices.Contains(opts.Ignore, column) || slices.Contains(opts.Ignore, name+":"+column)
	}
	for _, column := range a.columns {
		if _, ok := b.index[column]; !ok && len(b.rows) > 0 {
			c.ColumnsA = append(c.ColumnsA, column)
		}
		if !ignored(column) {
			c.columns = append(c.columns, column)
		}
	}
	for _, column := range b.columns {
		if _, ok := a.index[column]; ok {
			continue
		}
		if len(a.rows) > 0 {
			c.ColumnsB = append(c.ColumnsB, column)
		}
		if !ignored(column) {
			c.columns = append(c.columns, column)
		}
	}
	c.run()
	return c.Log
}

// project returns the values to compare.
func (c *comparison) project(t *table, row []string) []string {
	values := make([]string, len(c.columns))
	for i, column := range c.columns {
		values[i] = t.get(row, column)
	}
	return values
}

func key(values []string) string { return strings.Join(values, "\x1f") }

func (c *comparison) run() {
	there := make(map[string]int)
	for _, row := range c.b.rows {
		there[key(c.project(c.b, row))]++
	}
	var left, right [][]string
	for _, row := range c.a.rows {
		values := c.project(c.a, row)
		if k := key(values); there[k] > 0 {
			there[k]--
			c.Equal++
		} else {
			left = append(left, values)
		}
	}
	for _, row := range c.b.rows {
		values := c.project(c.b, row)
		if k := key(values); there[k] > 0 {
			there[k]--
			right = append(right, values)
		}
	}
	// Partners agree on connection and time, or else on one of the two.
	for _, by := range [][]string{
		{"uid", "fuid", "id.orig_h", "id.orig_p", "id.resp_h", "id.resp_p", "ts"},
		{"uid", "fuid", "id.orig_h", "id.orig_p", "id.resp_h", "id.resp_p"},
		{"ts"},
	} {
		left, right = c.pair(left, right, by)
	}
	c.OnlyA, c.OnlyB = len(left), len(right)
	for _, row := range left {
		c.tell("only in A", row)
	}
	for _, row := range right {
		c.tell("only in B", row)
	}
}

// maxPartners is how many candidates are considered for one row.
const maxPartners = 64

// pair finds partners that agree on the given columns, and returns the rows without one.
func (c *comparison) pair(left, right [][]string, by []string) (noPartner, spare [][]string) {
	var at []int
	for i, column := range c.columns {
		if slices.Contains(by, column) {
			at = append(at, i)
		}
	}
	if len(at) == 0 {
		return left, right
	}
	name := func(row []string) string {
		var parts []string
		for _, i := range at {
			parts = append(parts, row[i])
		}
		return key(parts)
	}
	pool := make(map[string][]int)
	for i, row := range right {
		pool[name(row)] = append(pool[name(row)], i)
	}
	used := make([]bool, len(right))
	for _, row := range left {
		candidates := pool[name(row)]
		best, bestAt, score := -1, 0, -1
		for j, i := range candidates[:min(len(candidates), maxPartners)] {
			same := 0
			for k := range row {
				if row[k] == right[i][k] {
					same++
				}
			}
			if same > score {
				best, bestAt, score = i, j, same
			}
		}
		if best < 0 {
			noPartner = append(noPartner, row)
			continue
		}
		pool[name(row)] = slices.Delete(candidates, bestAt, bestAt+1)
		used[best] = true
		c.wrong(row, right[best])
	}
	for i, row := range right {
		if !used[i] {
			spare = append(spare, row)
		}
	}
	return noPartner, spare
}

func (c *comparison) wrong(a, b []string) {
	c.Wrong++
	var parts []string
	for i, column := range c.columns {
		if a[i] != b[i] {
			c.Fields[column]++
			parts = append(parts, fmt.Sprintf("%s: A %q, B %q", column, a[i], b[i]))
		}
	}
	if len(c.Shown) < c.show {
		c.Shown = append(c.Shown, c.who(a)+strings.Join(parts, "; "))
	}
}

// who identifies a row by its time and connection.
func (c *comparison) who(row []string) string {
	var b strings.Builder
	for i, column := range c.columns {
		if (column == "ts" || column == "uid") && row[i] != unset {
			b.WriteString(row[i] + " ")
		}
	}
	return b.String()
}

func (c *comparison) tell(what string, row []string) {
	if len(c.Shown) >= c.show {
		return
	}
	var parts []string
	for i, column := range c.columns {
		if row[i] != unset {
			parts = append(parts, fmt.Sprintf("%s=%q", column, row[i]))
		}
	}
	c.Shown = append(c.Shown, what+": "+strings.Join(parts, " "))
}
