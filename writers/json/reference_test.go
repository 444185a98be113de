package json

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/wirelog/wirelog/internal/testlog"
	"github.com/wirelog/wirelog/schemas"
	"github.com/wirelog/wirelog/writers/internal/text"
)

var (
	uids     = regexp.MustCompile(`"(uid|fuid)":"[^"]*"`)
	parents  = regexp.MustCompile(`"(?:tunnel_parents|uids)":\[[^]]*\]`)
	duration = regexp.MustCompile(`"(duration|rtt|precision|root_delay|root_disp|(?:ref|org|rec|xmt)_time|ttl|times\.[a-z]+)":([-0-9.e]+)`)
	uidList  = regexp.MustCompile(`"C[0-9A-Za-z]+"`)
)

// normalize removes from a line what differs between two runs of Zeek or is lost in TSV:
// uids, and digits after the sixth decimal of intervals and of times that are not packet
// times.
func normalize(t *testing.T, line string) string {
	line = uids.ReplaceAllString(line, `"$1":""`)
	line = parents.ReplaceAllStringFunc(line, func(s string) string {
		return uidList.ReplaceAllString(s, `""`)
	})
	return duration.ReplaceAllStringFunc(line, func(s string) string {
		name, digits, _ := strings.Cut(s, ":")
		v, err := strconv.ParseFloat(digits, 64)
		if err != nil {
			t.Fatal(err)
		}
		return fmt.Sprintf("%s:%.6f", name, v)
	})
}

// The rows of the TSV logs, encoded as JSON, must equal those of the JSON logs.
func TestReferenceRows(t *testing.T) {
	ref := testlog.Reference(t)
	files, rows := 0, 0
	walk(t, filepath.Join(ref, "logs-json"), func(path, rel string, lines []string) {
		s := schemas.Lookup(strings.TrimSuffix(filepath.Base(path), ".log"))
		if s == nil {
			return
		}
		log, err := testlog.ReadFile(filepath.Join(ref, "logs-C", rel))
		if err != nil {
			t.Fatal(err)
		}
		e := Format{}.New(s, 0)
		var got, want []string
		for _, row := range log.Rows {
			rec := s.New()
			if err := row.Unmarshal(rec); err != nil {
				t.Fatalf("%s: %v", rel, err)
			}
			got = append(got, normalize(t, strings.TrimSuffix(string(e.Append(nil, rec)), "\n")))
		}
		for _, line := range lines {
			want = append(want, normalize(t, line))
		}
		slices.Sort(got)
		slices.Sort(want)
		if !slices.Equal(got, want) {
			for i := range max(len(got), len(want)) {
				if i >= len(got) || i >= len(want) || got[i] != want[i] {
					t.Errorf("%s (%d and %d rows)\n got %s\nwant %s", rel, len(got), len(want),
						at(got, i), at(want, i))
					break
				}
			}
		}
		files++
		rows += len(want)
	})
	if files == 0 {
		t.Error("no logs")
	}
	t.Logf("%d files, %d rows", files, rows)
}

func at(s []string, i int) string {
	if i < len(s) {
		return s[i]
	}
	return "nothing"
}

// Every double that the reference prints must be printed with the same digits.
func TestReferenceDoubles(t *testing.T) {
	doubles := regexp.MustCompile(`[:,[](-?[0-9]+\.[0-9]+(?:e-?[0-9]+)?)[],}]`)
	quoted := regexp.MustCompile(`"(\\.|[^"\\])*"`)
	n := 0
	walk(t, filepath.Join(testlog.Reference(t), "logs-json"), func(_, rel string, lines []string) {
		for _, line := range lines {
			for _, m := range doubles.FindAllStringSubmatch(quoted.ReplaceAllString(line, ""), -1) {
				v, err := strconv.ParseFloat(m[1], 64)
				if err != nil {
					t.Fatal(err)
				}
				if got := string(text.AppendJSONDouble(nil, v)); got != m[1] {
					t.Errorf("%s: got %s, want %s", rel, got, m[1])
				}
				n++
			}
		}
	})
	t.Logf("%d doubles", n)
}

func walk(t *testing.T, dir string, f func(path, rel string, lines []string)) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		f(path, rel, strings.Split(strings.TrimSuffix(string(data), "\n"), "\n"))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
