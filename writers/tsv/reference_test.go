package tsv_test

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/wirelog/wirelog/internal/testlog"
	"github.com/wirelog/wirelog/schemas"
	"github.com/wirelog/wirelog/writers/tsv"
)

// Every reference log of a known kind must survive a round trip unchanged, including
// header and footer. Logs in logs-local with columns added by site policies are skipped.
func TestReferenceRoundTrip(t *testing.T) {
	ref := testlog.Reference(t)
	for _, set := range []struct {
		dir    string
		groups schemas.Groups
	}{
		{"logs-C", 0},
		{"logs-local", schemas.GroupCommunityID | schemas.GroupMACLogging | schemas.GroupVLANLogging},
	} {
		files := 0
		err := filepath.WalkDir(filepath.Join(ref, set.dir), func(path string, d fs.DirEntry, err error) error {
			if err != nil {
				return err
			}
			s := schemas.Lookup(strings.TrimSuffix(d.Name(), ".log"))
			if s == nil || d.IsDir() {
				return nil
			}
			want, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			if set.groups != 0 && moreColumns(want, s) {
				return nil
			}
			groups := set.groups
			if s != &schemas.ConnSchema {
				groups = 0 // Zeek has these columns in conn.log alone
			}
			files++
			if got := roundTrip(t, path, s, groups); !bytes.Equal(got, want) {
				t.Errorf("%s differs\n got %.600s\nwant %.600s", path, firstDifference(got, want), firstDifference(want, got))
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		if files == 0 {
			t.Errorf("%s holds no logs", set.dir)
		}
		t.Logf("%s: %d files", set.dir, files)
	}
}

// moreColumns reports whether a log has columns that its schema lacks.
func moreColumns(log []byte, s *schemas.Schema) bool {
	_, rest, _ := bytes.Cut(log, []byte("\n#fields\t"))
	header, _, _ := bytes.Cut(rest, []byte("\n"))
	for name := range bytes.SplitSeq(header, []byte("\t")) {
		if !slices.ContainsFunc(s.Fields, func(f schemas.Field) bool { return f.Name == string(name) }) {
			return true
		}
	}
	return false
}

func firstDifference(a, b []byte) []byte {
	la, lb := bytes.Split(a, []byte{'\n'}), bytes.Split(b, []byte{'\n'})
	for i := range min(len(la), len(lb)) {
		if !bytes.Equal(la[i], lb[i]) {
			return la[i]
		}
	}
	return nil
}

func roundTrip(t *testing.T, path string, s *schemas.Schema, g schemas.Groups) []byte {
	t.Helper()
	log, err := testlog.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	wallClock := func(v string) time.Time {
		at, err := time.ParseInLocation("2006-01-02-15-04-05", v, time.Local)
		if err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		return at
	}
	e := tsv.New(s, g)
	out := e.AppendHeader(nil, wallClock(log.Header["open"]))
	for _, row := range log.Rows {
		rec := s.New()
		if err := row.Unmarshal(rec); err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		out = e.Append(out, rec)
	}
	return e.AppendFooter(out, wallClock(log.Close))
}
