package pipeline

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/wirelog/wirelog/readers"
	"github.com/wirelog/wirelog/schemas/columnar"
)

// lake writes a tree with files for each of the contents of a log.
func lake(t *testing.T, change func(*ConvertOptions), contents ...string) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "lake")
	for i, c := range contents {
		path := filepath.Join(t.TempDir(), "mine.log")
		if err := os.WriteFile(path, []byte(c), 0o600); err != nil {
			t.Fatal(err)
		}
		o := ConvertOptions{Paths: []string{path}, Dir: dir, Format: FormatParquet, Report: func(err error) { t.Error(err) }}
		if change != nil && i == len(contents)-1 {
			change(&o)
		}
		if _, err := Convert(t.Context(), o); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// parquetFiles returns the Parquet files of a tree, also hidden ones.
func parquetFiles(t *testing.T, dir string) (list []string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err == nil && filepath.Ext(path) == ".parquet" {
			list = append(list, path)
		}
		if err == nil && d.IsDir() && d.Name() == compactDir {
			t.Errorf("%s is left", path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// sortedRows returns the rows of a tree as JSON.
func sortedRows(t *testing.T, dir string) []string {
	t.Helper()
	var out bytes.Buffer
	if _, err := Convert(t.Context(), ConvertOptions{Paths: []string{dir}, Dir: "-", Format: FormatJSON, Streaming: true, Stdout: &out}); err != nil {
		t.Fatal(err)
	}
	rows := strings.Split(out.String(), "\n")
	for i := range rows {
		_, rows[i], _ = strings.Cut(rows[i], `Z",`) // the time of writing is that of the row before too
	}
	slices.Sort(rows)
	return rows
}

const mineHeader = "#separator \\x09\n#path\tmine\n#fields\tts\tid.orig_h\tn\n#types\ttime\taddr\tcount\n"

func TestCompact(t *testing.T) {
	contents := []string{
		mineHeader + "3600.000000\t10.0.0.1\t1\n", mineHeader + "3601.000000\t10.0.0.2\t2\n3602.000000\t-\t-\n", mineHeader + "7300.000000\t10.0.0.4\t4\n",
		strings.Replace(mineHeader, "\tn\n", "\tm\n", 1) + "3603.000000\t10.0.0.3\t3\n",
	}
	dir := lake(t, nil, contents...)
	want := sortedRows(t, dir)
	var said []string
	opts := CompactOptions{Roots: []string{dir}, Report: func(err error) { t.Error(err) }, Notice: func(s string) { said = append(said, s) }}
	stats, err := Compact(t.Context(), opts)
	if err != nil || len(stats) != 1 || stats[0].Before != 4 || stats[0].After != 2 || stats[0].Rows != 4 {
		t.Errorf("%+v, %v", stats, err)
	}
	if files := parquetFiles(t, dir); len(files) != 2 {
		t.Errorf("%q", files)
	}
	if got := sortedRows(t, dir); !slices.Equal(got, want) || len(got) != 6 {
		t.Errorf("%q, want %q", got, want)
	}
	files := parquetFiles(t, dir)
	// The same again is refused, because its rows are there.
	path := filepath.Join(t.TempDir(), "mine.log")
	if err := os.WriteFile(path, []byte(contents[0]), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, overwrite := range []bool{false, true} {
		o := ConvertOptions{Paths: []string{path}, Dir: dir, Format: FormatParquet, Overwrite: overwrite}
		if _, err := Convert(t.Context(), o); err == nil || !strings.Contains(err.Error(), "joined with those of other runs") {
			t.Errorf("overwrite %v: %v", overwrite, err)
		}
	}
	f, err := readers.Open(files[0], "")
	if err != nil {
		t.Fatal(err)
	}
	var joined []string
	if err := json.Unmarshal([]byte(f.Meta[columnar.MetaJoined]), &joined); err != nil || len(joined) != 3 || f.Flat || f.Meta[columnar.MetaSensor] == "" {
		t.Errorf("%v, %v", f.Meta, err)
	}
	var errs []string
	for _, wrong := range []CompactOptions{{Roots: []string{dir}, Logs: []string{"min"}}, {Roots: []string{t.TempDir()}}} {
		wrong.Report = func(err error) { errs = append(errs, err.Error()) }
		if _, err := Compact(t.Context(), wrong); err == nil {
			t.Errorf("%+v: no error", wrong)
		}
	}
	if all := strings.Join(errs, "\n"); len(errs) != 2 || !strings.Contains(all, `among the logs of the files: unknown log "min"; did you mean mine?`) || !strings.Contains(all, "no Parquet file") {
		t.Errorf("%q", errs)
	}
	// Again there is nothing to do.
	if stats, err := Compact(t.Context(), opts); err != nil || stats[0].Before != 2 || stats[0].After != 2 || len(said) > 0 {
		t.Errorf("%+v, %v, %q", stats, err, said)
	}
}

// Files that do not belong together, or cannot be read, stay as they are.
func TestCompactKeeps(t *testing.T) {
	content := mineHeader + "3600.000000\t10.0.0.1\t1\n"
	other := mineHeader + "3600.000000\t10.0.0.1\t2\n"
	for _, tt := range []struct {
		name   string
		change func(o *ConvertOptions)
		damage func(t *testing.T, files []string)
		fails  bool
	}{
		{"another form", func(o *ConvertOptions) { o.Flat = true }, nil, false},
		{"damage", nil, func(t *testing.T, files []string) {
			b, err := os.ReadFile(files[1])
			if err == nil {
				err = os.WriteFile(files[1], append(b, "rest"...), 0o600)
			}
			if err != nil {
				t.Fatal(err)
			}
		}, true},
	} {
		dir := lake(t, tt.change, content, other)
		files := parquetFiles(t, dir)
		if len(files) != 2 {
			t.Fatalf("%s: %q", tt.name, files)
		}
		if tt.damage != nil {
			tt.damage(t, files)
		}
		var errs []string
		_, err := Compact(t.Context(), CompactOptions{Roots: []string{dir}, Report: func(err error) { errs = append(errs, err.Error()) }})
		if errors.Is(err, ErrConvert) != tt.fails || tt.fails != (len(errs) > 0) {
			t.Errorf("%s: %v, %q", tt.name, err, errs)
		}
		if got := parquetFiles(t, dir); !slices.Equal(got, files) {
			t.Errorf("%s: %q, want %q", tt.name, got, files)
		}
	}
}

// A run that was killed is finished by the next one, without a row twice or lost.
func TestCompactAfterKill(t *testing.T) {
	content := func(n int) string { return mineHeader + fmt.Sprintf("3600.000000\t10.0.0.1\t%d\n", n) }
	for _, renamed := range []bool{false, true} {
		dir := lake(t, nil, content(1), content(2))
		want := sortedRows(t, dir)
		files := parquetFiles(t, dir)
		folder := filepath.Dir(files[0])
		// The state after the joined file was complete: it is made of a copy of the tree.
		other := lake(t, nil, content(1), content(2))
		if _, err := Compact(t.Context(), CompactOptions{Roots: []string{other}}); err != nil {
			t.Fatal(err)
		}
		b, err := os.ReadFile(parquetFiles(t, other)[0])
		if err != nil {
			t.Fatal(err)
		}
		plan, err := json.Marshal(joining{New: "x.parquet", To: "joined.parquet", Old: []string{filepath.Base(files[0]), filepath.Base(files[1])}})
		if err != nil {
			t.Fatal(err)
		}
		to := filepath.Join(folder, compactDir, "x.parquet")
		if renamed {
			to = filepath.Join(folder, "joined.parquet")
		}
		err = errors.Join(os.Mkdir(filepath.Join(folder, compactDir), 0o750), os.WriteFile(to, b, 0o600), os.WriteFile(filepath.Join(folder, compactDir, compactPlan), plan, 0o600))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := Compact(t.Context(), CompactOptions{Roots: []string{dir}, Report: func(err error) { t.Error(err) }}); err != nil {
			t.Error(err)
		}
		if got := sortedRows(t, dir); !slices.Equal(got, want) || len(parquetFiles(t, dir)) != 1 {
			t.Errorf("renamed %v: %q, want %q", renamed, got, want)
		}
	}
}
