// Package testlog reads Zeek TSV logs in tests.
package testlog

import (
	"bufio"
	"fmt"
	"io"
	"net/netip"
	"os"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
	"testing"

	"github.com/wirelog/wirelog/schemas"
	"github.com/wirelog/wirelog/value"
	"github.com/wirelog/wirelog/writers/tsv"
)

// Reference returns the folder of the reference results, which is beside the
// checkout, and skips the test if there is none.
func Reference(t testing.TB) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			break
		}
		if dir == filepath.Dir(dir) {
			t.Fatal("not in a module")
		}
		dir = filepath.Dir(dir)
	}
	ref := filepath.Join(filepath.Dir(dir), "shared", "reference")
	if _, err := os.Stat(ref); err != nil {
		t.Skip("the reference results are not beside this checkout: ", err)
	}
	return ref
}

// Log is a TSV log.
type Log struct {
	// Header holds the lines before the first row by key, such as "path" and
	// "open". Close is the time in the footer, empty if there is none.
	Header map[string]string
	Close  string
	Fields []string
	Types  []string
	Rows   []Row
}

// Row is one row by column name, with values as in the file. Unset columns have
// the value "-".
type Row map[string]string

// Get returns the unescaped value of a column, and whether it is set.
func (r Row) Get(name string) (string, bool) {
	v, ok := r[name]
	if !ok || v == tsv.Unset {
		return "", false
	}
	if v == tsv.Empty {
		return "", true
	}
	return tsv.Unescape(v), true
}

// ReadFile reads the log in a file.
func ReadFile(path string) (*Log, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	l, err := Read(f)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return l, nil
}

// Read reads a log. A row with the wrong number of columns is an error.
func Read(r io.Reader) (*Log, error) {
	l := &Log{Header: make(map[string]string)}
	sc := bufio.NewScanner(r)
	sc.Buffer(nil, 64<<20)
	for n := 1; sc.Scan(); n++ {
		line := sc.Text()
		if comment, ok := strings.CutPrefix(line, "#"); ok {
			key, value, ok := strings.Cut(comment, "\t")
			if !ok {
				key, value, _ = strings.Cut(comment, " ")
			}
			switch key {
			case "fields":
				l.Fields = strings.Split(value, "\t")
			case "types":
				l.Types = strings.Split(value, "\t")
			case "close":
				l.Close = value
			default:
				l.Header[key] = value
			}
			continue
		}
		cells := strings.Split(line, "\t")
		if len(cells) != len(l.Fields) {
			return nil, fmt.Errorf("line %d has %d columns instead of %d", n, len(cells), len(l.Fields))
		}
		row := make(Row, len(cells))
		for i, c := range cells {
			row[l.Fields[i]] = c
		}
		l.Rows = append(l.Rows, row)
	}
	return l, sc.Err()
}

// Unmarshal fills rec, a pointer to a struct of package schemas, from the row.
func (r Row) Unmarshal(rec schemas.Record) error {
	_, err := r.fill(reflect.ValueOf(rec).Elem(), "")
	return err
}

// fill reports whether any column of the record was set.
func (r Row) fill(v reflect.Value, prefix string) (bool, error) {
	any := false
	for i := range v.NumField() {
		name, _, _ := strings.Cut(v.Type().Field(i).Tag.Get("zeek"), ",")
		set, err := r.fillField(v.Field(i), prefix+name)
		if err != nil {
			return false, fmt.Errorf("%s: %w", prefix+name, err)
		}
		any = any || set
	}
	return any, nil
}

func (r Row) fillField(f reflect.Value, name string) (bool, error) {
	if f.Kind() == reflect.Struct && f.NumField() == 2 && f.Type().Field(1).Name == "OK" {
		set, err := r.fillField(f.Field(0), name)
		f.Field(1).SetBool(set)
		return set, err
	}
	switch f.Interface().(type) {
	case netip.Addr, netip.Prefix:
	default:
		if f.Kind() == reflect.Struct {
			return r.fill(f, name+".")
		}
	}
	cell, ok := r[name]
	if !ok || cell == tsv.Unset {
		return false, nil
	}
	if f.Kind() != reflect.Slice {
		return true, parse(f, cell)
	}
	f.Set(reflect.MakeSlice(f.Type(), 0, 0))
	if cell == tsv.Empty {
		return true, nil
	}
	for e := range strings.SplitSeq(cell, ",") {
		v := reflect.New(f.Type().Elem()).Elem()
		if err := parse(v, e); err != nil {
			return true, err
		}
		f.Set(reflect.Append(f, v))
	}
	return true, nil
}

func parse(v reflect.Value, cell string) (err error) {
	switch v.Interface().(type) {
	case netip.Addr:
		var a netip.Addr
		a, err = netip.ParseAddr(cell)
		v.Set(reflect.ValueOf(a))
		return err
	case netip.Prefix:
		var p netip.Prefix
		p, err = netip.ParsePrefix(cell)
		v.Set(reflect.ValueOf(p))
		return err
	case value.Time:
		sec, frac, _ := strings.Cut(cell, ".")
		var s, us int64
		if s, err = strconv.ParseInt(sec, 10, 64); err != nil {
			return err
		}
		if us, err = strconv.ParseInt(frac, 10, 64); err != nil {
			return err
		}
		if strings.HasPrefix(sec, "-") {
			us = -us
		}
		v.SetInt((s*1e6 + us) * 1000)
		return nil
	}
	switch v.Kind() {
	case reflect.Bool:
		v.SetBool(cell == "T")
	case reflect.Uint64, reflect.Uint16:
		var u uint64
		u, err = strconv.ParseUint(cell, 10, v.Type().Bits())
		v.SetUint(u)
	case reflect.Int64:
		var i int64
		i, err = strconv.ParseInt(cell, 10, 64)
		v.SetInt(i)
	case reflect.Float64:
		var f float64
		f, err = strconv.ParseFloat(cell, 64)
		v.SetFloat(f)
	case reflect.String:
		if cell == tsv.Empty {
			cell = ""
		}
		v.SetString(tsv.Unescape(cell))
	default:
		return fmt.Errorf("columns of type %s are not known here", v.Type())
	}
	return err
}
