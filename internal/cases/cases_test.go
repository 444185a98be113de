// Package cases tests inputs that failed in the field. The inputs are not part of the
// project: each test is skipped where ../shared/cases is absent.
package cases

import (
	"bufio"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/wirelog/wirelog/pipeline"
)

// input returns the path of a file of a case.
func input(t *testing.T, elem ...string) string {
	t.Helper()
	cases := filepath.Join("..", "..", "..", "shared", "cases")
	if _, err := os.Stat(cases); err != nil {
		t.Skip("the cases are not here:", err)
	}
	return filepath.Join(append([]string{cases}, elem...)...)
}

// A row has the fields of a row by column.
type row map[string]string

// read reads captures into TSV logs, with the options that edit sets, and returns the rows
// of each log.
func read(t *testing.T, edit func(*pipeline.Options), captures ...string) (map[string][]row, pipeline.Summary) {
	t.Helper()
	o := pipeline.Defaults()
	o.Paths, o.OutputDir, o.Seed = captures, t.TempDir(), "cases"
	if edit != nil {
		edit(&o)
	}
	s, err := pipeline.Run(context.Background(), o)
	if err != nil {
		t.Error(err)
	}
	logs := map[string][]row{}
	files, err := filepath.Glob(filepath.Join(o.OutputDir, "*.log"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range files {
		logs[strings.TrimSuffix(filepath.Base(name), ".log")] = readTSV(t, name)
	}
	return logs, s
}

func readTSV(t *testing.T, name string) (rows []row) {
	t.Helper()
	f, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var columns []string
	in := bufio.NewScanner(f)
	in.Buffer(nil, 64<<20)
	for in.Scan() {
		cells := strings.Split(in.Text(), "\t")
		switch {
		case cells[0] == "#fields":
			columns = cells[1:]
		case !strings.HasPrefix(cells[0], "#"):
			r := row{}
			for i, c := range cells {
				r[columns[i]] = c
			}
			rows = append(rows, r)
		}
	}
	if err := in.Err(); err != nil {
		t.Fatal(err)
	}
	return rows
}

// zeek82 makes a run follow Zeek 8.2.
func zeek82(o *pipeline.Options) { o.Compat = "zeek-8.2" }

// column returns the fields of a column, in the order of the rows.
func column(rows []row, name string) (fields []string) {
	for _, r := range rows {
		fields = append(fields, r[name])
	}
	return fields
}
