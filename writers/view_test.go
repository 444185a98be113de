package writers_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/wirelog/wirelog/internal/testlog"
	"github.com/wirelog/wirelog/schemas"
	"github.com/wirelog/wirelog/value"
	"github.com/wirelog/wirelog/writers"
	"github.com/wirelog/wirelog/writers/json"
	"github.com/wirelog/wirelog/writers/tsv"
)

// viewed returns the conn record of testlog as an output with these fields writes it.
func viewed(t *testing.T, f writers.Fields, where string) string {
	t.Helper()
	dir := t.TempDir()
	m := newMerger(t, writers.Config{
		Outputs: []writers.Output{{Dir: dir, Format: json.Format{}, Fields: f, Where: map[string]string{"conn": where}}},
		Logs:    []*schemas.Schema{&schemas.ConnSchema},
		Groups:  schemas.GroupCommunityID,
	})
	c := m.Collector()
	for range 2 {
		c.Emit(testlog.Conn())
	}
	m.Merge(c.Flush())
	if err := m.Close(); err != nil {
		t.Fatal(err)
	}
	conserve(t, m)
	first, second, _ := strings.Cut(readFile(t, filepath.Join(dir, "conn.log")), "\n")
	if first+"\n" != second {
		t.Errorf("the same record twice gives %q and %q", first, second)
	}
	return first
}

func TestFields(t *testing.T) {
	for _, tt := range []struct {
		fields writers.Fields
		want   string
	}{
		{writers.Fields{Keep: []string{"uid", "proto"}}, `{"uid":"CblCHNnmxeyuTZty7","proto":"tcp"}`},
		{writers.Fields{Keep: []string{"proto", "conn:uid", "dns:query"}}, `{"uid":"CblCHNnmxeyuTZty7","proto":"tcp"}`},
		{writers.Fields{Keep: []string{"id.*"}, Drop: []string{"id.resp_?"}}, `{"id.orig_h":"10.0.2.15","id.orig_p":49287}`},
		{writers.Fields{Keep: []string{"id.orig_h", "uid"}, Rename: []string{"id.orig_h=src.ip", "uid=id"}},
			`{"id":"CblCHNnmxeyuTZty7","src.ip":"10.0.2.15"}`},
		{writers.Fields{Keep: []string{"proto"}, Rename: []string{"dns:proto=x"}, Add: []string{"site=Berlin, \"Mitte\"", "e="}},
			`{"proto":"tcp","site":"Berlin, \"Mitte\"","e":""}`},
		{writers.Fields{Keep: []string{"proto", "tunnel_parents", "community_id"}}, `{"proto":"tcp"}`},
	} {
		if got := viewed(t, tt.fields, ""); got != tt.want {
			t.Errorf("%+v: got %s, want %s", tt.fields, got, tt.want)
		}
	}
	if got := viewed(t, writers.Fields{Keep: []string{"uid"}}, "duration > 15"); got != `{"uid":"CblCHNnmxeyuTZty7"}` {
		t.Errorf("a filter by a column that is not written: %s", got)
	}
}

// Containers must be left out as a whole, and the header must match the rows.
func TestFieldsOfContainers(t *testing.T) {
	rec := &schemas.Conn{UID: "C1", TunnelParents: value.Set[string]{"a", "b"}}
	for drop, want := range map[string]string{"uid": "a,b", "tunnel_parents": "C1"} {
		view, err := writers.NewView(rec.Schema(), 0, writers.Fields{
			Keep: []string{"uid", "tunnel_parents"}, Drop: []string{drop}, Add: []string{"end=x"},
		}, "")
		if err != nil {
			t.Fatal(err)
		}
		if n := len(view.Schema.Fields); n != 2 || view.Schema.Fields[1].Name != "end" {
			t.Errorf("columns %+v", view.Schema.Fields)
		}
		dir := t.TempDir()
		m := newMerger(t, writers.Config{Outputs: []writers.Output{{Dir: dir, Format: tsv.Format{}, Fields: writers.Fields{
			Keep: []string{"conn:uid", "conn:tunnel_parents"}, Drop: []string{drop}, Add: []string{"end=x"}}}}})
		c := m.Collector()
		c.Emit(rec)
		m.Merge(c.Flush())
		if err := m.Close(); err != nil {
			t.Fatal(err)
		}
		log, err := testlog.ReadFile(filepath.Join(dir, "conn.log"))
		if err != nil {
			t.Fatal(err)
		}
		if lines := strings.Split(readFile(t, filepath.Join(dir, "conn.log")), "\n"); lines[len(lines)-3] != want+"\tx" || len(log.Fields) != 2 {
			t.Errorf("row %q of columns %v", lines[len(lines)-3], log.Fields)
		}
	}
}

func TestFieldErrors(t *testing.T) {
	for _, tt := range []struct {
		fields writers.Fields
		where  string
		want   string
	}{
		{writers.Fields{Keep: []string{"conn:histroy"}}, "", `conn has no column "histroy"; did you mean history?`},
		{writers.Fields{Drop: []string{"*"}}, "", "leave no column"},
		{writers.Fields{Keep: []string{"query"}}, "", "leave no column"},
		{writers.Fields{Rename: []string{"uid"}}, "", "want column=name"},
		{writers.Fields{Rename: []string{"uid=a b"}}, "", "want column=name"},
		{writers.Fields{Rename: []string{"uid=ts"}}, "", `named "ts"`},
		{writers.Fields{Add: []string{"ts=x"}}, "", `named "ts"`},
		{writers.Fields{Add: []string{"x"}}, "", "want name=text"},
		{writers.Fields{}, "nothing", "where: conn: the log has no column"},
	} {
		_, err := writers.NewView(&schemas.ConnSchema, 0, tt.fields, tt.where)
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%+v %s: %v, want %q", tt.fields, tt.where, err, tt.want)
		}
	}
	logs := []*schemas.Schema{&schemas.ConnSchema, &schemas.DNSSchema}
	good := writers.Fields{Keep: []string{"query", "conn:history", "id.*"}, Rename: []string{"TTLs=ttls"}}
	if err := good.Check(logs, 0); err != nil {
		t.Error(err)
	}
	bad := writers.Fields{Keep: []string{"quarry"}, Drop: []string{"http:uri"}, Rename: []string{"x=y"}}
	if err := bad.Check(logs, 0); err == nil || strings.Count(err.Error(), "\n") != 2 || !strings.Contains(err.Error(), "did you mean query?") {
		t.Errorf("Check: %v", err)
	}
}

// Filtered rows are counted at their output only. Other outputs get all rows, in the
// same order for any number of shards.
func TestFilters(t *testing.T) {
	for _, shards := range []int{1, 3} {
		dir, place := t.TempDir(), new(memory)
		m := newMerger(t, writers.Config{
			Outputs: []writers.Output{
				{Dir: filepath.Join(dir, "some"), Format: tsv.Format{}, Where: map[string]string{"conn": "orig_pkts % 4 == 0"}},
				{Dir: filepath.Join(dir, "none"), Format: tsv.Format{}, Where: map[string]string{"conn": "orig_pkts > 1000"}},
				{Place: place, Logs: []*schemas.Schema{&schemas.ConnSchema}, Where: map[string]string{"conn": "orig_pkts < 10"}},
				{Dir: filepath.Join(dir, "other"), Format: tsv.Format{}, Logs: []*schemas.Schema{&schemas.WeirdSchema}},
				{Dir: filepath.Join(dir, "failing"), Format: tsv.Format{}, Where: map[string]string{"conn": "tunnel_parents[3] == uid"},
					Logs: []*schemas.Schema{&schemas.ConnSchema}},
			},
			Logs: []*schemas.Schema{&schemas.ConnSchema, &schemas.WeirdSchema}, Now: fixedNow,
		})
		cs := make([]*writers.Collector, shards)
		for i := range cs {
			cs[i] = m.Collector()
		}
		for batch := range 2 {
			flushed := make([]*writers.Batch, shards)
			for i := range 20 {
				n := batch*20 + i
				c := cs[n%shards]
				c.SetCause(int64(n), writers.ClassPacket, uint64(n))
				rec := testlog.Conn()
				rec.OrigPkts.V = uint64(n)
				rec.TunnelParents = value.Set[string]{"x"}
				c.EmitGated(rec, schemas.Gate{})
				c.Emit(&schemas.Weird{Name: "w"})
			}
			for i, c := range cs {
				flushed[i] = c.Flush()
			}
			m.Merge(flushed...)
		}
		if err := m.Close(); err != nil {
			t.Fatal(err)
		}
		written := map[string]uint64{}
		for _, s := range conserve(t, m).Streams {
			written[filepath.Base(filepath.Dir(s.Path))+" "+s.Log] = s.Written
			if s.Log == "conn" && s.Dropped[writers.DropFiltered] != 40-s.Written {
				t.Errorf("%+v", s)
			}
			if failing := strings.Contains(s.Path, "failing"); failing != (len(s.Marks) == 1 && s.Marks[0].Bad && s.Marks[0].Count == 40) && s.Log == "conn" {
				t.Errorf("marks of %s: %v", s.Path, s.Marks)
			}
		}
		if written["some conn"] != 10 || written["none conn"] != 0 || written[". conn"] != 10 || written["other weird"] != 40 || written["some weird"] != 40 {
			t.Errorf("written: %v", written)
		}
		if place.streams["conn"].rows != 10 || place.streams["weird"] != nil {
			t.Errorf("the place got %d rows of conn, weird %v", place.streams["conn"].rows, place.streams["weird"])
		}
		if strings.Contains(readFile(t, filepath.Join(dir, "some/conn.log")), "\n\n") {
			t.Error("an empty line in conn.log")
		}
		mustNotExist(t, filepath.Join(dir, "none/conn.log"))
	}
}

func TestDefaultViewCostsNothing(t *testing.T) {
	m := newMerger(t, config(t.TempDir()))
	c, rec := m.Collector(), testlog.Conn()
	emit := func() {
		for range 100 {
			c.Emit(rec)
		}
		m.Merge(c.Flush())
	}
	emit()
	if n := testing.AllocsPerRun(20, emit); n > 2 {
		t.Errorf("%v allocations for 100 records", n)
	}
}

func mustNotExist(t *testing.T, path string) {
	t.Helper()
	if _, err := os.Lstat(path); !os.IsNotExist(err) {
		t.Errorf("%s is there: %v", path, err)
	}
}
